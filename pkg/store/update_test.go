package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/internal/failpoint"
	"github.com/kyoli-gam/kyoli/internal/filelock"
)

func TestUpdate(t *testing.T) {
	f, notes := newFile(t, two)
	a := mustUpdate(t, f, func(a *Accounts) { a.Get(uuidA).Label = "new" })
	if a.Get(uuidA).Label != "new" {
		t.Error("the change is not in what was returned")
	}
	if diff := cmp.Diff(strings.Replace(two, `"work"`, `"new"`, 1), readFile(t, f.path)); diff != "" {
		t.Error(diff)
	}
	if got := mustLoad(t, f).Get(uuidA).Label; got != "new" {
		t.Errorf("read again: %q", got)
	}
	if len(*notes) != 0 {
		t.Errorf("notes: %v", *notes)
	}
	if got := names(t, f); len(got) != 1 {
		t.Errorf("files: %q", got)
	}
}

// TestUpdateOfWhatWasReturned: accounts belong to their caller, and changing them changes nothing else.
func TestUpdateOfWhatWasReturned(t *testing.T) {
	f, _ := newFile(t, two)
	a := mustLoad(t, f)
	a.Get(uuidA).Label = "mine"
	a.Get(uuidA).CachedUsage.FiveHour.Utilization = 1
	if x := mustLoad(t, f).Get(uuidA); x.Label != "work" || x.CachedUsage.FiveHour.Utilization != 12.5 {
		t.Errorf("the change of one caller is seen by another: %+v", x)
	}
}

func TestUpdateWithoutAChangeWritesNothing(t *testing.T) {
	f, _ := newFile(t, two)
	before, err := os.Stat(f.path)
	if err != nil {
		t.Fatal(err)
	}
	defer failpoint.Set(func(name string) error {
		if !strings.HasPrefix(name, "lock ") {
			t.Errorf("step %s", name)
		}
		return nil
	})()
	mustUpdate(t, f, func(a *Accounts) {
		a.Get(uuidA).Label = "work"
		a.Active = uuidA
		a.Get(uuidA).CachedUsage = a.Get(uuidA).CachedUsage.Clone()
	})
	after, err := os.Stat(f.path)
	if err != nil || !os.SameFile(before, after) || !before.ModTime().Equal(after.ModTime()) {
		t.Errorf("the file was replaced (%v)", err)
	}
}

func TestUpdateErrorOfTheCaller(t *testing.T) {
	f, _ := newFile(t, two)
	boom := errors.New("boom")
	_, err := f.Update(context.Background(), func(a *Accounts) error {
		a.Get(uuidA).Label = "new"
		return boom
	})
	if err != boom { //nolint:errorlint // as it is
		t.Errorf("error: %v", err)
	}
	wantContent(t, f, two)
	mustUpdate(t, f, func(a *Accounts) { // the lock is free again
		if a.Get(uuidA).Label != "work" {
			t.Error("the refused change is still there")
		}
	})
}

func TestMissingFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b", "accounts.json")
	f, _ := openNoted(path)
	if a := mustLoad(t, f); len(a.List) != 0 || a.Active != "" {
		t.Errorf("got %+v", a)
	}
	if _, err := os.Stat(filepath.Dir(path)); !os.IsNotExist(err) {
		t.Errorf("reading made the directory: %v", err)
	}
	mustUpdate(t, f, func(*Accounts) {})
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("a change that changes nothing made the file: %v", err)
	}
	mustUpdate(t, f, func(a *Accounts) { a.Add(&Account{UUID: "u", RefreshToken: "r"}) })
	for p, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		if info, err := os.Stat(p); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", p, info.Mode(), err)
		}
	}
	if got := mustLoad(t, f); len(got.List) != 1 || got.Active != "u" {
		t.Errorf("got %+v", got)
	}
}

