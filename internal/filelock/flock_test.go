package filelock

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestAcquireExcludesGoroutines(t *testing.T) {
	path := target(t)
	var inside, most int
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			l, err := Acquire(context.Background(), path, Options{})
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			inside++
			most = max(most, inside)
			mu.Unlock()
			mu.Lock()
			inside--
			mu.Unlock()
			if err := l.Release(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if most != 1 {
		t.Errorf("%d goroutines held the lock at once", most)
	}
	if len(slots.m) != 0 {
		t.Errorf("%d queues are left over", len(slots.m))
	}
}

func TestAcquireTimesOut(t *testing.T) {
	path := target(t)
	acquire(t, path, Options{})
	_, err := Acquire(context.Background(), path, Options{Timeout: 30 * time.Millisecond})
	var locked *LockedError
	if !errors.As(err, &locked) {
		t.Fatalf("got %v, want a LockedError", err)
	}
	if locked.Path != path || locked.Waited < 30*time.Millisecond || locked.Holder != thisProcess {
		t.Errorf("got %+v", locked)
	}
	if !strings.Contains(err.Error(), path) || locked.Hint() == "" {
		t.Errorf("message %q, hint %q", err, locked.Hint())
	}
	if Busy() != 1 {
		t.Errorf("Busy is %d after a failed acquisition, want 1", Busy())
	}
}

func TestAcquireIsCancelled(t *testing.T) {
	path := target(t)
	acquire(t, path, Options{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Acquire(ctx, path, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func TestTryAcquireDoesNotWait(t *testing.T) {
	path := target(t)
	first := acquire(t, path, Options{})
	if _, ok, err := TryAcquire(context.Background(), path, Options{}); ok || err != nil {
		t.Fatalf("got %t, %v for a held lock", ok, err)
	}
	must(t, first.Release())
	l, ok, err := TryAcquire(context.Background(), path, Options{})
	if !ok || err != nil {
		t.Fatalf("got %t, %v for a free lock", ok, err)
	}
	must(t, l.Release())
}

func TestTryAcquireSkipsHeldDirectory(t *testing.T) {
	path := target(t)
	must(t, os.Mkdir(path+".lock", 0o700))
	_, ok, err := TryAcquire(context.Background(), path, Options{PluginDir: true})
	if ok || err != nil {
		t.Fatalf("got %t, %v", ok, err)
	}
	if Busy() != 0 {
		t.Error("the flock was kept")
	}
}

func TestAcquireThroughSymlinks(t *testing.T) {
	path := target(t)
	link := filepath.Join(t.TempDir(), "link.json")
	if err := os.Symlink(path, link); err != nil {
		t.Skip(err)
	}
	acquire(t, link, Options{})
	if _, ok, err := TryAcquire(context.Background(), path, Options{}); ok || err != nil {
		t.Errorf("the two names of one file have two locks (%v)", err)
	}
	if _, err := os.Stat(link + ".flock"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("flock beside the symlink: %v", err)
	}
}

func TestAcquireMissingFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none.json")
	must(t, acquire(t, path, Options{PluginDir: true}).Release())
	_, err := Acquire(context.Background(), filepath.Join(path, "no", "directory"), Options{})
	if err == nil || !strings.Contains(err.Error(), "no") {
		t.Errorf("got %v for a missing directory", err)
	}
}

func TestAcquireFlockPath(t *testing.T) {
	path := target(t)
	acquire(t, path, Options{FlockPath: path + ".other"})
	if _, err := os.Stat(path + ".other.flock"); err != nil {
		t.Error(err)
	}
}

func TestAcquireNoticesUnlinkedFlock(t *testing.T) {
	path := target(t)
	o := Options{}
	removed := false
	o.flock = func(p string) flocker {
		return hookFlock{newFlock(p), func() {
			if !removed {
				removed = true
				must(t, os.Remove(p))
			}
		}}
	}
	acquire(t, path, o)
	if _, ok, err := TryAcquire(context.Background(), path, Options{}); ok || err != nil {
		t.Errorf("second lock: %t, %v: the first is on a file that is gone", ok, err)
	}
	other := startChild(t, "try", path)
	other.expect("locked")
}

// hookFlock runs a function after a lock was got.
type hookFlock struct {
	flocker
	after func()
}

func (h hookFlock) TryLock() (bool, error) {
	ok, err := h.flocker.TryLock()
	if ok {
		h.after()
	}
	return ok, err
}

// noFlock is a file system that gives no locks.
type noFlock struct{ err error }

func (n noFlock) TryLock() (bool, error)     { return false, n.err }
func (n noFlock) Lock() error                { return n.err }
func (n noFlock) Unlock() error              { return nil }
func (n noFlock) Stat() (fs.FileInfo, error) { return nil, n.err }

func TestAcquireWithoutLockService(t *testing.T) {
	path := target(t)
	tests := []struct {
		err     error
		waits   bool
		wantHas string
	}{
		{syscall.ENOLCK, true, "gives no locks"},
		{syscall.ENOSYS, false, "gives no locks"},
		{&fs.PathError{Op: "open", Path: path, Err: syscall.EACCES}, false, "permission denied"},
	}
	for _, tt := range tests {
		t.Run(tt.err.Error(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				_, err := Acquire(context.Background(), path, Options{flock: func(string) flocker { return noFlock{tt.err} }})
				if took := time.Since(start); took > 2*time.Second || tt.waits != (took >= noLocksPatience) {
					t.Errorf("took %s", took)
				}
				if err == nil || !strings.Contains(err.Error(), path) || !errors.Is(err, tt.err) {
					t.Errorf("got %v", err)
				}
				var unsupported *UnsupportedError
				if errors.As(err, &unsupported) && unsupported.Hint() == "" {
					t.Error("no hint")
				}
				if !strings.Contains(err.Error(), tt.wantHas) && errors.As(err, &unsupported) {
					t.Errorf("got %v, want it to say %q", err, tt.wantHas)
				}
			})
		})
	}
	if Busy() != 0 {
		t.Errorf("Busy is %d", Busy())
	}
}

func TestInterruptedFlockIsTriedAgain(t *testing.T) {
	calls := 0
	o := Options{flock: func(p string) flocker {
		return countFlock{newFlock(p), &calls}
	}}
	acquire(t, target(t), o)
	if calls != 2 {
		t.Errorf("%d attempts, want 2", calls)
	}
}

type countFlock struct {
	flocker
	calls *int
}

func (c countFlock) TryLock() (bool, error) {
	if *c.calls++; *c.calls == 1 {
		return false, syscall.EINTR
	}
	return c.flocker.TryLock()
}

func (c countFlock) Lock() error {
	*c.calls++
	return c.flocker.Lock()
}

func TestReleaseTwice(t *testing.T) {
	l := acquire(t, target(t), Options{PluginDir: true})
	must(t, l.Release())
	must(t, l.Release())
	if Busy() != 0 {
		t.Errorf("Busy is %d", Busy())
	}
	if err := l.EnterDir(context.Background()); err == nil {
		t.Error("a released lock entered the directory")
	}
}

func TestOnWait(t *testing.T) {
	path := target(t)
	must(t, os.Mkdir(path+".lock", 0o700))
	synctest.Test(t, func(t *testing.T) { // it is told after some looks, for which there has to be time
		var told []string
		_, err := Acquire(context.Background(), path, Options{
			PluginDir: true, Timeout: 60 * time.Millisecond, OnWait: func(h string) { told = append(told, h) },
		})
		var locked *LockedError
		if !errors.As(err, &locked) || len(told) != 1 || !strings.Contains(told[0], path+".lock") {
			t.Errorf("told %q, error %v", told, err)
		}
	})
}

// A lock that comes while a signal is about to stop the process is the next one's.
func TestPausedWaiterGivesTheFlockBack(t *testing.T) {
	path := target(t)
	holder := startChild(t, "hold", path)
	holder.expect("holding")
	waiting := make(chan struct{})
	got := make(chan error, 1)
	go func() {
		l, err := Acquire(context.Background(), path, Options{Timeout: 10 * time.Minute, OnWait: func(string) { close(waiting) }})
		if err == nil {
			err = l.Release()
		}
		got <- err
	}()
	<-waiting
	resume, err := Pause(context.Background())
	must(t, err)
	holder.kill()
	next := startChild(t, "hold", path)
	next.expect("holding")
	select {
	case err := <-got:
		t.Errorf("it has the lock: %v", err)
	default:
	}
	resume()
	next.kill()
	must(t, <-got)
}

// A wait that ends leaves no lock behind once its turn comes.
func TestFlockOfAWaitThatEnded(t *testing.T) {
	path := target(t)
	holder := startChild(t, "hold", path)
	holder.expect("holding")
	_, err := Acquire(context.Background(), path, Options{Timeout: 50 * time.Millisecond})
	var locked *LockedError
	if !errors.As(err, &locked) {
		t.Fatal(err)
	}
	holder.kill()
	acquire(t, path, Options{Timeout: time.Minute})
}
