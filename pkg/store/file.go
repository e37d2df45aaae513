package store

import (
	"context"
	"path/filepath"
	"sync"
	"time"

	"github.com/kyoli-gam/kyoli/internal/filelock"
)

// Options are how a File behaves. The zero value is ready for use.
type Options struct {
	// LockTimeout bounds each wait for a lock; zero is 30 s. A refresh lease waits 60 s at least.
	LockTimeout time.Duration
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// OnNote is told what the user should know, each thing once for a File. It may be called from several goroutines.
	OnNote func(Note)
	// OnWait is told what is being waited for, once for a wait.
	OnWait func(what string)
	// Sealing is how tokens are kept from those who can read the files.
	Sealing Sealing
}

// File is an account file on disk. It is safe for concurrent use.
type File struct {
	path    string
	o       Options
	acquire func(ctx context.Context, resolved string) (locker, error)
	settle  func(ctx context.Context)
	sweep   sync.Once

	mu     sync.Mutex
	cached *document // what was read or written last, so that the same content is not parsed twice
	opened *document // the same with its tokens opened, where they are sealed
	noted  map[Note]bool

	nothing lastReplay
}

// Open returns the account file at path, which need not exist. It does no I/O.
func Open(path string, o Options) *File {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.OnNote == nil {
		o.OnNote = func(Note) {}
	}
	if o.OnWait == nil {
		o.OnWait = func(string) {}
	}
	f := &File{path: filepath.Clean(path), o: o, settle: settle, noted: make(map[Note]bool)}
	f.acquire = f.flock
	return f
}

// flock takes the first part of the account file's lock.
func (f *File) flock(ctx context.Context, resolved string) (locker, error) {
	return filelock.Acquire(ctx, f.path, f.lockOptions(resolved))
}

func (f *File) lockOptions(resolved string) filelock.Options {
	return filelock.Options{
		Timeout: f.o.LockTimeout, Stale: filelock.StaleAccounts, FlockPath: resolved, Now: f.o.Now, OnWait: f.o.OnWait,
	}
}

// note tells the user something, once.
func (f *File) note(n Note) {
	f.mu.Lock()
	told := f.noted[n]
	f.noted[n] = true
	f.mu.Unlock()
	if !told {
		f.o.OnNote(n)
	}
}

// Path returns the path that the file was opened by, symlinks unresolved.
func (f *File) Path() string { return f.path }
