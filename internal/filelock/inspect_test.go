package filelock

import (
	"context"
	"errors"
	"os"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func inspect(t *testing.T, path string) State {
	t.Helper()
	s, err := Inspect(path, Options{up: upFor(24 * time.Hour)})
	must(t, err)
	return s
}

func TestInspectOfAFreeLock(t *testing.T) {
	path := target(t)
	if s := inspect(t, path); s.Held || s.PIDs != nil || s.Dir != nil || s.Prepared != nil || s.Path != path {
		t.Errorf("never locked: %+v", s)
	}
	if _, err := os.Stat(path + ".flock"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("looking made the file: %v", err)
	}
	must(t, acquire(t, path, Options{PluginDir: true}).Release())
	if s := inspect(t, path); s.Held || s.Dir != nil {
		t.Errorf("given back: %+v", s)
	}
}

// TestInspectNamesTheHolder looks at a lock that another process has.
func TestInspectNamesTheHolder(t *testing.T) {
	path := target(t)
	c := startChild(t, "hold in directory", path)
	c.expect("holding")
	s := inspect(t, path)
	if !s.Held || s.Dir == nil || !s.Dir.Own || s.Dir.PID != c.Process.Pid || s.Dir.Left || s.Dir.Alien || s.Dir.Stale {
		t.Errorf("state %+v, directory %+v", s, s.Dir)
	}
	if runtime.GOOS == "linux" && !slices.Equal(s.PIDs, []int{c.Process.Pid}) {
		t.Errorf("held by %v, want %d", s.PIDs, c.Process.Pid)
	}
	c.kill()
	if s = inspect(t, path); s.Held || s.Dir == nil || !s.Dir.Left {
		t.Errorf("after its death: %+v, directory %+v", s, s.Dir)
	}
	must(t, Clear(context.Background(), path, Options{Timeout: time.Second}))
	if left := litter(t, path); len(left) > 0 {
		t.Errorf("left %q", left)
	}
}

// What a plugin has is left alone as long as it may be alive.
func TestClearAndForeignDirectories(t *testing.T) {
	for name, tt := range map[string]struct {
		age   time.Duration
		left  bool
		stale bool
	}{
		"fresh": {0, false, false}, "ahead": {-time.Hour, false, false},
		"stale": {time.Minute, false, true}, "old": {time.Hour, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			path := target(t)
			leave(t, path, tt.age)
			s := inspect(t, path)
			if s.Held || s.Dir == nil || s.Dir.Own || s.Dir.Left != tt.left || s.Dir.Stale != tt.stale {
				t.Errorf("directory %+v", s.Dir)
			}
			synctest.Test(t, func(t *testing.T) { // or the time could be over before the first look
				err := Clear(context.Background(), path, Options{Timeout: 50 * time.Millisecond, up: upFor(24 * time.Hour)})
				var locked *LockedError
				if _, gone := os.Stat(path + ".lock"); tt.left != (err == nil) || tt.left == (gone == nil) || err != nil && !errors.As(err, &locked) {
					t.Errorf("cleared: %v, gone: %v", err, gone)
				}
			})
		})
	}
}

// A directory whose nonce nobody has noted any more is found by its name.
func TestClearOrphans(t *testing.T) {
	path := target(t)
	mkdirWith(t, path+".lock."+deadNonce, "owner-"+deadNonce)
	mkdirWith(t, path+".lock."+newNonce()+".stale", "owner-x")
	mkdirWith(t, path+".lock."+newNonce(), "something else")
	mkdirWith(t, path+".lock.backup")
	if s := inspect(t, path); len(s.Prepared) != 2 {
		t.Errorf("found %q", s.Prepared)
	}
	must(t, Clear(context.Background(), path, Options{Timeout: time.Second}))
	if left := litter(t, path); len(left) != 2 {
		t.Errorf("left %q, want what is none of ours", left)
	}
}
