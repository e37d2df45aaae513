package filelock

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// bothWays runs a test with the exclusive rename and without.
func bothWays(t *testing.T, fn func(t *testing.T, o Options)) {
	t.Run("rename", func(t *testing.T) { fn(t, Options{}) })
	t.Run("in place", func(t *testing.T) { fn(t, Options{steps: hooks{noExclusiveRename: true}}) })
}

func markers(t *testing.T, path string) []string {
	t.Helper()
	entries, err := os.ReadDir(path + ".lock")
	must(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestEnterDir(t *testing.T) {
	bothWays(t, func(t *testing.T, o Options) {
		path := target(t)
		l := acquire(t, path, o)
		if got := litter(t, path); got != nil {
			t.Fatalf("before entering there is %q", got)
		}
		var lost *LostError
		if err := l.Held(); !errors.As(err, &lost) {
			t.Errorf("Held before entering: %v", err)
		}
		must(t, l.EnterDir(context.Background()))
		must(t, l.EnterDir(context.Background()))
		if got := markers(t, path); len(got) != 1 || !strings.HasPrefix(got[0], "owner-") {
			t.Errorf("the directory holds %q, want one marker as the plugins name theirs", got)
		}
		must(t, l.Held())
		must(t, l.LeaveDir())
		must(t, l.LeaveDir())
		if got := litter(t, path); got != nil {
			t.Errorf("left behind: %q", got)
		}
		must(t, l.EnterDir(context.Background()))
		must(t, l.Release())
		if got := litter(t, path); got != nil {
			t.Errorf("left behind: %q", got)
		}
	})
}

// An empty directory is what older plugins hold; plain rename would replace it.
func TestEnterDirWaitsForOtherProgram(t *testing.T) {
	bothWays(t, func(t *testing.T, o Options) {
		path := target(t)
		must(t, os.Mkdir(path+".lock", 0o700))
		o.Stale, o.Timeout = time.Hour, 10*time.Minute
		l := acquire(t, path, o)
		got := make(chan error, 1)
		go func() { got <- l.EnterDir(context.Background()) }()
		select {
		case err := <-got:
			t.Fatalf("entered a held directory: %v", err)
		case <-time.After(100 * time.Millisecond):
		}
		must(t, os.Remove(path+".lock"))
		must(t, <-got)
		must(t, l.Held())
	})
}

func TestEnterDirTimesOutAndCancels(t *testing.T) {
	bothWays(t, func(t *testing.T, o Options) {
		path := target(t)
		must(t, os.Mkdir(path+".lock", 0o700))
		o.Timeout = 50 * time.Millisecond
		l := acquire(t, path, o)
		var locked *LockedError
		if err := l.EnterDir(context.Background()); !errors.As(err, &locked) || !strings.Contains(locked.Holder, ".lock") {
			t.Errorf("got %v, want a LockedError that names the directory", err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := l.EnterDir(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
		if got := litter(t, path); len(got) != 1 || got[0] != ".lock" {
			t.Errorf("beside the file there is %q", got)
		}
	})
}

// Stolen is what a plugin does to a holder that slept: whatever is at the name goes, and its own comes.
func TestHeldAndLeaveDirNoticeTheft(t *testing.T) {
	bothWays(t, func(t *testing.T, o Options) {
		path := target(t)
		l := acquire(t, path, o)
		must(t, l.EnterDir(context.Background()))
		must(t, os.RemoveAll(path+".lock"))
		must(t, os.Mkdir(path+".lock", 0o700))
		var lost *LostError
		if err := l.Held(); !errors.As(err, &lost) {
			t.Errorf("Held: %v, want a LostError", err)
		}
		if err := l.LeaveDir(); !errors.As(err, &lost) {
			t.Errorf("LeaveDir: %v, want a LostError", err)
		}
		if _, err := os.Stat(path + ".lock"); err != nil {
			t.Errorf("the other program's lock was removed: %v", err)
		}
		if err := l.Held(); !errors.As(err, &lost) {
			t.Errorf("Held after leaving: %v", err)
		}
	})
}

func TestHeldNoticesSleep(t *testing.T) {
	path := target(t)
	var now atomic.Int64 // the heartbeat's timer reads it, too
	now.Store(int64(time.Hour))
	l := acquire(t, path, Options{awake: func() time.Duration { return time.Duration(now.Load()) }})
	for _, tt := range []struct {
		sleep time.Duration
		lost  bool
	}{{slept - time.Millisecond, false}, {slept - time.Millisecond, false}, {slept, true}, {0, true}} {
		if tt.sleep == 0 { // leaving and entering again mends it
			must(t, l.LeaveDir())
			tt.lost = false
		}
		must(t, l.EnterDir(context.Background()))
		now.Add(int64(tt.sleep))
		var lost *LostError
		if err := l.Held(); errors.As(err, &lost) != tt.lost {
			t.Errorf("after %s: %v", tt.sleep, err)
		}
	}
}

// The timer fires first when a stopped process goes on. It must not make the sleep look as if it had not been.
func TestHeartbeatDoesNotHideSleep(t *testing.T) {
	path := target(t)
	var now atomic.Int64
	now.Store(int64(time.Hour))
	l := acquire(t, path, Options{PluginDir: true, awake: func() time.Duration { return time.Duration(now.Load()) }})
	now.Add(int64(slept))
	l.mu.Lock()
	l.dir.renew(0)
	l.mu.Unlock()
	var lost *LostError
	if err := l.Held(); !errors.As(err, &lost) {
		t.Errorf("got %v, want a LostError", err)
	}
}

func TestHeartbeat(t *testing.T) {
	bothWays(t, func(t *testing.T, o Options) {
		path := target(t)
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			o.awake = func() time.Duration { return time.Since(began) }
			l := acquire(t, path, o)
			must(t, l.EnterDir(context.Background()))
			for range 3 {
				time.Sleep(heartbeat + time.Millisecond)
				synctest.Wait()
				for _, p := range []string{path + ".lock", filepath.Join(path+".lock", markers(t, path)[0])} {
					info, err := os.Stat(p)
					must(t, err)
					if age := time.Since(info.ModTime()); age > heartbeat || age < 0 {
						t.Errorf("%s was renewed %s ago", filepath.Base(p), age)
					}
				}
			}
			time.Sleep(time.Minute)
			must(t, l.Held())
			must(t, l.Release())
		})
	})
}

// The heartbeat goes to the directory, not to its name, and so does not keep another program's alive.
func TestHeartbeatSparesOtherProgram(t *testing.T) {
	path := target(t)
	l := acquire(t, path, Options{PluginDir: true})
	must(t, os.Rename(path+".lock", path+".moved"))
	defer os.RemoveAll(path + ".moved")
	must(t, os.Mkdir(path+".lock", 0o700))
	old := time.Now().Add(-5 * time.Second)
	must(t, os.Chtimes(path+".lock", old, old))
	l.mu.Lock()
	l.dir.renew(0)
	l.mu.Unlock()
	info, err := os.Stat(path + ".lock")
	must(t, err)
	if time.Since(info.ModTime()) < 4*time.Second {
		t.Error("another program's directory was renewed")
	}
}

// A directory that was removed under us cannot be renewed, which is noticed by the heartbeat already.
func TestHeartbeatNoticesRemoval(t *testing.T) {
	path := target(t)
	l := acquire(t, path, Options{PluginDir: true})
	must(t, os.RemoveAll(path+".lock"))
	l.mu.Lock()
	l.dir.renew(0)
	lost := l.dir.lost
	l.mu.Unlock()
	if lost == "" {
		t.Error("the heartbeat did not notice")
	}
}

// While a prepared directory waits it must not age: a plugin would take it for left over the moment it is in place.
func TestEnteredDirectoryIsFresh(t *testing.T) {
	path := target(t)
	l := acquire(t, path, Options{})
	e, err := newEntry(l)
	must(t, err)
	defer e.owner.close()
	must(t, e.prepare())
	old := time.Now().Add(-time.Minute)
	must(t, os.Chtimes(e.prepared, old, old))
	e.fresh = old
	must(t, e.place())
	info, err := os.Stat(path + ".lock")
	must(t, err)
	if age := time.Since(info.ModTime()); age > 10*time.Second {
		t.Errorf("the directory was %s old when it was entered", age)
	}
	e.prepared = e.target
	e.discard()
}
