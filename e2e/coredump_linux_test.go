package e2e_test

import (
	"bytes"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/internal/fakeprovider"
)

// A kyoli that dies of a bug, here of SIGABRT, in the midst of a refresh tells no token, neither in what Go prints nor
// in a core: it leaves none, though the limit allows one.
func TestFaultCrashDump(t *testing.T) {
	s := newSwept(t)
	s.next("version") // builds it before the clock runs
	held := make(chan struct{})
	t.Cleanup(func() { close(held) })
	s.provider.Behave(fakeprovider.Behaviour{Endpoint: "token", Until: held})
	cmd := s.command("sh", "-c", `ulimit -c "$(ulimit -Hc)" && exec "$0" refresh one`, shipped(t))
	cmd.Env = append(cmd.Env, "GOTRACEBACK=crash")
	cmd.Dir = t.TempDir()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(patience); s.provider.Waiting("token") == 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("no request came")
		}
	}
	if err := cmd.Process.Signal(syscall.SIGABRT); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	state := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !state.Signaled() || !strings.Contains(out.String(), "goroutine ") {
		t.Errorf("it ended with %v: %s", cmd.ProcessState, out.String())
	}
	if leaks := s.marks().in(inStderr, out.String()); len(leaks) > 0 {
		t.Error(leaks)
	}
	if left, err := os.ReadDir(cmd.Dir); err != nil || len(left) > 0 || state.CoreDump() {
		t.Errorf("a core was written: %v, %v", left, err)
	}
	s.next("accounts", "list") // and it can be started again
}
