package filelock

import "time"

const (
	// DefaultTimeout is how long Acquire and EnterDir each wait where Options.Timeout is zero.
	DefaultTimeout = 30 * time.Second

	// StaleAccounts is the age at which the plugins take the lock directory of an account file for left over
	// (npm opencode-multi-account-core).
	StaleAccounts = 10 * time.Second
	// StaleClaims is that age for the lock of the claims.
	StaleClaims = 15 * time.Second
	// StaleRefresh is that age for a refresh lease.
	StaleRefresh = 45 * time.Second
)

// Options say how a lock is taken. The zero value is the account file's.
type Options struct {
	// Timeout bounds the wait of Acquire, and of each EnterDir. Zero is DefaultTimeout.
	Timeout time.Duration
	// Stale is the plugins' limit for the lock directory of this file. Zero is StaleAccounts.
	Stale time.Duration
	// PluginDir makes Acquire and TryAcquire enter the lock directory too, for a lock that covers more than a
	// rewrite (the refresh lease). Without it the caller calls EnterDir, late.
	PluginDir bool
	// FlockPath is the file beside which the flock lies ("<FlockPath>.flock"). Empty is the path itself with
	// symlinks resolved. It is for files that lie beside a symlinked one, such as the refresh lease's.
	FlockPath string
	// Now is the wall clock, which only decides for how long another program's lock is remembered. Waits and
	// staleness do not depend on it. Nil is time.Now.
	Now func() time.Time
	// OnWait is called once for a wait, with the holder in words. It may be nil.
	OnWait func(holder string)

	// What follows is replaced by tests only.
	awake func() time.Duration // a clock that goes on while the machine sleeps
	up    func() (time.Duration, bool)
	flock func(path string) flocker
	steps hooks
}

// hooks are called between the steps of a take-over and of an entry, so that tests can act in between.
type hooks struct {
	beforeSteal       func()
	noExclusiveRename bool // as on a file system without RENAME_NOREPLACE
}

func (o Options) withDefaults() Options {
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Stale == 0 {
		o.Stale = StaleAccounts
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.OnWait == nil {
		o.OnWait = func(string) {}
	}
	if o.awake == nil {
		o.awake = awake
	}
	if o.up == nil {
		o.up = uptime
	}
	if o.flock == nil {
		o.flock = newFlock
	}
	return o
}
