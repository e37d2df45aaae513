//go:build unix

package executor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/executor/stub"
)

func TestExitCodes(t *testing.T) {
	for _, code := range []int{0, 1, 2, 126, 127, 128, 255} {
		_, exit, err := runHere(t, sh("exit $1", fmt.Sprint(code)))
		if err != nil || exit != (Exit{Code: code}) {
			t.Errorf("exit %d: got %+v, %v", code, exit, err)
		}
	}
}

func TestExitBySignal(t *testing.T) {
	for _, s := range []syscall.Signal{
		syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGILL, syscall.SIGTRAP, syscall.SIGABRT,
		syscall.SIGBUS, syscall.SIGFPE, syscall.SIGKILL, syscall.SIGUSR1, syscall.SIGSEGV, syscall.SIGUSR2,
		syscall.SIGPIPE, syscall.SIGALRM, syscall.SIGTERM, syscall.SIGXCPU, syscall.SIGXFSZ,
		syscall.SIGVTALRM, syscall.SIGPROF, syscall.SIGSYS,
	} {
		_, exit, err := runHere(t, sh("ulimit -c 0; kill -$1 $$", fmt.Sprint(int(s))))
		want := Exit{Code: 128 + int(s), Signal: int(s)}
		if err != nil || exit != want {
			t.Errorf("%v: got %+v, %v, want %+v", s, exit, err, want)
		}
	}
}

func TestNoGrandchildIsWaitedFor(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	// The grandchild keeps the child's stdout and stderr until the FIFO is read.
	begin := time.Now()
	_, exit, err := runHere(t, sh(`(echo done >"$1") & exit 7`, fifo))
	if err != nil || exit.Code != 7 {
		t.Errorf("got %+v, %v, want 7", exit, err)
	}
	if took := time.Since(begin); took > patience/2 {
		t.Errorf("Wait took %v: it waited for the grandchild", took)
	}
	if text, err := os.ReadFile(fifo); err != nil || string(text) != "done\n" {
		t.Errorf("the grandchild did not outlive the child: %q, %v", text, err)
	}
}

func TestUnstartableFiles(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, tt := range []struct {
		name, path string
		code       int
	}{
		{"gone since it was looked up", filepath.Join(dir, "gone"), CodeNotFound},
		{"interpreter missing", file("badint", "#!/nonexistent/interpreter\n", 0o755), CodeNotFound},
		{"not executable", file("plain", "#!/bin/sh\n", 0o644), CodeNotExecutable},
		{"a directory", dir, CodeNotExecutable},
		{"neither program nor text", file("garbage", "\x00\x01\x02 garbage", 0o755), CodeNotExecutable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := runHere(t, &Process{Path: tt.path, Args: []string{"name-of-command"}})
			var start *StartError
			if !errors.As(err, &start) || start.ExitCode() != tt.code || start.Command != "name-of-command" {
				t.Fatalf("got %v, want a *StartError with code %d", err, tt.code)
			}
			noChildren(t)
		})
	}
}

func TestScriptWithoutInterpreterLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(path, []byte("echo \"$# $1\"; exit 5\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	out, exit, err := runHere(t, &Process{Path: path, Args: []string{"script", "a b", ""}})
	if err != nil || exit.Code != 5 || out != "2 a b\n" {
		t.Errorf("got %q, %+v, %v", out, exit, err)
	}
}

func TestTooLongArguments(t *testing.T) {
	p := sh("exit 0")
	p.Env = []string{"X=" + strings.Repeat("x", 8<<20)}
	_, _, err := runHere(t, p)
	var start *StartError
	if !errors.As(err, &start) || start.Code != CodeNotExecutable {
		t.Errorf("got %v, want a *StartError with code 126", err)
	}
	noChildren(t)
}

func TestMissingStubIsNotTheCommandsFault(t *testing.T) {
	null, _ := os.Open(os.DevNull)
	defer null.Close()
	p := sh("exit 0")
	p.Stdin, p.Stdout, p.Stderr = null, null, null
	p.Stub = []string{"/nonexistent/kyoli", stub.Arg}
	err := p.Start(t.Context())
	var start *StartError
	if err == nil || errors.As(err, &start) {
		t.Errorf("got %v, want an error that is no *StartError", err)
	}
}

func TestWaitWithoutStart(t *testing.T) {
	p := sh("exit 0")
	if _, err := p.Wait(); !errors.Is(err, errNotStarted) || p.PID() != 0 {
		t.Errorf("got %v and pid %d", err, p.PID())
	}
}

func TestFailedClaimRunsNothing(t *testing.T) {
	marker := filepath.Join(t.TempDir(), "ran")
	p := sh(`: >"$1"`, marker)
	claimed := 0
	want := errors.New("no claim today")
	p.Claim = func(_ context.Context, pid int) error { claimed = pid; return want }
	if _, _, err := runHere(t, p); !errors.Is(err, want) {
		t.Errorf("got %v, want the claim's error", err)
	}
	if claimed == 0 || syscall.Kill(claimed, 0) != syscall.ESRCH {
		t.Errorf("the stub (pid %d) was left behind", claimed)
	}
	if _, err := os.Stat(marker); err == nil {
		t.Error("the command ran without a claim")
	}
	noChildren(t)
}

// The claim is made while nothing of the command has run yet, and its pid is
// the command's.
func TestClaimComesFirst(t *testing.T) {
	marker := filepath.Join(t.TempDir(), "ran")
	p := sh(`: >"$1"; echo $$`, marker)
	claimed := 0
	p.Claim = func(_ context.Context, pid int) error {
		claimed = pid
		if _, err := os.Stat(marker); err == nil {
			t.Error("the command ran before its claim")
		}
		return nil
	}
	out, exit, err := runHere(t, p)
	if err != nil || exit.Code != 0 || out != fmt.Sprintln(claimed) || claimed != p.PID() {
		t.Errorf("got %q, %+v, %v; claimed pid %d, PID() %d", out, exit, err, claimed, p.PID())
	}
}

// noChildren fails where a child of this process has not been reaped.
func noChildren(t *testing.T) {
	t.Helper()
	var status syscall.WaitStatus
	pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
	if pid != 0 && err == nil || err == nil {
		t.Errorf("a child is left (pid %d)", pid)
	}
}
