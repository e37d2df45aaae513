//go:build unix

package tui

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/term"
)

// playShop is the first argument that makes the test binary a shop on its terminal.
const playShop = "__shop"

func init() {
	if len(os.Args) > 1 && os.Args[1] == playShop {
		os.Exit(runShop(os.Args[2]))
	}
}

// brokenShop breaks down as it is told to.
type brokenShop struct{ how string }

func (brokenShop) Load(context.Context, bool) func()         { return nil }
func (brokenShop) Wait(ctx context.Context) bool             { <-ctx.Done(); return false }
func (brokenShop) Taken(func(), func() func())               {}
func (brokenShop) Interruptible(func()) func()               { return func() {} }
func (brokenShop) Stop()                                     {}
func (brokenShop) work(context.Context, func(string)) Result { panic("the work broke") }

func (s brokenShop) start() Page {
	open := Open{Page: func() Page { panic("the page broke") }}
	return Page{Title: "shop", Sections: []Section{{Items: []Item{map[string]Item{
		"page":    Choice("page", "Break", open),
		"work":    Choice("work", "Break", Run{Doing: "breaking", Do: s.work}),
		"outside": Choice("outside", "Break", Run{Doing: "breaking", Do: s.work, Outside: true}),
	}[s.how]}}}}
}

func runShop(how string) int {
	s := brokenShop{how}
	app := &App{In: os.Stdin, Out: os.Stdout, Start: s.start, Feed: s, Host: s}
	_, err := app.Run(context.Background())
	if err != nil && strings.Contains(err.Error(), "broke down") {
		return 7
	}
	return 1
}

// A terminal is as it was after a panic, wherever that was.
func TestPanicGivesTheTerminalBack(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"page", "work", "outside"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			master, tty, err := pty.Open()
			if err != nil {
				t.Fatal(err)
			}
			defer tty.Close()
			if err := pty.Setsize(tty, &pty.Winsize{Cols: 80, Rows: 24}); err != nil {
				t.Fatal(err)
			}
			before, err := term.GetState(int(tty.Fd()))
			if err != nil {
				t.Fatal(err)
			}
			exe, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(exe, playShop, how)
			cmd.Env = []string{"TERM=xterm", "SSH_TTY=/dev/tty"} // which asks the terminal nothing
			cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			var text strings.Builder
			var reading sync.WaitGroup
			reading.Go(func() {
				pressed := false
				b := make([]byte, 4096)
				for {
					n, err := master.Read(b)
					text.Write(b[:n])
					if !pressed && strings.Contains(text.String(), "Break") {
						pressed = true
						_, _ = io.WriteString(master, "\r")
					}
					if err != nil {
						return
					}
				}
			})
			err = cmd.Wait()
			now, stateErr := term.GetState(int(tty.Fd()))
			tty.Close()
			reading.Wait()
			master.Close()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != 7 {
				t.Errorf("ended with %v\n%q", err, text.String())
			}
			if stateErr != nil {
				t.Fatal(stateErr)
			}
			if d := cmp.Diff(before, now, cmp.Exporter(func(reflect.Type) bool { return true })); d != "" {
				t.Errorf("keys are read otherwise than before: %s", d)
			}
			all := text.String()
			for on, off := range map[string]string{"\x1b[?1049h": "\x1b[?1049l", "\x1b[?25l": "\x1b[?25h", "\x1b[?2004h": "\x1b[?2004l"} {
				if strings.LastIndex(all, on) > strings.LastIndex(all, off) {
					t.Errorf("%q is not undone: %q", on, all)
				}
			}
			if !strings.Contains(all, "broke") || !strings.Contains(all, "goroutine") {
				t.Errorf("it does not say what broke: %q", all)
			}
		})
	}
}
