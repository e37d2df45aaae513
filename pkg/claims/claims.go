// Package claims keeps the leases that processes hold on accounts.
//
// A claim says that a process works with an account, so that the next process takes another one.
// It costs nothing to the account and is no lock: whoever wants an account that others hold may
// have it, unless one of them holds it exclusively.
//
// The package promises that processes which select at the same moment see each other: selecting
// and claiming are one step under a lock. A claim lives as long as the process that holds it,
// whatever becomes of the process that made it, and no longer. What it cannot find out it counts
// as alive, for at most a minute.
//
// kyoli's own file keeps all holders; the file of the npm plugins (opencode-multi-account-core)
// keeps one process an account, and is kept in step with it, both ways.
package claims

import (
	"time"

	"github.com/kyoli-gam/kyoli/internal/procid"
)

// Millis is a time in milliseconds since the epoch, as in all files shared with the plugin.
// 0 = never.
type Millis int64

// MillisOf converts a time; the zero time is 0.
func MillisOf(t time.Time) Millis {
	if t.IsZero() {
		return 0
	}
	return Millis(t.UnixMilli())
}

// Time converts back; 0 is the zero time.
func (m Millis) Time() time.Time {
	if m == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(m))
}

// Holder is one process's claim on one account.
type Holder struct {
	// ID is the session: one run of kyoli. It is what releasing asks for. Holders of the plugin
	// have "plugin-<pid>".
	ID string
	// Process is who holds it; of the plugin's holders only the PID is known.
	procid.Process
	// Command is the name of the program, without its arguments, which could hold secrets.
	Command string
	// Since is when the claim was made, Seen when its holder was last seen alive.
	Since, Seen Millis
	// Exclusive keeps all others off the account.
	Exclusive bool
	// Foreign marks a holder out of the plugin's file.
	Foreign bool
	// Waiting marks an account that is set aside for a process that waits in the queue and is
	// about to take it.
	Waiting bool
}

// Cursor is where round-robin stands. It names the account last given out, and its place in the
// account file at that time, where to go on when the account has been removed since.
type Cursor struct {
	// UUID is the account last given out; empty at the start.
	UUID string
	// Index is its place in the list.
	Index int
}

// Choice is what a chooser wants to have claimed.
type Choice struct {
	// UUID is the account.
	UUID string
	// Cursor moves the round-robin cursor; nil leaves it.
	Cursor *Cursor
	// StickyKey binds this session key to the account; empty binds nothing.
	StickyKey string
}

// Options are what a [Store] needs from outside. The zero value works.
type Options struct {
	// LockTimeout is how long to wait for the claims lock; 0 = 30 s.
	LockTimeout time.Duration
	// Now is the clock; nil = time.Now.
	Now func() time.Time
	// Self is the calling process; zero = procid.Self().
	Self procid.Process
	// Alive tells whether a process lives; nil asks the operating system.
	Alive func(procid.Process) procid.State
	// OnNote is told what the user should know, such as a damaged file that was set aside.
	OnNote func(Note)
	// OnWait is told once who holds the lock that is being waited for.
	OnWait func(holder string)
}

// Note is something the user should be told.
type Note struct {
	// File is the file it is about.
	File string
	// Text says what was done, in words.
	Text string
}
