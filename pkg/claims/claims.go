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
	"crypto/rand"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"github.com/kyoli-gam/kyoli/internal/procid"
)

// The times that claims live by.
const (
	// Beat is the interval of heartbeats.
	Beat = 20 * time.Second
	// Silence is how long a claim counts as alive whose holder cannot be looked at, after it was
	// last seen to change; it is also when the plugin drops an entry.
	Silence = 60 * time.Second
	// StickyFor is how long a session key stays bound to an account without being used.
	StickyFor = 6 * time.Hour
	// StickyMost is how many session keys are kept; the longest unused go first.
	StickyMost = 2000
)

// Holder is one process's claim on one account.
type Holder struct {
	// ID is the session: one run of kyoli (see [NewSession]). It is what releasing asks for.
	// Holders of the plugin have "plugin-<pid>".
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
	// Waiting marks a process at the head of the queue for which the account is set aside and
	// which is about to take it.
	Waiting bool
}

// NewSession returns a new session id, short enough to be typed.
func NewSession() string { return strings.ToLower(rand.Text()[:12]) }

// Cursor is where round-robin stands. It names the account last given out, and its place in the
// account file at that time, where to go on when the account has been removed since.
type Cursor struct {
	// UUID is the account last given out; empty at the start.
	UUID string `json:"uuid"`
	// Index is its place in the list.
	Index int `json:"index"`
}

// Choice is what a chooser wants to have claimed.
type Choice struct {
	// UUID is the account.
	UUID string
	// Cursor moves the round-robin cursor; nil leaves it.
	Cursor *Cursor
	// StickyKey binds this session key to the account; empty binds nothing.
	StickyKey string
	// Wants are, with [ErrBusy], the accounts that would do as soon as they are free, best first.
	Wants []string
}

// Note is something the user should be told.
type Note struct {
	// File is the file it is about.
	File string
	// Text says what was done, in words.
	Text string
}

// commandName is the bare name of a program: no directory, no arguments, nothing that a terminal
// would obey, and of bounded length.
func commandName(s string) string {
	if i := strings.LastIndexAny(s, `/\`); i >= 0 {
		s = s[i+1:]
	}
	s = filepath.Base(strings.ToValidUTF8(s, ""))
	if i := strings.IndexFunc(s, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }); i >= 0 {
		s = s[:i]
	}
	if s == "." {
		return ""
	}
	const most = 64
	if r := []rune(s); len(r) > most {
		s = string(r[:most])
	}
	return s
}
