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
	Lock() error // waits without end
	Unlock() error
	Stat() (fs.FileInfo, error)
}

func newFlock(path string) flocker {
	return flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDONLY|noWait))
}

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
		if !ok && err == nil {
			ok, err = l.awaitFlock(w, path)
		}
		if ok {
			return nil
		}
		if err != nil {
			l.slot.release()
			return err
		}
	}
}

// soon is how long is waited without a word.
const soon = 10 * time.Millisecond

// awaitFlock stands in the system's queue, which is in order and costs nothing: many who look again and again keep the
// machine busy, and some of them never have luck. It may return false without an error: try again.
func (l *Lock) awaitFlock(w *wait, path string) (bool, error) {
	if w.never {
		return false, w.failed(otherProcess)
	}
	fl := l.o.flock(path)
	got := make(chan error, 1)
	go func() { got <- fl.Lock() }()
	quiet := time.NewTimer(soon)
	defer quiet.Stop()
	for {
		select {
		case err := <-got:
			if err != nil {
				return false, l.retry(w, l.flockError(w, path, err))
			}
			return l.enterFlock(fl, path)
		case <-quiet.C:
			w.tell(otherProcess)
		case <-w.ctx.Done():
			go func() { // the system's queue cannot be left
				if <-got == nil {
					_ = fl.Unlock()
				}
			}()
			return false, w.failed(otherProcess)
		}
	}
}

// retry waits a little before the next attempt, where err is none.
func (l *Lock) retry(w *wait, err error) error {
	if err != nil {
		return err
	}
	return w.pause(otherProcess)
}

// enterFlock counts a flock that was waited for, unless a signal is about to stop or end the process: then it is given
// back.
func (l *Lock) enterFlock(fl flocker, path string) (bool, error) {
	if !idle.tryEnter() {
		return false, fl.Unlock()
	}
	if l.fl = fl; !l.unlinked(path) {
		return true, nil
	}
	idle.leave()
	return false, fl.Unlock()
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
