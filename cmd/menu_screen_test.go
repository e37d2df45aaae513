//go:build unix

package cmd

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/term"
)

// screenful is a program on a pseudo-terminal with an emulator behind it, which
// draws what comes and answers what it is asked.
type screenful struct {
	t      *testing.T
	cmd    *exec.Cmd
	master *os.File
	tty    *os.File // the program's side, to see how it is set
	before *term.State
	vt     *vt.Emulator

	screen sync.Mutex // of what vt shows; what it answers is read beside
	mu     sync.Mutex
	output strings.Builder
	ended  sync.WaitGroup
}

func (w *execWorld) menu(width, height int, args ...string) *screenful {
	w.t.Helper()
	return w.onScreen(width, height, w.command(append([]string{"menu"}, args...)...))
}

// onScreen runs a program in a session of its own.
func (w *execWorld) onScreen(width, height int, cmd *exec.Cmd) *screenful {
	w.t.Helper()
	s := &screenful{t: w.t, cmd: cmd, vt: vt.NewEmulator(width, height)}
	s.cmd.Env = append(append([]string(nil), w.env...), "TERM=xterm-256color")
	var err error
	if s.master, s.tty, err = pty.Open(); err != nil {
		w.t.Fatal(err)
	}
	s.setSize(width, height)
	if s.before, err = term.GetState(int(s.tty.Fd())); err != nil {
		w.t.Fatal(err)
	}
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = s.tty, s.tty, s.tty
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := s.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	s.ended.Go(s.draw)
	s.ended.Go(func() { _, _ = io.Copy(s.master, s.vt) })
	w.t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		s.tty.Close()
		_ = s.vt.InputPipe().(io.Closer).Close() // Close itself is not for two goroutines
		s.master.Close()
		s.ended.Wait()
	})
	return s
}

func (s *screenful) draw() {
	b := make([]byte, 4096)
	for {
		n, err := s.master.Read(b)
		s.mu.Lock() // before it can be seen: whoever sees something finds it in written
		s.output.Write(b[:n])
		s.mu.Unlock()
		s.screen.Lock()
		_, _ = s.vt.Write(b[:n])
		s.screen.Unlock()
		if err != nil {
			return
		}
	}
}

func (s *screenful) setSize(width, height int) {
	s.t.Helper()
	if err := pty.Setsize(s.tty, &pty.Winsize{Cols: uint16(width), Rows: uint16(height)}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *screenful) resize(width, height int) {
	s.t.Helper()
	s.screen.Lock()
	s.vt.Resize(width, height)
	s.screen.Unlock()
	s.setSize(width, height)
	if err := s.cmd.Process.Signal(syscall.SIGWINCH); err != nil { // the terminal is not ours to tell it by itself
		s.t.Fatal(err)
	}
}

// written is all that came out, with its control sequences.
func (s *screenful) written() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.output.String()
}

