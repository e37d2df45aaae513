package filelock

import (
	"context"
	"sync"
)

// idle counts the locks of this process, so that a signal can wait until there is none.
var idle gate

// gate is a counter that can be waited on for zero, and held there.
type gate struct {
	mu      sync.Mutex
	count   int
	paused  int
	changed chan struct{} // closed at the next change; nil while nobody waits
}

// Busy returns the number of locks that this process holds at the moment.
func Busy() int {
	idle.mu.Lock()
	defer idle.mu.Unlock()
	return idle.count
}

// WaitIdle returns when this process holds no lock, or with the context's error. Another goroutine may take one
// directly after; see Pause.
func WaitIdle(ctx context.Context) error {
	resume, err := Pause(ctx)
	if err != nil {
		return err
	}
	resume()
	return nil
}

// Pause waits until this process holds no lock, and then keeps it from taking any until resume is called (once or
// more). It is for a process that is about to stop or to exit on a signal. A goroutine that holds one lock can always
// take the next.
func Pause(ctx context.Context) (resume func(), err error) {
	if err := idle.wait(ctx, func(g *gate) bool {
		if g.count > 0 {
			return false
		}
		g.paused++
		return true
	}); err != nil {
		return nil, err
	}
	return sync.OnceFunc(func() {
		idle.change(func(g *gate) { g.paused-- })
	}), nil
}

// enter counts a lock that is about to be tried for.
func (g *gate) enter(ctx context.Context) error {
	return g.wait(ctx, func(g *gate) bool {
		if g.paused > 0 {
			return false
		}
		g.count++
		return true
	})
}

// tryEnter is enter without waiting.
func (g *gate) tryEnter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.paused > 0 {
		return false
	}
	g.count++
	return true
}

func (g *gate) leave() {
	g.change(func(g *gate) { g.count-- })
}

// wait calls done under the mutex, at first and after each change, until it says yes.
func (g *gate) wait(ctx context.Context, done func(*gate) bool) error {
	for {
		g.mu.Lock()
		if done(g) {
			g.mu.Unlock()
			return nil
		}
		if g.changed == nil {
			g.changed = make(chan struct{})
		}
		changed := g.changed
		g.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (g *gate) change(fn func(*gate)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	fn(g)
	if g.changed != nil {
		close(g.changed)
		g.changed = nil
	}
}
