package filelock

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/gofrs/flock"
)

// flocker is the part of *flock.Flock that is used here.
type flocker interface {
	TryLock() (bool, error)
	Unlock() error
	Stat() (fs.FileInfo, error)
}

func newFlock(path string) flocker { return flock.New(path) }

// noLocksPatience is how long ENOLCK is taken for a lock service that is starting.
const noLocksPatience = time.Second

const (
	thisProcess  = "another task of this process"
	otherProcess = "another kyoli process"
)

// takeFlock takes the process's own queue and then the flock. The library lets one object be locked twice, hence the
// queue, and a new object each time.
func (l *Lock) takeFlock(w *wait) error {
	path := l.o.FlockPath + ".flock"
	if err := l.takeSlot(w, path); err != nil {
		return err
	}
	l.fl = l.o.flock(path)
	for {
		ok, err := l.tryFlock(w, path)
		if ok {
			return nil
		}
		if err == nil {
			err = w.pause(otherProcess)
		}
		if err != nil {
			l.slot.release()
			return err
		}
	}
}

func (l *Lock) takeSlot(w *wait, path string) (err error) {
	s, ok := trySlot(path)
	if !ok {
		if w.never {
			return w.failed(thisProcess)
		}
		if s, err = takeSlot(w.ctx, path); err != nil {
			return w.failed(thisProcess)
		}
	}
	l.slot = s
	return nil
}

// tryFlock makes one attempt. It is counted as a held lock from before the attempt, so that a signal never falls into
// the moment between getting the lock and knowing it.
func (l *Lock) tryFlock(w *wait, path string) (bool, error) {
	if err := idle.enter(w.ctx); err != nil {
		return false, w.failed(thisProcess)
	}
	ok, err := l.fl.TryLock()
	if ok && l.unlinked(path) {
		ok, err = false, l.fl.Unlock()
	}
	if !ok {
		idle.leave()
	}
	return ok, l.flockError(w, path, err)
}

// unlinked says whether somebody removed the flock file while it was waited for: then this flock excludes nobody.
func (l *Lock) unlinked(path string) bool {
	mine, err := l.fl.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err != nil || !os.SameFile(mine, there)
}

// flockError turns what the system said into what the caller is told; nil means: try again.
func (l *Lock) flockError(w *wait, path string, err error) error {
	switch {
	case err == nil, errors.Is(err, syscall.EINTR):
		return nil
	case errors.Is(err, syscall.ENOLCK) && !w.never && time.Since(w.started) < noLocksPatience:
		return nil
	case errors.Is(err, syscall.ENOLCK), errors.Is(err, syscall.ENOTSUP),
		errors.Is(err, syscall.EOPNOTSUPP), errors.Is(err, syscall.ENOSYS):
		return &UnsupportedError{Path: path, Err: err}
	}
	return fmt.Errorf("cannot lock %s: %w", path, err)
}