// TestUpdateFailsAtEachStep: EIO at any step leaves the old content, or, after the rename, the new.
func TestUpdateFailsAtEachStep(t *testing.T) {
	for _, step := range []string{"temp", "create", "allocate", "write", "fsync", "close", "rename", "fsync of the directory"} {
		t.Run(step, func(t *testing.T) {
			f, _ := newFile(t, two)
			restore := failpoint.Set(func(name string) error {
				if name == step {
					return syscall.EIO
				}
				return nil
			})
			_, err := f.Update(context.Background(), func(a *Accounts) error { a.Get(uuidA).Label = "new"; return nil })
			restore()
			var w *WriteError
			if !errors.As(err, &w) || !errors.Is(err, syscall.EIO) || !strings.Contains(err.Error(), f.path) || w.Hint() == "" {
				t.Errorf("error: %v", err)
			}
			want := two
			if step == "fsync of the directory" {
				want = strings.Replace(two, `"work"`, `"new"`, 1)
			}
			wantContent(t, f, want)
			if got := names(t, f); len(got) != 1 {
				t.Errorf("files: %q", got)
			}
			mustUpdate(t, f, func(a *Accounts) { a.Get(uuidA).Label = "then" })
		})
	}
}

// fakeLock is the file's lock with something happening in between.
type fakeLock struct {
	locker
	enter, held, leave func() error
}

func (l *fakeLock) EnterDir(ctx context.Context) error {
	return errors.Join(l.enter(), l.locker.EnterDir(ctx))
}
func (l *fakeLock) Held() error     { return errors.Join(l.locker.Held(), l.held()) }
func (l *fakeLock) LeaveDir() error { return errors.Join(l.locker.LeaveDir(), l.leave()) }

// intercept calls the hooks with the number of the call, from 1.
func intercept(f *File, enter, held, leave func(n int) error) {
	counted := func(hook func(n int) error) func() error {
		n := 0
		return func() error {
			n++
			if hook == nil {
				return nil
			}
			return hook(n)
		}
	}
	f.acquire = func(ctx context.Context, resolved string) (locker, error) {
		l, err := f.flock(ctx, resolved)
		return &fakeLock{l, counted(enter), counted(held), counted(leave)}, err
	}
}

var errLost = &filelock.LostError{Path: "f", Reason: "test"}

// theirs is what another program makes of two at the moment that a test chooses.
var theirs = strings.NewReplacer(`"plus"`, `"pro"`, `"lastUsed": 0`, `"lastUsed": 99`, `"z": 1.50`, `"z": 2.50`).Replace(two)

func rename(t *testing.T, f *File, content string) {
	t.Helper()
	temp := f.path + ".theirs"
	if err := errors.Join(os.WriteFile(temp, []byte(content), 0o600), os.Rename(temp, f.path)); err != nil {
		t.Fatal(err)
	}
}

// TestLostLock: another program took the lock, and wrote, at each moment of the change. Both changes are kept.
func TestLostLock(t *testing.T) {
	lostAt := func(call int, then func(f *File)) func(f *File) func(n int) error {
		return func(f *File) func(n int) error {
			return func(n int) error {
				if n != call {
					return nil
				}
				then(f)
				return errLost
			}
		}
	}
	write := func(f *File) { rename(t, f, theirs) }
	both := strings.Replace(theirs, `"work"`, `"new"`, 1)
	ours := strings.Replace(two, `"work"`, `"new"`, 1)
	tests := []struct {
		name        string
		held, leave func(f *File) func(n int) error
		calls       int // of fn
		want        string
	}{
		{"before the rename, nothing written", lostAt(1, func(*File) {}), nil, 2, ours},
		{"before the rename, theirs written", lostAt(1, write), nil, 2, both},
		{"after the rename, nothing written", lostAt(2, func(*File) {}), nil, 1, ours},
		{"after the rename, theirs written", lostAt(2, write), nil, 1, both},
		{"at the end, theirs written", nil, lostAt(1, write), 1, both},
		{"at the end, nothing written", nil, lostAt(1, func(*File) {}), 1, ours},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, _ := newFile(t, two)
			hook := func(h func(f *File) func(n int) error) func(int) error {
				if h == nil {
					return nil
				}
				return h(f)
			}
			intercept(f, nil, hook(tt.held), hook(tt.leave))
			calls := 0
			a := mustUpdate(t, f, func(a *Accounts) {
				calls++
				a.Get(uuidA).Label = "new"
			})
			wantContent(t, f, tt.want)
			if calls != tt.calls || a.Get(uuidA).Label != "new" || a.Get(uuidA).PlanTier != mustLoad(t, f).Get(uuidA).PlanTier {
				t.Errorf("%d calls, %+v", calls, a.Get(uuidA))
			}
		})
	}
}

