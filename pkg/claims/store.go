package claims

import (
	"path/filepath"
	"strings"
	"time"

	"github.com/kyoli-gam/kyoli/internal/filelock"
	"github.com/kyoli-gam/kyoli/internal/procid"
)

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
	// OnEvent is told what has happened to claims, in the calling goroutine and without a lock. It may
	// be called from several at a time.
	OnEvent func(Event)
	// OnWait is told once who holds the lock that is being waited for.
	OnWait func(holder string)
}

// Store is the claims on one provider's accounts. It holds nothing open and is safe for concurrent
// use.
type Store struct {
	o      Options
	plugin string // the plugin's file, whose lock is the claims lock
	own    string // kyoli's file
}

// Open returns the claims that belong to an account file. It does no I/O.
func Open(accountFile string, o Options) *Store {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Self == (procid.Process{}) {
		o.Self = procid.Self()
	}
	if o.Alive == nil {
		o.Alive = func(p procid.Process) procid.State { return p.Alive(o.Self) }
	}
	if o.OnNote == nil {
		o.OnNote = func(Note) {}
	}
	if o.OnEvent == nil {
		o.OnEvent = func(Event) {}
	}
	plugin, own := paths(accountFile)
	return &Store{o: o, plugin: plugin, own: own}
}

// Path is the file in which kyoli keeps the claims.
func (s *Store) Path() string { return s.own }

// PluginPath is the plugin's file.
func (s *Store) PluginPath() string { return s.plugin }

// Lock is the claims lock, which lies beside the plugin's file.
func (s *Store) Lock() filelock.Place {
	return filelock.Place{Path: s.plugin, Options: filelock.Options{
		Timeout: s.o.LockTimeout, Stale: filelock.StaleClaims, Now: s.o.Now, OnWait: s.o.OnWait,
	}}
}

// paths derives the claims files: "openai-multi-account-accounts.json" has
// "openai-multi-account-claims.json", and any other "x.json" has "x-claims.json".
func paths(accountFile string) (plugin, own string) {
	dir, base := filepath.Split(accountFile)
	base = strings.TrimSuffix(base, ".json")
	base = strings.TrimSuffix(base, "-accounts")
	return dir + base + "-claims.json", dir + base + "-claims.kyoli.json"
}

func (s *Store) now() Millis { return MillisOf(s.o.Now()) }
