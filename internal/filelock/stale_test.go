package filelock

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// leave makes a lock directory of another program, last renewed age ago.
func leave(t *testing.T, path string, age time.Duration, names ...string) {
	t.Helper()
	dir := path + ".lock"
	must(t, os.Mkdir(dir, 0o700))
	when := time.Now().Add(-age)
	for _, name := range names {
		must(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
		must(t, os.Chtimes(filepath.Join(dir, name), when, when))
	}
	must(t, os.Chtimes(dir, when, when))
}

func upFor(d time.Duration) func() (time.Duration, bool) {
	return func() (time.Duration, bool) { return d, true }
}

func TestLeftOverIsTakenAtOnce(t *testing.T) {
	tests := []struct {
		name  string
		age   time.Duration
		up    time.Duration
		files []string
		taken bool
	}{
		{"ten times the limit", 101 * time.Second, time.Hour, nil, true},
		{"ten times the limit, newer plugin", 101 * time.Second, time.Hour, []string{"owner-x"}, true},
		{"not ten times the limit", 40 * time.Second, time.Hour, nil, false},
		{"from before this boot", 30 * time.Second, 20 * time.Second, nil, true},
		{"from this boot", 30 * time.Second, 90 * time.Second, nil, false},
		{"two dead kyolis", time.Hour, 2 * time.Hour, []string{"owner-a", "owner-b"}, true},
		{"ahead of the clock", -time.Hour, 20 * time.Second, nil, false},
		{"not a lock", time.Hour, 2 * time.Hour, []string{"owner-x", "notes.txt"}, false},
		{"fresh", 0, time.Hour, nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, o Options) {
				path := target(t)
				leave(t, path, tt.age, tt.files...)
				o.PluginDir, o.up = true, upFor(tt.up)
				l, ok, err := TryAcquire(context.Background(), path, o)
				must(t, err)
				if ok != tt.taken {
					t.Errorf("taken %t, want %t", ok, tt.taken)
				}
				if !ok {
					if got := markers(t, path); !slices.Equal(got, sorted(tt.files)) {
						t.Errorf("the directory now holds %q", got)
					}
					return
				}
				must(t, l.Held())
				must(t, l.Release())
				if got := litter(t, path); got != nil {
					t.Errorf("left behind: %q", got)
				}
			})
		})
	}
}

func sorted(names []string) []string {
	names = slices.Clone(names)
	slices.Sort(names)
	return names
}

// A newer plugin renews its marker only, never the directory.
func TestRenewedMarkerIsAlive(t *testing.T) {
	path := target(t)
	leave(t, path, time.Hour, "owner-x")
	now := time.Now()
	must(t, os.Chtimes(filepath.Join(path+".lock", "owner-x"), now, now))
	_, ok, err := TryAcquire(context.Background(), path, Options{PluginDir: true, up: upFor(24 * time.Hour)})
	must(t, err)
	if ok {
		t.Error("the directory of a live plugin was taken")
	}
}

// A clock that is a day wrong, or is set while we wait, changes nothing: the file system's own clock dates both
// the other lock and ours.
func TestClockMoved(t *testing.T) {
	for _, shift := range []time.Duration{-24 * time.Hour, 24 * time.Hour} {
		bothWays(t, func(t *testing.T, o Options) {
			path := target(t)
			leave(t, path, 0)
			o.PluginDir, o.Timeout = true, 80*time.Millisecond
			o.Now = func() time.Time { return time.Now().Add(shift) }
			_, err := Acquire(context.Background(), path, o)
			var locked *LockedError
			if !errors.As(err, &locked) {
				t.Errorf("clock off by %s: %v, want a LockedError", shift, err)
			}
		})
	}
}

func TestUnchangedForTheLimitIsTaken(t *testing.T) {
	for name, age := range map[string]time.Duration{"now": 0, "ahead": -24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, o Options) {
				path := target(t)
				leave(t, path, age)
				o.PluginDir, o.Stale = true, 150*time.Millisecond
				start := time.Now()
				l := acquire(t, path, o)
				if waited := time.Since(start); waited < o.Stale {
					t.Errorf("taken after %s, the limit is %s", waited, o.Stale)
				}
				must(t, l.Held())
			})
		})
	}
}

// While a directory is renewed it is waited for, up to the caller's patience. The waits are the bubble's, in which no
// renewal is late; the times on the disk are real ones, as that of the owner file.
func TestRenewedIsNotTaken(t *testing.T) {
	bothWays(t, func(t *testing.T, o Options) {
		path := target(t)
		leave(t, path, 0)
		now := time.Now()
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			stop := every(20*time.Millisecond, func() {
				then := now.Add(time.Since(began))
				must(t, os.Chtimes(path+".lock", then, then))
			})
			o.PluginDir, o.Stale, o.Timeout = true, 200*time.Millisecond, time.Second
			_, err := Acquire(context.Background(), path, o)
			stop()
			var locked *LockedError
			if !errors.As(err, &locked) {
				t.Errorf("got %v, want a LockedError", err)
			}
			if _, err := os.Stat(path + ".lock"); err != nil {
				t.Error(err)
			}
		})
	})
}

// Between the look and the removal a plugin may have taken over and made its own directory.
func TestTakeOverSparesNewDirectory(t *testing.T) {
	bothWays(t, func(t *testing.T, o Options) {
		path := target(t)
		leave(t, path, time.Hour)
		o.PluginDir, o.Timeout, o.up = true, 60*time.Millisecond, upFor(24*time.Hour)
		o.steps.beforeSteal = func() {
			must(t, os.RemoveAll(path+".lock"))
			leave(t, path, 0)
			o.steps.beforeSteal = nil
		}
		_, err := Acquire(context.Background(), path, o)
		var locked *LockedError
		if !errors.As(err, &locked) {
			t.Errorf("got %v, want a LockedError", err)
		}
		if got := litter(t, path); len(got) != 1 || got[0] != ".lock" {
			t.Errorf("beside the file there is %q, want the other program's .lock", got)
		}
	})
}

func TestFileInTheWay(t *testing.T) {
	path := target(t)
	must(t, os.WriteFile(path+".lock", []byte("mine"), 0o600))
	_, err := Acquire(context.Background(), path, Options{PluginDir: true, Stale: time.Millisecond, Timeout: 60 * time.Millisecond})
	var locked *LockedError
	if !errors.As(err, &locked) {
		t.Errorf("got %v, want a LockedError", err)
	}
	if data, err := os.ReadFile(path + ".lock"); err != nil || string(data) != "mine" {
		t.Errorf("the file in the way: %q, %v", data, err)
	}
}