// TestLostLockWithACounter: a change that counts is made once, even when the lock was lost after it was written.
func TestLostLockWithACounter(t *testing.T) {
	f, _ := newFile(t, two)
	intercept(f, nil, func(n int) error {
		if n == 2 {
			return errLost
		}
		return nil
	}, nil)
	mustUpdate(t, f, func(a *Accounts) {
		a.Get(uuidA).ConsecutiveAuthFailures++
		a.Add(&Account{Label: "added", RefreshToken: "r"})
	})
	a := mustLoad(t, f)
	if a.Get(uuidA).ConsecutiveAuthFailures != 1 || len(a.List) != 3 {
		t.Errorf("%d failures, %d accounts", a.Get(uuidA).ConsecutiveAuthFailures, len(a.List))
	}
}

func TestLockLostAgainAndAgain(t *testing.T) {
	f, _ := newFile(t, two)
	intercept(f, nil, func(int) error { return errLost }, nil)
	_, err := f.Update(context.Background(), func(a *Accounts) error { a.Get(uuidA).Label = "new"; return nil })
	if !isLost(err) || !strings.Contains(err.Error(), f.path) {
		t.Errorf("error: %v", err)
	}
	wantContent(t, f, two)
}

// TestDisplaced: another program writes in the very last moment, without having the lock.
func TestDisplaced(t *testing.T) {
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
		t.Skip("the system cannot exchange files, so what was displaced is not seen")
	}
	at := func(f *File, content string) {
		intercept(f, nil, func(n int) error {
			if n == 1 {
				rename(t, f, content)
			}
			return nil
		}, nil)
	}
	t.Run("merged", func(t *testing.T) {
		f, notes := newFile(t, two)
		at(f, theirs)
		a := mustUpdate(t, f, func(a *Accounts) { a.Get(uuidA).Label = "new" })
		wantContent(t, f, strings.Replace(theirs, `"work"`, `"new"`, 1))
		if a.Get(uuidB).LastUsed != 99 || len(*notes) != 1 || (*notes)[0].Kind != NoteMerged {
			t.Errorf("%+v, notes %v", a.Get(uuidB), *notes)
		}
	})
	t.Run("the same content is no loss", func(t *testing.T) {
		f, notes := newFile(t, two)
		at(f, two)
		mustUpdate(t, f, func(a *Accounts) { a.Get(uuidA).Label = "new" })
		if len(*notes) != 0 {
			t.Errorf("notes: %v", *notes)
		}
	})
	t.Run("damaged content is kept", func(t *testing.T) {
		f, notes := newFile(t, two)
		at(f, two[:300])
		mustUpdate(t, f, func(a *Accounts) { a.Get(uuidA).Label = "new" })
		wantContent(t, f, strings.Replace(two, `"work"`, `"new"`, 1))
		i := slices.IndexFunc(names(t, f), func(n string) bool { return strings.HasPrefix(n, ".damaged-") })
		if i < 0 || readFile(t, f.path+names(t, f)[i]) != two[:300] || len(*notes) != 1 {
			t.Errorf("files %q, notes %v", names(t, f), *notes)
		}
	})
	t.Run("and the lock is lost", func(t *testing.T) {
		f, _ := newFile(t, two)
		intercept(f, nil, func(n int) error {
			switch n {
			case 1:
				rename(t, f, theirs)
			case 2:
				return errLost
			}
			return nil
		}, nil)
		mustUpdate(t, f, func(a *Accounts) { a.Get(uuidA).Label = "new" })
		wantContent(t, f, strings.Replace(theirs, `"work"`, `"new"`, 1))
	})
	t.Run("and the lock is lost, and a third one writes", func(t *testing.T) {
		f, _ := newFile(t, two)
		intercept(f, nil, func(n int) error {
			switch n {
			case 1:
				rename(t, f, theirs)
			case 2:
				rename(t, f, strings.Replace(two, "rt-b", "rt-3", 1))
				return errLost
			}
			return nil
		}, nil)
		a := mustUpdate(t, f, func(a *Accounts) { a.Get(uuidA).Label = "new" })
		x, y := a.Get(uuidA), a.Get(uuidB)
		if x.Label != "new" || x.PlanTier != "pro" || y.LastUsed != 99 || y.RefreshToken != "rt-3" {
			t.Errorf("%+v %+v", x, y)
		}
	})
	t.Run("twice", func(t *testing.T) {
		f, _ := newFile(t, two)
		intercept(f, nil, func(n int) error {
			switch n {
			case 1:
				rename(t, f, theirs)
			case 3: // by one that has seen neither
				rename(t, f, strings.Replace(two, "rt-b", "rt-3", 1))
			}
			return nil
		}, nil)
		a := mustUpdate(t, f, func(a *Accounts) { a.Get(uuidA).Label = "new" })
		x, y := a.Get(uuidA), a.Get(uuidB)
		if x.Label != "new" || x.PlanTier != "pro" || y.LastUsed != 99 || y.RefreshToken != "rt-3" {
			t.Errorf("%+v %+v", x, y)
		}
	})
	t.Run("again and again", func(t *testing.T) {
		f, _ := newFile(t, two)
		intercept(f, nil, func(n int) error {
			if n%2 == 1 {
				rename(t, f, strings.Replace(two, "1.50", fmt.Sprint(n), 1))
			}
			return nil
		}, nil)
		_, err := f.Update(context.Background(), func(a *Accounts) error { a.Get(uuidA).Label = "new"; return nil })
		if !errors.Is(err, errDisplaced) || !strings.Contains(err.Error(), f.path) {
			t.Errorf("error: %v", err)
		}
	})
	t.Run("a file that appears", func(t *testing.T) {
		f, _ := openNoted(filepath.Join(t.TempDir(), "f"))
		at(f, two)
		mustUpdate(t, f, func(a *Accounts) { a.Add(&Account{UUID: "u", RefreshToken: "r"}) })
		if a := mustLoad(t, f); len(a.List) != 3 {
			t.Errorf("%d accounts", len(a.List))
		}
	})
	t.Run("a file that goes", func(t *testing.T) {
		f, _ := newFile(t, two)
		intercept(f, nil, func(n int) error {
			if n == 1 {
				return os.Remove(f.path)
			}
			return nil
		}, nil)
		mustUpdate(t, f, func(a *Accounts) { a.Get(uuidA).Label = "new" })
		wantContent(t, f, strings.Replace(two, `"work"`, `"new"`, 1))
	})
}

