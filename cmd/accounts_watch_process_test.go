//go:build unix

package cmd

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/term"

	"github.com/kyoli-gam/kyoli/internal/termtext"
)

// watched is `kyoli accounts list --watch` on a pseudo-terminal.
type watched struct {
	t        *testing.T
	cmd      *exec.Cmd
	master   *os.File
	terminal *os.File // the other side, to see how it is set
	before   *term.State

	mu   sync.Mutex
	text string
	read chan struct{} // closed at the end
}

func (w *execWorld) watch(width, height uint16) *watched {
	w.t.Helper()
	return w.onTerminal(width, height, w.command("accounts", "list", "--watch"))
}

// onTerminal runs a program in a session of its own on a new pseudo-terminal.
func (w *execWorld) onTerminal(width, height uint16, cmd *exec.Cmd) *watched {
	w.t.Helper()
	v := &watched{t: w.t, cmd: cmd, read: make(chan struct{})}
	v.cmd.Env = append(slices.Clone(w.env), "TERM=xterm")
	var err error
	if v.master, v.terminal, err = pty.Open(); err != nil {
		w.t.Fatal(err)
	}
	v.resize(width, height)
	if v.before, err = term.GetState(int(v.terminal.Fd())); err != nil {
		w.t.Fatal(err)
	}
	v.cmd.Stdin, v.cmd.Stdout, v.cmd.Stderr = v.terminal, v.terminal, v.terminal
	v.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := v.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	go v.readAll()
	w.t.Cleanup(func() {
		_ = v.cmd.Process.Kill()
		_ = v.cmd.Wait()
		v.terminal.Close()
		v.master.Close()
		<-v.read
	})
	return v
}

func (v *watched) readAll() {
	defer close(v.read)
	b := make([]byte, 4096)
	for {
		n, err := v.master.Read(b)
		v.mu.Lock()
		v.text += string(b[:n])
		v.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (v *watched) resize(width, height uint16) {
	v.t.Helper()
	if err := pty.Setsize(v.terminal, &pty.Winsize{Cols: width, Rows: height}); err != nil {
		v.t.Fatal(err)
	}
}

func (v *watched) output() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.text
}

// frame is the last picture that is complete, line by line and without colours.
func (v *watched) frame() []string {
	frames := strings.Split(v.output(), "\x1b[H")
	for i := len(frames) - 1; i > 0; i-- {
		if picture, _, ok := strings.Cut(frames[i], "\x1b[J"); ok {
			var lines []string
			for line := range strings.SplitSeq(strings.TrimSuffix(picture, "\x1b[K"), "\x1b[K") {
				lines = append(lines, termtext.Clean(strings.TrimLeft(line, "\r\n")))
			}
			return lines
		}
	}
	return nil
}

// await waits for a picture of which ok is true.
func (v *watched) await(what string, ok func(frame string) bool) {
	v.t.Helper()
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		if ok(strings.Join(v.frame(), "\n")) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	all := v.output()
	v.t.Fatalf("never shown: %s; last:\n%s\nat the end: %q", what, strings.Join(v.frame(), "\n"), all[max(0, len(all)-500):])
}

// awaitOutput waits until all that was written so far is ok.
func (v *watched) awaitOutput(what string, ok func(text string) bool) {
	v.t.Helper()
	v.await(what, func(string) bool { return ok(v.output()) })
}

func (v *watched) says(text string) {
	v.t.Helper()
	v.awaitOutput(text, func(all string) bool { return strings.Contains(all, text) })
}

func (v *watched) types(keys string) {
	v.t.Helper()
	if _, err := v.master.WriteString(keys); err != nil {
		v.t.Fatal(err)
	}
}

func (v *watched) shows(text string) {
	v.t.Helper()
	v.await(text, func(frame string) bool { return strings.Contains(frame, text) })
}

// ended waits for the end, and holds the terminal against what it was.
func (v *watched) ended() syscall.WaitStatus {
	v.t.Helper()
	if err := v.cmd.Wait(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		v.t.Fatal(err)
	}
	v.isGivenBack()
	return v.cmd.ProcessState.Sys().(syscall.WaitStatus)
}

// isGivenBack holds that the last that was done with the screen gave it back.
func (v *watched) isGivenBack() {
	v.t.Helper()
	const leave = "\x1b[?7h\x1b[?25h\x1b[?1049l"
	since := func(all string) string { return all[max(0, strings.LastIndex(all, "\x1b[?1049h")):] }
	v.awaitOutput("the screen given back", func(all string) bool { return strings.Contains(since(all), leave) })
	if _, rest, _ := strings.Cut(since(v.output()), leave); strings.Contains(rest, "\x1b[H") {
		v.t.Errorf("drawn after that: %q", rest)
	}
	now, err := term.GetState(int(v.terminal.Fd()))
	if err != nil {
		v.t.Fatal(err)
	}
	if d := cmp.Diff(v.before, now, cmp.Exporter(func(reflect.Type) bool { return true })); d != "" {
		v.t.Errorf("keys are read otherwise than before: %s", d)
	}
}

func (w *execWorld) limited(account int, d time.Duration) {
	w.set(account, "rateLimitResetAt", time.Now().Add(d).UnixMilli())
}

// The list follows what other processes do, and counts down.
func TestWatchOnATerminal(t *testing.T) {
	t.Parallel()
	w := newExecWorld(t, "work", "home")
	w.limited(1, time.Hour)
	v := w.watch(120, 20)
	v.shows("1 of 2 accounts usable")
	v.shows("rate-limited 59:")
	if !strings.Contains(v.output(), "\x1b[?1049h\x1b[?25l") {
		t.Errorf("the screen is not taken: %q", v.output())
	}
	first := strings.Join(v.frame(), "\n")
	v.await("a second later", func(frame string) bool { return frame != first && strings.Contains(frame, "rate-limited 5") })

	w.mustRun("accounts", "disable", "home")
	v.shows("disabled")
	s := w.start("echo $$; read x")
	pid := s.line()
	v.shows("sh " + pid)
	s.finish()
	v.await("nobody holds it", func(frame string) bool { return !strings.Contains(frame, "sh ") && strings.Contains(frame, "work") })

	// What cannot be read is said, and the list stays as it was.
	w.write("config/"+execAccounts, "{")
	v.shows("warning: ")
	v.shows("work")
	w.save()
	v.await("mended", func(frame string) bool {
		return !strings.Contains(frame, "warning: ") && strings.Contains(frame, "work")
	})

	v.types("xq")
	if status := v.ended(); status.ExitStatus() != 0 {
		t.Errorf("after q: %v", status)
	}
}

func TestWatchAdaptsToTheWidth(t *testing.T) {
	t.Parallel()
	w := newExecWorld(t, "an-account-with-a-long-name", "home")
	v := w.watch(120, 20)
	v.shows("PLAN")
	for _, width := range []uint16{50, 30, 100} {
		v.resize(width, 20)
		if err := v.cmd.Process.Signal(syscall.SIGWINCH); err != nil { // the terminal is not ours to tell it by itself
			t.Fatal(err)
		}
		v.await("a narrower list", func(frame string) bool {
			widest := 0
			for _, line := range v.frame() {
				widest = max(widest, termtext.Width(line))
			}
			return widest <= int(width) && strings.Contains(frame, "PLAN") == (width == 100)
		})
	}
	v.resize(100, 5)
	v.await("a lower list", func(string) bool { return len(v.frame()) <= 5 })
}

// A terminal without a shell is nobody's to wait at: Ctrl-Z does not stop what
// nobody would continue.
func TestWatchWithoutAShellIsNotStopped(t *testing.T) {
	t.Parallel()
	w := newExecWorld(t, "work")
	v := w.watch(80, 24)
	v.shows("work")
	v.types("\x1a")
	w.mustRun("accounts", "disable", "work")
	v.shows("disabled")
}

// Whatever ends it, the terminal is as it was.
func TestWatchGivesTheTerminalBack(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		end    func(*watched)
		signal syscall.Signal
		code   int
	}{
		"Ctrl-C": {end: func(v *watched) { v.types("\x03") }, signal: syscall.SIGINT},
		"TERM":   {end: func(v *watched) { _ = v.cmd.Process.Signal(syscall.SIGTERM) }, signal: syscall.SIGTERM},
		"HUP":    {end: func(v *watched) { _ = v.cmd.Process.Signal(syscall.SIGHUP) }, signal: syscall.SIGHUP},
		"Ctrl-\\": {
			end: func(v *watched) { v.types("\x1c") }, signal: -1, code: 131,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newExecWorld(t, "work")
			v := w.watch(80, 24)
			v.t = t
			v.shows("work")
			tt.end(v)
			status := v.ended()
			if status.Signaled() != (tt.signal > 0) || status.Signaled() && status.Signal() != tt.signal || status.Exited() && status.ExitStatus() != tt.code {
				t.Errorf("it ended with %v, signal %v", status.ExitStatus(), status.Signal())
			}
			if strings.Contains(v.output(), "goroutine") || strings.Contains(v.output(), "kyoli:") {
				t.Errorf("it says %q", v.output())
			}
		})
	}
}

