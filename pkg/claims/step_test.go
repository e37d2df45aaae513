package claims

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/internal/failpoint"
	"github.com/kyoli-gam/kyoli/internal/filelock"
)

// TestChooseAgainWhenThePluginWasQuicker: between our reading and its lock the plugin may claim.
func TestChooseAgainWhenThePluginWasQuicker(t *testing.T) {
	w := newWorld(t)
	h := session(10)
	h.Exclusive = true
	calls := 0
	c, err := w.store(10).Select(bg, h, func(v View) (Choice, error) {
		calls++
		if calls == 1 {
			w.write(".json", `{"a":{"pid":30,"at":`+num(int(w.now()))+`}}`)
		}
		return firstFree([]string{"a", "b"}, h.ID, true)(v)
	})
	must(t, err)
	if c.UUID != "b" || calls != 2 {
		t.Errorf("claimed %s after %d choices", c.UUID, calls)
	}
	v := w.view(99)
	if who(v, "a") != "plugin-30" || who(v, "b") != "s10" {
		t.Errorf("%v", v.Holders)
	}
}

// TestLockDirectoryLost: another program may take our lock directory for stale. The claim is made
// all the same, once, and the plugin's file is written anew on what is there then.
func TestLockDirectoryLost(t *testing.T) {
	w := newWorld(t)
	calls := 0
	_, err := w.store(10).Select(bg, session(10), func(View) (Choice, error) {
		calls++
		switch calls {
		case 1: // makes it choose again, under the directory
			w.write(".json", `{"x":{"pid":30,"at":1}}`)
		case 2:
			must(t, os.RemoveAll(w.path(".json.lock")))
			w.write(".json", `{"y":{"pid":31,"at":`+num(int(w.now()))+`}}`)
		default:
			t.Error("chosen again after it was written down")
		}
		return Choice{UUID: "a"}, nil
	})
	must(t, err)
	if d := cmp.Diff(map[string]pluginEntry{"a": {10, w.now()}, "y": {31, w.now()}}, w.plugin()); d != "" {
		t.Error(d)
	}
	if got := who(w.view(99), "a"); got != "s10" {
		t.Errorf("holders %q", got)
	}
}

func TestForeignLockIsWaitedFor(t *testing.T) {
	w := newWorld(t)
	must(t, os.Mkdir(w.path(".json.lock"), 0o700))
	s := w.store(10)
	s.o.LockTimeout = 50 * time.Millisecond
	_, err := s.Select(bg, session(10), pick("a"))
	if _, ok := errors.AsType[*filelock.LockedError](err); !ok {
		t.Fatalf("err = %v", err)
	}
	if w.read(".kyoli.json") != "" {
		t.Error("claimed without the lock")
	}
	if _, err := os.Stat(w.path(".json.lock")); err != nil {
		t.Errorf("the other's lock: %v", err)
	}
	ctx, cancel := context.WithTimeout(bg, 20*time.Millisecond)
	defer cancel()
	if _, err := w.store(10).Select(ctx, session(10), pick("a")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("err = %v", err)
	}
	must(t, os.Remove(w.path(".json.lock")))
	w.claim(10, "a")
}

// TestWriteFails: what cannot be written is not claimed, and the error names the file.
func TestWriteFails(t *testing.T) {
	w := newWorld(t)
	c := w.claim(10, "a")
	own, other := w.read(".kyoli.json"), w.read(".json")
	restore := failpoint.Set(func(name string) error {
		if name == "write" {
			return syscall.ENOSPC
		}
		return nil
	})
	w.pass(Beat)
	_, err1 := w.store(11).Select(bg, session(11), pick("b"))
	err2 := c.Heartbeat(bg)
	restore()
	for _, err := range []error{err1, err2} {
		if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "openai-multi-account-claims") {
			t.Errorf("err = %v", err)
		}
	}
	if own != w.read(".kyoli.json") || other != w.read(".json") {
		t.Error("the files changed")
	}
	if temps, _ := filepath.Glob(filepath.Join(w.dir, ".*")); len(temps) != 0 {
		t.Errorf("left behind: %v", temps)
	}
}

func TestLeftOverTempsAreSwept(t *testing.T) {
	w := newWorld(t)
	old := filepath.Join(w.dir, "."+filepath.Base(w.path(".kyoli.json"))+".kyoli-1-00")
	must(t, os.WriteFile(old, nil, 0o600))
	must(t, os.Chtimes(old, time.Now(), time.Now().Add(-2*time.Hour)))
	w.claim(10, "a")
	if _, err := os.Stat(old); err == nil {
		t.Error("it is still there")
	}
}

// TestKeep: a child that runs for longer than the plugin's minute is never seen to be gone.
func TestKeep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		c := w.claim(10, "a")
		c.store.o.Now = time.Now
		must(t, c.Heartbeat(bg))
		ctx, cancel := context.WithCancel(bg)
		var errs []error
		go c.Keep(ctx, func(err error) { errs = append(errs, err) })
		for range 50 {
			time.Sleep(7 * time.Second)
			if age := time.Now().UnixMilli() - w.plugin()["a"].At; age > 45_000 {
				t.Fatalf("the plugin's entry is %d ms old", age)
			}
		}
		cancel()
		synctest.Wait()
		if len(errs) != 0 {
			t.Errorf("errors %v", errs)
		}
		before := w.read(".json")
		time.Sleep(time.Hour)
		if w.read(".json") != before {
			t.Error("it goes on after its end")
		}
	})
}

func TestKeepEndsWhenReleasedByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		c := w.claim(10, "a")
		if _, err := w.store(50).ReleaseSession(bg, "s10"); err != nil {
			t.Fatal(err)
		}
		var got error
		c.Keep(bg, func(err error) { got = err }) // returns
		if _, ok := errors.AsType[*ReleasedError](got); !ok || !strings.Contains(got.Error(), "s10") {
			t.Errorf("told %v", got)
		}
	})
}

func TestKeepTellsOfFaultsAndGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		c := w.claim(10, "a")
		c.store.o.Now = time.Now
		ctx, cancel := context.WithCancel(bg)
		defer cancel()
		var errs []error
		go c.Keep(ctx, func(err error) { errs = append(errs, err) })
		restore := failpoint.Set(func(string) error { return syscall.EIO })
		time.Sleep(Beat + time.Second)
		synctest.Wait()
		restore()
		if len(errs) != 1 || !errors.Is(errs[0], syscall.EIO) {
			t.Errorf("told %v", errs)
		}
		time.Sleep(Beat)
		if age := time.Now().UnixMilli() - w.plugin()["a"].At; age > Beat.Milliseconds() {
			t.Errorf("the entry is %d ms old after the fault", age)
		}
	})
}
