//go:build unix

package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/internal/filelock"
)

// TestHolderStoppedInTheMiddle stops a process that has read the file and is about to change it. Other kyolis wait
// for it. The plugin takes its lock for left over and writes; when the process goes on it reads again.
func TestHolderStoppedInTheMiddle(t *testing.T) {
	if path := os.Getenv(childFile); path != "" {
		f, stopped := Open(path, Options{}), false
		mustUpdate(t, f, func(a *Accounts) {
			a.Get(uuidA).Label = "new"
			if !stopped {
				stopped = true
				waitHere(t)
			}
		})
		return
	}
	f, _ := newFile(t, two)
	goOn := startStopped(t, child("TestHolderStoppedInTheMiddle", f, 0))

	var locked *filelock.LockedError
	hasty := Open(f.path, Options{LockTimeout: 50 * time.Millisecond})
	if _, err := hasty.Update(context.Background(), func(*Accounts) error { return nil }); !errors.As(err, &locked) {
		t.Errorf("beside the stopped one: %v", err)
	}
	lock := f.path + ".lock"
	if err := errors.Join(os.RemoveAll(lock), os.Mkdir(lock, 0o700)); err != nil {
		t.Fatal(err)
	}
	rename(t, f, theirs)
	if err := errors.Join(os.Remove(lock), goOn()); err != nil {
		t.Fatal(err)
	}
	wantContent(t, f, strings.Replace(theirs, `"work"`, `"new"`, 1))
	mustUpdate(t, f, func(a *Accounts) { a.Get(uuidA).Label = "then" })
}

// waitHere tells the parent that this process has got here, and waits to be let go. That a process stops itself would
// not do: the call may return before its thread is stopped.
func waitHere(t *testing.T) {
	here := os.NewFile(3, "here")
	if _, err := here.WriteString("here\n"); err != nil {
		t.Error(err)
	}
	_ = here.Close()
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// startStopped starts a child, stops it where it calls waitHere, and returns what makes it go on, and waits for its end.
func startStopped(t *testing.T, cmd *exec.Cmd) (goOn func() error) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd.ExtraFiles = []*os.File{w}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out := &strings.Builder{}
	cmd.Stdout, cmd.Stderr = out, out
	if err := errors.Join(cmd.Start(), w.Close()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	if here, err := io.ReadAll(r); err != nil || string(here) != "here\n" {
		t.Fatalf("the child says %q, %v", here, err)
	}
	var status syscall.WaitStatus
	err = cmd.Process.Signal(syscall.SIGSTOP)
	if err == nil {
		_, err = syscall.Wait4(cmd.Process.Pid, &status, syscall.WUNTRACED, nil)
	}
	if err != nil || !status.Stopped() {
		t.Fatalf("the child did not stop: %v, %v", status, err)
	}
	return func() error {
		err := errors.Join(cmd.Process.Signal(syscall.SIGCONT), in.Close(), cmd.Wait())
		if err != nil {
			err = fmt.Errorf("%w\n%s", err, out)
		}
		return err
	}
}

// TestLeftOverLock: a lock directory of a program that is long gone makes nobody wait, and never is an error.
func TestLeftOverLock(t *testing.T) {
	f, _ := newFile(t, two)
	old := time.Now().Add(-10 * time.Minute)
	if err := errors.Join(os.Mkdir(f.path+".lock", 0o700), os.Chtimes(f.path+".lock", old, old)); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	mustUpdate(t, f, func(a *Accounts) { a.Get(uuidA).Label = "new" })
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	if _, err := os.Stat(f.path + ".lock"); !os.IsNotExist(err) {
		t.Errorf("the directory is still there: %v", err)
	}
}

// TestMovedClock: locks do not depend on the wall clock.
func TestMovedClock(t *testing.T) {
	for _, by := range []time.Duration{-24 * time.Hour, 24 * time.Hour} {
		t.Run(fmt.Sprint(by), func(t *testing.T) {
			f, _ := newFile(t, two)
			f = Open(f.path, Options{Now: func() time.Time { return time.Now().Add(by) }})
			for i := range 3 {
				mustUpdate(t, f, func(a *Accounts) { a.Get(uuidA).ConsecutiveAuthFailures = i + 1 })
			}
			if n := mustLoad(t, f).Get(uuidA).ConsecutiveAuthFailures; n != 3 {
				t.Errorf("%d changes", n)
			}
		})
	}
}

// TestNoLocks: a file system without locks is said so, and nothing is written.
func TestNoLocks(t *testing.T) {
	f, _ := newFile(t, two)
	f.acquire = func(context.Context, string) (locker, error) {
		return nil, &filelock.UnsupportedError{Path: filepath.Base(f.path), Err: syscall.ENOLCK}
	}
	_, err := f.Update(context.Background(), func(*Accounts) error { t.Error("fn was called"); return nil })
	var unsupported *filelock.UnsupportedError
	if !errors.As(err, &unsupported) || unsupported.Hint() == "" {
		t.Errorf("error: %v", err)
	}
	wantContent(t, f, two)
}
