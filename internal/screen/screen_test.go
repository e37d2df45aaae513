//go:build unix

package screen

import (
	"os"
	"strings"
	"testing"

	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// terminal is a pseudo-terminal of 80 by 24.
func terminal(t *testing.T) (master, tty *os.File) {
	t.Helper()
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tty.Close(); master.Close() })
	if err := pty.Setsize(tty, &pty.Winsize{Cols: 80, Rows: 24}); err != nil {
		t.Fatal(err)
	}
	return master, tty
}

func settings(t *testing.T, tty *os.File) unix.Termios {
	t.Helper()
	s, err := unix.IoctlGetTermios(int(tty.Fd()), getTermios)
	if err != nil {
		t.Fatal(err)
	}
	return *s
}

// written is what has come out since the last time, up to a mark of ours.
func written(t *testing.T, master, tty *os.File) string {
	t.Helper()
	const mark = "\x00"
	if _, err := tty.WriteString(mark); err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	b := make([]byte, 1024)
	for {
		n, err := master.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b[:n])
		if text, ok := strings.CutSuffix(all.String(), mark); ok {
			return strings.ReplaceAll(text, "\r\r\n", "\n")
		}
	}
}

func TestScreen(t *testing.T) {
	t.Parallel()
	master, tty := terminal(t)
	before := settings(t, tty)
	s, err := Open(tty, tty)
	if err != nil {
		t.Fatal(err)
	}
	during := settings(t, tty)
	if during.Lflag&(unix.ECHO|unix.ICANON) != 0 || during.Lflag&unix.ISIG == 0 || during.Oflag != before.Oflag {
		t.Errorf("settings %+v", during)
	}
	if w, h := s.Size(); w != 80 || h != 24 {
		t.Errorf("size %d, %d", w, h)
	}
	draw := func(lines ...string) {
		t.Helper()
		if err := s.Draw(lines); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(want string) {
		t.Helper()
		if d := cmp.Diff(want, written(t, master, tty)); d != "" {
			t.Error(d)
		}
	}
	draw("a", "b")
	expect(enter + home + "a" + restOf + "\n" + "b" + restOf + below)

	resume := s.Suspend()
	draw("unseen")
	expect(leave)
	if d := cmp.Diff(before, settings(t, tty)); d != "" {
		t.Errorf("suspended: %s", d)
	}
	resume()
	resume()
	draw()
	expect(enter + home + below)
	if d := cmp.Diff(during, settings(t, tty)); d != "" {
		t.Errorf("resumed: %s", d)
	}

	if _, err := master.WriteString("k"); err != nil {
		t.Fatal(err)
	}
	if key := <-s.Keys(); key != 'k' {
		t.Errorf("key %q", key)
	}

	late := s.Suspend()
	s.Leave()
	s.Leave()
	late()
	draw("unseen")
	expect(leave)
	if d := cmp.Diff(before, settings(t, tty)); d != "" {
		t.Errorf("left: %s", d)
	}
}

// What is typed before anybody reads is not shown either, and nothing else changes.
func TestHide(t *testing.T) {
	t.Parallel()
	master, tty := terminal(t)
	want := settings(t, tty)
	if err := Hide(tty); err != nil {
		t.Fatal(err)
	}
	if want.Lflag &^= unix.ECHO; want != settings(t, tty) {
		t.Errorf("settings %+v, want %+v", settings(t, tty), want)
	}
	if _, err := master.WriteString("secret\n"); err != nil {
		t.Fatal(err)
	}
	if shown := written(t, master, tty); strings.Contains(shown, "secret") {
		t.Errorf("shown: %q", shown)
	}
}

// Keys may come from nowhere.
func TestScreenWithoutKeys(t *testing.T) {
	t.Parallel()
	_, tty := terminal(t)
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	s, err := Open(null, tty)
	if err != nil {
		t.Fatal(err)
	}
	select {
	case key := <-s.Keys():
		t.Errorf("key %q", key)
	default:
	}
	s.Leave()
}
