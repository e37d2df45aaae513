package filelock

import (
	"context"
	"math/rand/v2"
	"time"
)

// wait is one bounded wait for a lock.
type wait struct {
	lock    *Lock
	parent  context.Context
	ctx     context.Context // parent, ended by the timeout
	stop    context.CancelFunc
	started time.Time
	never   bool // do not wait at all
	told    bool
	pauses  int
}

func startWait(ctx context.Context, l *Lock) *wait {
	w := &wait{lock: l, parent: ctx, started: time.Now()}
	w.ctx, w.stop = context.WithTimeout(ctx, l.o.Timeout)
	return w
}

// tell says once who is waited for.
func (w *wait) tell(holder string) {
	if !w.told {
		w.told = true
		w.lock.o.OnWait(holder)
	}
}

// pause waits a little for holder. The pauses grow from 1 to 10 ms and are scattered, so that many waiters do not
// look in step.
func (w *wait) pause(holder string) error {
	if w.never {
		return w.failed(holder)
	}
	if w.pauses > 2 {
		w.tell(holder)
	}
	longest := min(time.Millisecond<<min(w.pauses, 4), 10*time.Millisecond)
	w.pauses++
	t := time.NewTimer(longest/2 + rand.N(longest)) //nolint:gosec // scatter, not a secret
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-w.ctx.Done():
		return w.failed(holder)
	}
}

// failed is the error of a wait that ended without the lock.
func (w *wait) failed(holder string) error {
	if err := w.parent.Err(); err != nil {
		return err
	}
	return &LockedError{Path: w.lock.path, Waited: time.Since(w.started), Holder: holder}
}