// picture is what is on the screen, to the last line in which there is something.
func (s *screenful) picture() string {
	s.screen.Lock()
	drawn := s.vt.String()
	s.screen.Unlock()
	var lines []string
	for line := range strings.SplitSeq(drawn, "\n") {
		lines = append(lines, strings.TrimRight(line, " \r"))
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

func (s *screenful) await(what string, ok func() bool) {
	s.t.Helper()
	deadline := time.Now().Add(patience)
	for !ok() {
		if time.Now().After(deadline) {
			s.t.Fatalf("never shown: %s; now:\n%s\n%q", what, s.picture(), s.written()[max(0, len(s.written())-300):])
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (s *screenful) shows(texts ...string) {
	s.t.Helper()
	for _, text := range texts {
		s.await(text, func() bool { return strings.Contains(s.picture(), text) })
	}
}

func (s *screenful) types(keys ...string) {
	s.t.Helper()
	for _, key := range keys {
		if _, err := s.master.WriteString(key); err != nil {
			s.t.Fatal(err)
		}
	}
}

// Keys, as a terminal sends them.
const (
	keyUp, keyDown, keyEnd  = "\x1b[A", "\x1b[B", "\x1b[F"
	keyEnter, keyEsc        = "\r", "\x1b"
	keyCtrlC, keyCtrlZ      = "\x03", "\x1a"
	takesScreen, givesIt    = "\x1b[?1049h", "\x1b[?1049l"
	hidesCursor, showsIt    = "\x1b[?25l", "\x1b[?25h"
	bracketsPaste, asBefore = "\x1b[?2004h", "\x1b[?2004l"
)

// choose types a filter and chooses what it finds first.
func (s *screenful) choose(filter, then string) {
	s.t.Helper()
	s.types("/", filter)
	s.shows("/" + filter)
	s.types(keyEnter)
	s.shows(then)
}

// isGivenBack holds the terminal against what it was.
func (s *screenful) isGivenBack() {
	s.t.Helper()
	now, err := term.GetState(int(s.tty.Fd()))
	if err != nil {
		s.t.Fatal(err)
	}
	if d := cmp.Diff(s.before, now, cmp.Exporter(func(reflect.Type) bool { return true })); d != "" {
		s.t.Errorf("keys are read otherwise than before: %s", d)
	}
	all := s.written()
	for on, off := range map[string]string{takesScreen: givesIt, hidesCursor: showsIt, bracketsPaste: asBefore} {
		if strings.LastIndex(all, on) > strings.LastIndex(all, off) {
			s.t.Errorf("%q is not undone: %q", on, all[max(0, len(all)-500):])
		}
	}
}

// ends waits for the end.
func (s *screenful) ends() syscall.WaitStatus {
	s.t.Helper()
	if err := s.cmd.Wait(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		s.t.Fatal(err)
	}
	const mark = "\x00" // comes behind all that the program wrote
	if _, err := s.tty.WriteString(mark); err != nil {
		s.t.Fatal(err)
	}
	s.await("all of it", func() bool { return strings.Contains(s.written(), mark) })
	s.isGivenBack()
	return s.cmd.ProcessState.Sys().(syscall.WaitStatus)
}

var countdowns = regexp.MustCompile(`\b[0-9]+:[0-9][0-9](:[0-9][0-9])?\b`)

// golden collects pictures, and holds them against a file. KYOLI_GOLDEN_UPDATE
// writes it.
type golden struct {
	file  string
	all   strings.Builder
	wrong bool // a picture did not come
}

// take waits for the picture of the file: what comes out may be drawn in pieces.
func (g *golden) take(s *screenful, name string) {
	s.t.Helper()
	head := fmt.Sprintf("== %s (%d×%d)\n", name, s.vt.Width(), s.vt.Height())
	want, got := g.picture(s.t, head), timeless(s.picture())
	if os.Getenv("KYOLI_GOLDEN_UPDATE") != "" {
		time.Sleep(time.Second) // nothing tells when it is whole
		want, got = "", timeless(s.picture())
	}
	for deadline := time.Now().Add(patience); want != "" && got != want && !g.wrong; got = timeless(s.picture()) {
		time.Sleep(10 * time.Millisecond)
		g.wrong = time.Now().After(deadline) // check tells; the next ones are not waited for
	}
	g.all.WriteString(head + got + "\n")
}

// picture is the one of the file, "" where there is none.
func (g *golden) picture(t *testing.T, head string) string {
	t.Helper()
	all, err := os.ReadFile(g.file)
	if err != nil {
		t.Log(err)
	}
	_, text, _ := strings.Cut(string(all), head)
	text, _, _ = strings.Cut(text, "\n== ")
	return strings.TrimSuffix(text, "\n")
}

// timeless is a picture in which all that counts down stands still.
func timeless(picture string) string {
	return countdowns.ReplaceAllStringFunc(picture, func(time string) string {
		return regexp.MustCompile("[0-9]").ReplaceAllString(time, "9")
	})
}

func (g *golden) check(t *testing.T) {
	t.Helper()
	if os.Getenv("KYOLI_GOLDEN_UPDATE") != "" {
		if err := os.WriteFile(g.file, []byte(g.all.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(g.file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), g.all.String()); d != "" {
		t.Errorf("%s (KYOLI_GOLDEN_UPDATE=1 writes it): %s", g.file, d)
	}
}
