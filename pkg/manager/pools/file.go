package pools

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/kyoli-gam/kyoli/internal/atomicfile"
	"github.com/kyoli-gam/kyoli/internal/filelock"
	"github.com/kyoli-gam/kyoli/internal/regular"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

const (
	// fileName is the plugin's.
	fileName = "multiauth-pools.json"
	// maxSize bounds what is read; a pool of a thousand accounts takes 50 KiB.
	maxSize = 16 << 20
	// lostTries is how often a lock that was lost to another program is taken again.
	lostTries = 4
)

// Locate returns the file that is in force: workDir's own (".opencode/multiauth-pools.json") where it exists, else the
// one in configDir.
func Locate(configDir, workDir string) string {
	if workDir != "" {
		project := filepath.Join(workDir, ".opencode", fileName)
		if _, err := os.Stat(project); err == nil {
			return project
		}
	}
	return filepath.Join(configDir, fileName)
}

// Options are what a [File] needs from outside. The zero value works.
type Options struct {
	// LockTimeout is how long to wait for the lock; 0 = 30 s.
	LockTimeout time.Duration
	// Now is the clock; nil = time.Now.
	Now func() time.Time
	// OnWait is told once who holds the lock that is being waited for.
	OnWait func(holder string)
}

// File is the file on disk. It holds nothing open and is safe for concurrent use.
type File struct {
	path string
	o    Options
}

// Open returns the file at path. It does no I/O.
func Open(path string, o Options) *File { return &File{path: path, o: o} }

// Path is where the file is.
func (f *File) Path() string { return f.path }

// Load reads the file, without a lock; a missing one is empty. Errors: *[DamagedError], *store.ReadError.
func (f *File) Load(ctx context.Context) (*Config, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	raw, err := f.read()
	if err != nil {
		return nil, err
	}
	return f.parse(raw)
}

// read returns the content, nil for a missing file.
func (f *File) read() ([]byte, error) {
	file, err := regular.Open(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, &store.ReadError{Path: f.path, Err: err}
	}
	defer file.Close()
	raw, err := io.ReadAll(io.LimitReader(file, maxSize+1))
	if err != nil {
		return nil, &store.ReadError{Path: f.path, Err: err}
	}
	if len(raw) > maxSize {
		return nil, &DamagedError{Path: f.path, Offset: maxSize, Reason: "the file is larger than 16 MiB"}
	}
	return raw, nil
}

// Parse reads the content of a file of pools and chains; source names it in the error, which is a *[DamagedError].
func Parse(source string, raw []byte) (*Config, error) { return Open(source, Options{}).parse(raw) }

func (f *File) parse(raw []byte) (*Config, error) {
	if raw == nil {
		return &Config{path: f.path}, nil
	}
	c, p := parse(raw)
	if p != nil {
		return nil, &DamagedError{Path: f.path, Offset: int64(p.offset), Pointer: p.pointer, Reason: p.text}
	}
	c.path = f.path
	return c, nil
}

// Update reads the file under its lock, lets fn change what was read, writes it where that changed anything, and
// returns it. fn may be called again, on what was read anew. An error of fn is returned as it is, and nothing is
// written. Other errors: *[DamagedError], *store.ReadError, *store.WriteError, *filelock.LockedError.
func (f *File) Update(ctx context.Context, fn func(*Config) error) (*Config, error) {
	path, err := atomicfile.Resolve(f.path)
	if err != nil {
		return nil, &store.ReadError{Path: f.path, Err: err}
	}
	if err := atomicfile.MkdirPrivate(filepath.Dir(path)); err != nil {
		return nil, &store.WriteError{Path: f.path, Err: err}
	}
	place := f.lockAt(path)
	lock, err := filelock.Acquire(ctx, place.Path, place.Options)
	if err != nil {
		return nil, f.lockProblem(err)
	}
	defer func() { _ = lock.Release() }()
	for try := 1; ; try++ {
		c, err := f.attempt(ctx, path, lock, fn)
		if _, lost := errors.AsType[*filelock.LostError](err); !lost || try == lostTries {
			return c, err
		}
	}
}

// Lock is the lock of the file.
func (f *File) Lock() (filelock.Place, error) {
	path, err := atomicfile.Resolve(f.path)
	if err != nil {
		return filelock.Place{}, &store.ReadError{Path: f.path, Err: err}
	}
	return f.lockAt(path), nil
}

// lockAt is the lock, given the resolved path: the plugin's lies beside that here (proper-lockfile without
// realpath: false).
func (f *File) lockAt(path string) filelock.Place {
	return filelock.Place{Path: path, Options: filelock.Options{
		Timeout: f.o.LockTimeout, Stale: filelock.StaleAccounts, Now: f.o.Now, OnWait: f.o.OnWait,
	}}
}

// lockProblem makes a refusal to write the lock's files what it is for the user.
func (f *File) lockProblem(err error) error {
	for _, e := range []error{fs.ErrPermission, syscall.EROFS, syscall.ENOSPC} {
		if errors.Is(err, e) {
			return &store.WriteError{Path: f.path, Err: err}
		}
	}
	return err
}

func (f *File) attempt(ctx context.Context, path string, lock *filelock.Lock, fn func(*Config) error) (*Config, error) {
	if err := lock.EnterDir(ctx); err != nil {
		return nil, f.lockProblem(err)
	}
	// That the lock was lost after the rename harms nothing: what was written is there, or was replaced by a program
	// that had read it.
	defer func() { _ = lock.LeaveDir() }()
	c, err := f.Load(ctx)
	if err != nil {
		return nil, err
	}
	before := c.doc
	if err := fn(c); err != nil {
		return nil, err
	}
	after, err := c.encode()
	if err != nil {
		return nil, &store.WriteError{Path: f.path, Err: fmt.Errorf("encode: %w", err)}
	}
	if bytes.Equal(before, after) || before == nil && string(after) == emptyFile {
		return c, nil
	}
	if err := atomicfile.Write(path, after, atomicfile.Options{BeforeRename: lock.Held}); err != nil {
		if _, lost := errors.AsType[*filelock.LostError](err); lost {
			return nil, err
		}
		return nil, &store.WriteError{Path: f.path, Err: err}
	}
	_ = atomicfile.Sweep(path) // what one that was killed in the midst of it left behind
	return f.parse(after)
}
