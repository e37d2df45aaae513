package e2e_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// A file system on which no lock is to be had (ENOLCK, as NFS without its lock service) is said at once, and nothing
// is written and no token sent without one.
func TestFaultNoLockService(t *testing.T) {
	needStrace(t)
	for _, d := range diskDeeds(t) {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			s := newSwept(t)
			if d.prepare != nil {
				d.prepare(s)
			}
			all := func() string { return s.read(sweptAccounts) + s.read(sweptAuth) + s.read(sweptSettings) }
			was := all()
			begun := time.Now()
			cmd := d.command(s, shipped(t))
			cmd.Args = slices.Insert(cmd.Args, 1, "--lock-timeout", "10m") // so that a wait shows
			out, err := straced(cmd, "-o", os.DevNull, "-e", "signal=none", "-e", "trace=flock", "-e", "inject=flock:error=ENOLCK").CombinedOutput()
			if code := exitOf(err); code < 1 || !s.namesAFile(string(out)) || !strings.Contains(string(out), "no locks available") {
				t.Errorf("exit code %d: %s", code, out)
			}
			if took := time.Since(begun); took > 2*time.Minute {
				t.Errorf("it took %v", took)
			}
			if all() != was || len(s.provider.Requests()) > 0 {
				t.Error("something was done without a lock")
			}
			if d.check(s) {
				t.Error("a token is lost")
			}
		})
	}
}

// The lock directory of another program that lives is waited for, never taken, whatever its time says; one that is left
// over is taken, also where its time lies a day ahead.
func TestFaultForeignLock(t *testing.T) {
	timeout := "1s"
	_, whole := crowdRounds(t)
	if whole {
		timeout = "12s" // longer than the 10 s after which a lock counts as left over
	}
	for name, shift := range map[string]time.Duration{"now": 0, "a day ahead": 24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSwept(t)
			lock := s.path(sweptAccounts) + ".lock"
			touch := func() {
				when := time.Now().Add(shift)
				if err := os.Chtimes(lock, when, when); err != nil {
					t.Error(err)
				}
			}
			if err := os.Mkdir(lock, 0o700); err != nil {
				t.Fatal(err)
			}
			touch()
			live, stopped := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(stopped)
				tick := time.NewTicker(2 * time.Second)
				defer tick.Stop()
				for {
					select {
					case <-live:
						return
					case <-tick.C:
						touch()
					}
				}
			}()
			out, err := s.command(shipped(t), "--lock-timeout", timeout, "accounts", "label", "one", "first").CombinedOutput()
			if exitOf(err) != 7 || !strings.Contains(string(out), sweptAccounts) {
				t.Errorf("exit code %d: %s", exitOf(err), out)
			}
			close(live)
			<-stopped
			if _, err := os.Stat(lock); err != nil {
				t.Errorf("the other program's lock: %v", err)
			}
			if !whole {
				return // what follows takes those 10 s
			}
			if out, err := s.command(shipped(t), "accounts", "label", "one", "first").CombinedOutput(); err != nil {
				t.Errorf("the lock that is left over: %v: %s", err, out)
			}
		})
	}
}
