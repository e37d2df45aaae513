// Package failpoint names the steps at which state reaches the disk, so that tests can stop a process, or let the
// system fail, at each of them.
//
// In a normal build nothing is armed and a step costs one atomic load. A build with the tag "failpoint" reads
// KYOLI_FAILPOINT=N and dies as by SIGKILL at the N-th step; KYOLI_FAILPOINT_LOG names a file for the steps' names.
package failpoint

import (
	"os"
	"sync/atomic"
)

// hook is called at each step; nil where nothing is armed.
var hook atomic.Pointer[func(name string) error]

// Hit marks a step that is about to be made. An error that a test injects here is ignored; use Err where the step
// can fail.
func Hit(name string) { _ = Err(name) }

// Err marks a step that is about to be made and that can fail. It returns nil unless a test makes the step fail.
func Err(name string) error {
	if h := hook.Load(); h != nil {
		return (*h)(name)
	}
	return nil
}

// Set arms a hook for this process and returns a function that restores the one before. It is for tests.
func Set(h func(name string) error) (restore func()) {
	old := hook.Swap(&h)
	return func() { hook.Store(old) }
}

// KillAt returns a hook that kills this process at the n-th step (from 1), as SIGKILL would.
func KillAt(n int64) func(name string) error {
	var steps atomic.Int64
	return func(string) error {
		if steps.Add(1) == n {
			die()
		}
		return nil
	}
}

// die does not return.
func die() {
	if p, err := os.FindProcess(os.Getpid()); err == nil {
		_ = p.Kill()
	}
	select {}
}
