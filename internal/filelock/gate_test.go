package filelock

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestWaitIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g gate
		must(t, g.enter(context.Background()))
		done := false
		go func() {
			must(t, g.wait(context.Background(), func(g *gate) bool { return g.count == 0 }))
			done = true
		}()
		synctest.Wait()
		if done {
			t.Fatal("idle while a lock was held")
		}
		g.leave()
		synctest.Wait()
		if !done {
			t.Fatal("not idle after the last lock was released")
		}
	})
}

func TestPause(t *testing.T) {
	path := target(t)
	lease := acquire(t, path+".lease", Options{})
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if _, err := Pause(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("paused with a held lock: %v", err)
	}
	// Whoever holds one lock gets the next; else it could never finish.
	inner := acquire(t, path, Options{})
	must(t, inner.Release())
	must(t, lease.Release())

	resume, err := Pause(context.Background())
	must(t, err)
	_, err = Acquire(context.Background(), path, Options{Timeout: 10 * time.Millisecond})
	var locked *LockedError
	if !errors.As(err, &locked) {
		t.Fatalf("got a lock during a pause (%v)", err)
	}
	resume()
	resume()
	acquire(t, path, Options{})
	if err := WaitIdle(ctx); err == nil {
		t.Error("idle while a lock is held")
	}
}
