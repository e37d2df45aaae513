package filelock

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// children are what the test binary does when a test runs it again as another process.
var children = map[string]func(path string) error{}

func TestMain(m *testing.M) {
	if name := os.Getenv("FILELOCK_TEST_CHILD"); name != "" {
		if err := children[name](os.Getenv("FILELOCK_TEST_PATH")); err != nil {
			fmt.Println("failed:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// child is another process, running one of children.
type child struct {
	*exec.Cmd
	t   *testing.T
	in  io.WriteCloser
	out *bufio.Scanner
}

func startChild(t *testing.T, name, path string) *child {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{Cmd: exec.Command(exe), t: t}
	c.Env = append(os.Environ(), "FILELOCK_TEST_CHILD="+name, "FILELOCK_TEST_PATH="+path)
	c.Stderr = os.Stderr
	if c.in, err = c.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.out = bufio.NewScanner(out)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	return c
}

// expect waits for a line of the child.
func (c *child) expect(want string) {
	c.t.Helper()
	if !c.out.Scan() || c.out.Text() != want {
		c.t.Fatalf("the other process said %q, want %q", c.out.Text(), want)
	}
}

func (c *child) say(line string) {
	c.t.Helper()
	if _, err := fmt.Fprintln(c.in, line); err != nil {
		c.t.Fatal(err)
	}
}

func (c *child) kill() {
	c.t.Helper()
	if err := c.Process.Kill(); err != nil {
		c.t.Fatal(err)
	}
	_ = c.Wait()
}

func target(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "accounts.json")
	if err := os.WriteFile(path, []byte("0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func acquire(t *testing.T, path string, o Options) *Lock {
	t.Helper()
	l, err := Acquire(context.Background(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Release() })
	return l
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// litter returns the names beside path that are neither it nor the two files that stay.
func litter(t *testing.T, path string) []string {
	t.Helper()
	names, err := filepath.Glob(path + "?*")
	must(t, err)
	var left []string
	for _, name := range names {
		if rest := strings.TrimPrefix(name, path); rest != ".flock" && rest != ".owner" {
			left = append(left, rest)
		}
	}
	return left
}