// Ctrl-Z gives the terminal back to the shell, and fg takes it again.
func TestWatchIsStoppedAndGoesOn(t *testing.T) {
	t.Parallel()
	w := newExecWorld(t, "work")
	shell := exec.Command("sh", "-c", `set -m; "$0" `+playKyoli+` accounts list --watch; echo stopped $?; read x; fg >/dev/null; echo ended $?`)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	shell.Args = append(shell.Args, exe)
	v := w.onTerminal(80, 24, shell)
	v.shows("work")
	v.types("\x1a")
	v.says("stopped ")
	v.isGivenBack()
	if strings.Contains(v.output(), "stopped 0") {
		t.Error("it ended instead")
	}
	v.types("\n")
	v.awaitOutput("it takes the terminal again", func(text string) bool { return strings.Count(text, "\x1b[?1049h") == 2 })
	w.mustRun("accounts", "disable", "work")
	v.shows("disabled")
	v.types("q")
	v.says("ended 0")
	v.ended()
}

// Without a terminal the list comes again when it has changed, and only then.
func TestWatchWithoutATerminal(t *testing.T) {
	t.Parallel()
	w := newExecWorld(t, "work", "home")
	cmd := w.command("accounts", "list", "--watch", "--json")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	lines := bufio.NewScanner(out)
	next := func() string {
		t.Helper()
		if !lines.Scan() {
			t.Fatal("no more lists")
		}
		var rows []accountRow
		if err := json.Unmarshal(lines.Bytes(), &rows); err != nil {
			t.Fatalf("%v: %s", err, lines.Text())
		}
		var all []string
		for _, r := range rows {
			all = append(all, r.Label+" "+string(r.Status))
		}
		return strings.Join(all, ", ")
	}
	if got := next(); got != "work ready, home ready" {
		t.Errorf("at first %q", got)
	}
	w.mustRun("accounts", "label", "home", "home") // changes nothing
	w.mustRun("accounts", "disable", "home")
	if got := next(); got != "work ready, home disabled" {
		t.Errorf("then %q", got)
	}
	w.mustRun("accounts", "rm", "--yes", "home")
	if got := next(); got != "work ready" {
		t.Errorf("then %q", got)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if lines.Scan() {
		t.Errorf("at the end %q", lines.Text())
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGINT {
		t.Errorf("after Ctrl-C: %v", err)
	}
}
