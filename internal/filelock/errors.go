package filelock

import (
	"fmt"
	"time"
)

// LockedError is returned when somebody else held the lock for as long as the caller was willing to wait.
type LockedError struct {
	Path   string        // the file that the lock is for
	Waited time.Duration // how long was waited
	Holder string        // in words
}

func (e *LockedError) Error() string {
	return fmt.Sprintf("%s is locked by %s (waited %s)", e.Path, e.Holder, e.Waited.Round(time.Millisecond))
}

// Hint is the command that says which process holds it.
func (e *LockedError) Hint() string { return "kyoli doctor" }

// LostError is returned when a lock directory that was ours is ours no longer, or may be, because this process slept
// for too long: what was read under it has to be read again.
type LostError struct {
	Path   string // the file that the lock is for
	Reason string
}

func (e *LostError) Error() string {
	return fmt.Sprintf("the lock on %s was lost: %s", e.Path, e.Reason)
}

// UnsupportedError is returned where the file system has no locks (ENOLCK from a network file system without a lock
// service, ENOTSUP). Going on without would lose changes.
type UnsupportedError struct {
	Path string // the flock file
	Err  error
}

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("cannot lock %s: the file system gives no locks: %v", e.Path, e.Err)
}

// Unwrap returns the system's error.
func (e *UnsupportedError) Unwrap() error { return e.Err }

// Hint is the setting that moves the files to a disk of this machine.
func (e *UnsupportedError) Hint() string { return "export KYOLI_CONFIG_DIR=/path/on/a/local/disk" }