// TestStoppedHolder: a holder that was stopped for longer than the limit finds that its lock is gone.
func TestStoppedHolder(t *testing.T) {
	f, _ := newFile(t, two)
	intercept(f, nil, func(n int) error {
		if n != 1 {
			return nil
		}
		// While it was stopped the plugin took the directory for left over, wrote, and left.
		lock := f.path + ".lock"
		if err := errors.Join(os.RemoveAll(lock), os.Mkdir(lock, 0o700)); err != nil {
			t.Error(err)
		}
		rename(t, f, theirs)
		if err := os.Remove(lock); err != nil {
			t.Error(err)
		}
		return nil
	}, nil)
	f.acquire = heldAfterHook(f.acquire)
	mustUpdate(t, f, func(a *Accounts) { a.Get(uuidA).Label = "new" })
	wantContent(t, f, strings.Replace(theirs, `"work"`, `"new"`, 1))
}

// heldAfterHook asks the real lock again after the hook of fakeLock did its part.
func heldAfterHook(acquire func(context.Context, string) (locker, error)) func(context.Context, string) (locker, error) {
	return func(ctx context.Context, resolved string) (locker, error) {
		l, err := acquire(ctx, resolved)
		fake := l.(*fakeLock)
		hook := fake.held
		fake.held = func() error { return errors.Join(hook(), fake.locker.Held()) }
		return fake, err
	}
}

func TestUpdateWaitsNoLongerThanItMay(t *testing.T) {
	f, _ := newFile(t, two)
	lock, err := f.flock(context.Background(), f.path)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Release() //nolint:errcheck // the test is over
	g := Open(f.path, Options{LockTimeout: 30 * time.Millisecond})
	_, err = g.Update(context.Background(), func(*Accounts) error { t.Error("fn was called"); return nil })
	var locked *filelock.LockedError
	if !errors.As(err, &locked) {
		t.Errorf("error: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := f.Update(ctx, func(*Accounts) error { t.Error("fn was called"); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("error: %v", err)
	}
}

func wantContent(t *testing.T, f *File, want string) {
	t.Helper()
	if diff := cmp.Diff(want, readFile(t, f.path)); diff != "" {
		t.Error(diff)
	}
}
