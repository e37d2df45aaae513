//go:build unix

package e2e_test

import (
	"io"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
)

// played is a command under way, and what it says, for a test that plays the person in front of it.
type played struct {
	t              *testing.T
	cmd            *exec.Cmd
	stdout, stderr *said
	screen         *pictures // nil without a terminal
	keys           io.Writer
	copied         sync.WaitGroup
}

// Width and height of the terminal: no secret is broken in two by its edge.
const playedWidth, playedHeight = 1000, 50

// startPlayed starts a command, on a pseudo-terminal of its own or with pipes.
func startPlayed(t *testing.T, cmd *exec.Cmd, terminal bool) *played {
	t.Helper()
	p := &played{t: t, cmd: cmd, stdout: newSaid(), stderr: newSaid()}
	if !terminal {
		cmd.Stdout, cmd.Stderr = p.stdout, p.stderr
		cmd.WaitDelay = patience
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill() })
		return p
	}
	cmd.Env = append(cmd.Env, "TERM=xterm-256color")
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: playedWidth, Rows: playedHeight})
	if err != nil {
		t.Fatal(err)
	}
	p.keys, p.screen = tty, &pictures{vt: vt.NewEmulator(playedWidth, playedHeight)}
	p.copied.Go(func() {
		_, _ = io.Copy(io.MultiWriter(p.stdout, p.screen), tty) // a terminal ends with an error
		p.stdout.end()
	})
	p.copied.Go(func() { _, _ = io.Copy(tty, p.screen.vt) }) // what a terminal answers when it is asked
	t.Cleanup(func() { _ = cmd.Process.Kill(); tty.Close() })
	return p
}

// wait returns how the command ended.
func (p *played) wait() error {
	late := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() })
	defer late.Stop()
	err := p.cmd.Wait()
	if p.screen != nil {
		p.stdout.await(p.t, nil)
		_ = p.screen.vt.InputPipe().(io.Closer).Close() // Close itself is not for two goroutines
		p.copied.Wait()
	}
	return err
}

// types presses keys.
func (p *played) types(keys string) {
	p.t.Helper()
	if _, err := io.WriteString(p.keys, keys); err != nil {
		p.t.Fatal(err)
	}
}

// shows waits for a text on the terminal.
func (p *played) shows(text string) {
	p.t.Helper()
	for end := time.Now().Add(patience); !strings.Contains(p.screen.now(), text); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			p.t.Fatalf("never shown: %s; now:\n%s", text, p.screen.now())
		}
	}
}

// drawn is all that was to be seen on the terminal.
func (p *played) drawn() string {
	if p.screen == nil {
		return ""
	}
	p.screen.mu.Lock()
	defer p.screen.mu.Unlock()
	return p.screen.all.String()
}

// pictures draws what comes, and keeps each picture.
type pictures struct {
	mu  sync.Mutex
	vt  *vt.Emulator
	all strings.Builder
}

// Write implements io.Writer.
func (s *pictures) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, err := s.vt.Write(b)
	s.all.WriteString(s.vt.String())
	return n, err
}

// now is the picture of this moment, without the spaces at the ends of its lines.
func (s *pictures) now() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return lineEnds.ReplaceAllString(s.vt.String(), "\n")
}

var lineEnds = regexp.MustCompile(` *\r?\n`)

// said collects what a command says.
type said struct {
	mu    sync.Mutex
	more  *sync.Cond
	text  strings.Builder
	ended bool
}

func newSaid() *said {
	s := &said{}
	s.more = sync.NewCond(&s.mu)
	return s
}

// Write implements io.Writer.
func (s *said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.more.Broadcast()
	return s.text.Write(b)
}

func (s *said) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	s.more.Broadcast()
}

func (s *said) all() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// await waits for the first match, and returns its last group; without a pattern, for the end.
func (s *said) await(t *testing.T, what *regexp.Regexp) string {
	t.Helper()
	late := time.AfterFunc(patience, s.end)
	defer late.Stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if what != nil {
			if found := what.FindStringSubmatch(s.text.String()); found != nil {
				return found[len(found)-1]
			}
		}
		if s.ended {
			break
		}
		s.more.Wait()
	}
	if what != nil {
		t.Fatalf("it does not say %s: %s", what, s.text.String())
	}
	return ""
}
