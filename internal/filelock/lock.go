package filelock

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Lock is a held lock. Its methods may be called by several goroutines.
type Lock struct {
	path string // as given: the lock directory lies beside it
	o    Options
	slot *slot
	fl   flocker

	mu       sync.Mutex
	dir      *dirLock  // nil while the directory is not ours
	met      time.Time // when another program's lock was last met, by the wall clock
	leftAt   time.Time // when the directory was last left
	released bool
}

// Acquire takes the flock of path, and with Options.PluginDir the lock directory too, and waits for them. It returns
// *LockedError after Options.Timeout, *UnsupportedError where the file system has no locks, and the context's error
// when that ends first.
func Acquire(ctx context.Context, path string, o Options) (*Lock, error) {
	l, err := open(path, o)
	if err != nil {
		return nil, err
	}
	w := startWait(ctx, l)
	defer w.stop()
	if err := l.takeFlock(w); err != nil {
		return nil, err
	}
	return l.finish(w)
}

// TryAcquire is Acquire without waiting: false when somebody else holds the lock.
func TryAcquire(ctx context.Context, path string, o Options) (*Lock, bool, error) {
	l, err := open(path, o)
	if err != nil {
		return nil, false, err
	}
	w := startWait(ctx, l)
	w.never = true
	defer w.stop()
	if err := l.takeFlock(w); err != nil {
		return nil, false, ignoreLocked(err)
	}
	if l, err = l.finish(w); err != nil {
		return nil, false, ignoreLocked(err)
	}
	return l, true, nil
}

// finish enters the directory where that was asked for at once, and gives everything back when it cannot.
func (l *Lock) finish(w *wait) (*Lock, error) {
	if !l.o.PluginDir {
		return l, nil
	}
	if err := l.enterDir(w); err != nil {
		return nil, errors.Join(err, l.Release())
	}
	return l, nil
}

func ignoreLocked(err error) error {
	var locked *LockedError
	if errors.As(err, &locked) {
		return nil
	}
	return err
}

func open(path string, o Options) (*Lock, error) {
	o = o.withDefaults()
	if o.FlockPath == "" {
		resolved, err := resolve(path)
		if err != nil {
			return nil, fmt.Errorf("cannot lock %s: %w", path, err)
		}
		o.FlockPath = resolved
	}
	return &Lock{path: path, o: o}, nil
}

// Release gives the directory and the flock back. Where another program's lock was met in the last minute it leaves
// the directory free for a moment before the next kyoli gets it. It may be called twice. The error is *LostError
// when the directory was still held and is not ours any more.
func (l *Lock) Release() error {
	err := l.LeaveDir()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.released {
		return err
	}
	l.released = true
	l.beCourteous()
	err = errors.Join(err, l.fl.Unlock())
	l.slot.release()
	idle.leave()
	return err
}

// courtesy is how long the directory stays free for a plugin: it looks every 50 to 500 ms, eleven times, and then
// gives up with a fresh token in hand.
const courtesy = 20 * time.Millisecond

// beCourteous waits out what is left of the gap. The caller holds mu.
func (l *Lock) beCourteous() {
	if !recent(l.met, l.o.Now()) || l.leftAt.IsZero() {
		return
	}
	time.Sleep(courtesy - time.Since(l.leftAt))
}

// recent says whether another program's lock was met less than a minute ago. A time ahead is not believed.
func recent(met, now time.Time) bool {
	age := now.Sub(met)
	return !met.IsZero() && age >= 0 && age < time.Minute
}
