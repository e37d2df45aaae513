package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"

	"github.com/kyoli-gam/kyoli/internal/atomicfile"
	"github.com/kyoli-gam/kyoli/internal/filelock"
)

// maxTries bounds how often a change is made anew because another program took the lock or wrote without it.
const maxTries = 20

// errDisplaced says that what was replaced was not what had been read.
var errDisplaced = errors.New("another program wrote at the same moment, again and again")

// locker is a *filelock.Lock.
type locker interface {
	EnterDir(ctx context.Context) error
	Held() error
	LeaveDir() error
	Release() error
}

// Update reads the accounts under the lock, lets fn change them, writes them where that changed anything, and returns
// them as they now are. fn may be called again, with the accounts read anew. An error of fn is returned as it is, and
// nothing is written. Other errors: *DamagedError, *VersionError, *ReadError, *WriteError, *filelock.LockedError.
func (f *File) Update(ctx context.Context, fn func(*Accounts) error) (*Accounts, error) {
	f.replay(ctx)
	return f.update(ctx, fn)
}

// update is Update without replay.
func (f *File) update(ctx context.Context, fn func(*Accounts) error) (*Accounts, error) {
	u, err := f.begin(ctx, fn)
	if err != nil {
		return nil, err
	}
	a, err := u.run(ctx)
	if err == nil {
		u.afterwards()
	}
	_ = u.lock.Release() // the directory was left before; the flock goes with its descriptor in any case
	if err != nil {
		return nil, f.keepDamaged(u.path, err)
	}
	if !u.gone.empty() {
		err = f.forgetJournal(u.gone)
	}
	if u.reformed {
		if jerr := f.resealJournal(ctx, u.path, false); jerr != nil {
			f.noteJournal(f.journal(u.path).dir, jerr)
		}
	}
	return a, err
}

// update is one call of Update.
type update struct {
	f    *File
	fn   func(*Accounts) error
	path string // symlinks resolved, once
	lock locker

	pending *pending  // a change that was written and then displaced, or written under a lost lock
	final   *document // what was written
	gone    gone      // what is not in it any more
	saved   bool      // last-good holds what was read at first

	reformed bool // tokens were written in another form than they had
}

func (f *File) begin(ctx context.Context, fn func(*Accounts) error) (*update, error) {
	path, err := f.resolve()
	if err != nil {
		return nil, err
	}
	if err := atomicfile.MkdirPrivate(filepath.Dir(path)); err != nil {
		return nil, &WriteError{Path: f.path, Err: err}
	}
	lock, err := f.acquire(ctx, path)
	if err != nil {
		return nil, f.lockProblem(err)
	}
	return &update{f: f, fn: fn, path: path, lock: lock}, nil
}

// lockProblem makes a refusal to write the lock's files what it is for the user.
func (f *File) lockProblem(err error) error {
	for _, e := range []error{fs.ErrPermission, syscall.EROFS, syscall.ENOSPC} {
		if errors.Is(err, e) {
			return &WriteError{Path: f.path, Err: err}
		}
	}
	return err
}

// run repeats the change until it is in the file, or fails.
func (u *update) run(ctx context.Context) (*Accounts, error) {
	var a *Accounts
	var err error
	for range maxTries {
		if err = u.lock.EnterDir(ctx); err != nil {
			return nil, u.f.lockProblem(err)
		}
		a, err = u.attempt()
		if errors.Is(err, errDisplaced) {
			continue // still under the lock: write again, with both changes
		}
		left := u.lock.LeaveDir()
		if !isLost(err) && (err != nil || u.final == nil || !isLost(left)) {
			return a, err
		}
		if err == nil { // it was lost after the last look at it, perhaps before the rename
			err = left
		}
	}
	return nil, errors.Join(fmt.Errorf("cannot write %s: %w", u.f.path, err), u.lock.LeaveDir())
}

func isLost(err error) bool {
	var lost *filelock.LostError
	return errors.As(err, &lost)
}

// attempt reads, changes and writes.
func (u *update) attempt() (*Accounts, error) {
	onDisk, err := u.f.read(u.path)
	if err != nil {
		return nil, err
	}
	a := u.f.present(onDisk)
	if u.pending == nil {
		err = u.fn(a)
	} else {
		a = u.pending.again(onDisk, a)
	}
	if err != nil {
		return nil, err
	}
	return u.write(onDisk, a)
}

// write replaces onDisk by a's content.
func (u *update) write(onDisk *document, a *Accounts) (*Accounts, error) {
	next, err := a.encode()
	switch {
	case isKeyError(err):
		return nil, err
	case err != nil:
		return nil, &WriteError{Path: u.f.path, Err: err}
	}
	if next == onDisk || next != nil && onDisk != nil && bytes.Equal(next.raw, onDisk.raw) {
		if u.final != nil {
			u.final = onDisk
		}
		return a, nil
	}
	if err := u.f.mayWrite(next); err != nil {
		return nil, err
	}
	gone := u.beforehand(onDisk, a)
	renamed, displaced, err := u.replace(onDisk, next.raw)
	if renamed {
		u.gone.add(gone)
		u.reformed = u.reformed || a.reform
		u.written(onDisk, next, a, displaced)
		if u.pending.theirs != nil && err == nil {
			err = errDisplaced
		}
	}
	if err != nil {
		return nil, u.problem(err)
	}
	return u.f.accountsOf(next), nil
}

// mayWrite refuses what this version of kyoli must not or does not write.
func (f *File) mayWrite(d *document) error {
	if d.later != "" {
		return &VersionError{Path: f.path, Version: d.later}
	}
	if len(d.raw) > maxSize {
		return &WriteError{Path: f.path, Err: errors.New("the accounts would take more than 64 MiB")}
	}
	return nil
}

// replace writes next. It returns whether that is in the file, and what it displaced where that can be seen.
func (u *update) replace(onDisk *document, next []byte) (renamed bool, displaced []byte, err error) {
	err = atomicfile.Write(u.path, next, atomicfile.Options{
		NoReplace:    onDisk == nil,
		BeforeRename: u.lock.Held,
		AfterRename: func() error {
			renamed = true
			return u.lock.Held()
		},
		Displaced: func(content []byte) error {
			displaced = content
			return nil
		},
	})
	return renamed, displaced, err
}

// problem makes the system's errors ours.
func (u *update) problem(err error) error {
	if errors.Is(err, errDisplaced) || isLost(err) {
		return err
	}
	if errors.Is(err, fs.ErrExist) { // the file was missing, and is there now: read it
		return errDisplaced
	}
	return &WriteError{Path: u.f.path, Err: err}
}
