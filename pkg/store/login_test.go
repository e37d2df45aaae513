package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/internal/failpoint"
	"github.com/kyoli-gam/kyoli/internal/procid"
	"github.com/kyoli-gam/kyoli/internal/seal"
)

func mustBeginLogin(t *testing.T, f *File) *loginEntry {
	t.Helper()
	l, err := f.BeginLogin(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return l.(*loginEntry)
}

func keptLogins(t *testing.T, f *File) []*KeptLogin {
	t.Helper()
	kept, err := f.KeptLogins(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return kept
}

// died makes a login one whose process has ended.
func died(t *testing.T, l *loginEntry, body string) {
	t.Helper()
	gone := procid.Self()
	gone.PID = 1 << 30
	raw := appendJSON(nil, recordLogin, gone)
	if body != "" {
		a := answerRecord{status: 200, sent: 1000, body: []byte(body)}
		raw = append(raw, l.j.answerRecord(l.name, &a)...)
	}
	l.close()
	if err := os.WriteFile(l.j.path(l.name), raw, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestLoginIsKeptUntilItsEnd(t *testing.T) {
	t.Parallel()
	f := Open(filepath.Join(t.TempDir(), "made", "accounts.json"), Options{})
	l := mustBeginLogin(t, f)
	if info, err := os.Stat(l.j.path(l.name)); err != nil || info.Mode().Perm() != 0o600 && os.PathSeparator == '/' {
		t.Errorf("entry: %v, %v", info, err)
	}
	if err := l.Answered(200, time.UnixMilli(1000), []byte(good)); err != nil {
		t.Fatal(err)
	}
	if raw, err := os.ReadFile(l.j.path(l.name)); err != nil || !strings.Contains(string(raw), good) || len(raw) > 2048 {
		t.Errorf("%d bytes, %v", len(raw), err)
	}
	if kept := keptLogins(t, f); len(kept) != 0 {
		t.Error("another process takes a login whose own is about to store it")
	}
	if entries(t, f) != ".login" {
		t.Errorf("entries %s", entries(t, f))
	}
	if err := errors.Join(l.End(), l.End()); err != nil || entries(t, f) != "" {
		t.Errorf("End: %v, left %s", err, entries(t, f))
	}
	if left, _ := filepath.Glob(f.path + "*tmp*"); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

func TestKeptLogins(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1_700_000_000_000)
	f := Open(filepath.Join(t.TempDir(), "accounts.json"), Options{Now: func() time.Time { return now }})
	begin := func(ago time.Duration, body string) {
		now = now.Add(-ago)
		died(t, mustBeginLogin(t, f), body)
		now = now.Add(ago)
	}
	begin(time.Hour, `{"refresh_token":"second"}`)
	begin(2*time.Hour, `{"refresh_token":"first"}`)
	begin(time.Hour, "")                           // it got no answer
	begin(48*time.Hour, `{"refresh_token":"old"}`) // nobody wanted it
	kept := keptLogins(t, f)
	if len(kept) != 2 || string(kept[0].Body) != `{"refresh_token":"first"}` || kept[0].Status != 200 || kept[0].Sent.UnixMilli() != 1000 {
		t.Fatalf("kept %+v", kept)
	}
	if entries(t, f) != ".login .login" {
		t.Errorf("left %s", entries(t, f))
	}
	if err := errors.Join(kept[0].End(), kept[1].End()); err != nil || len(keptLogins(t, f)) != 0 {
		t.Errorf("End: %v", err)
	}
}

// Replay neither makes an account of a login nor takes it away.
func TestReplayLeavesLogins(t *testing.T) {
	t.Parallel()
	f, _ := newFile(t, two)
	died(t, mustBeginLogin(t, f), good)
	before := readFile(t, f.path)
	for range 2 {
		if _, err := f.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if readFile(t, f.path) != before || len(keptLogins(t, f)) != 1 {
		t.Errorf("the login is gone, or an account")
	}
}

// What cannot be stored is found out before a code is spent.
func TestBeginLoginRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content string
		is      func(error) bool
	}{
		"damaged": {"{", func(err error) bool { var e *DamagedError; return errors.As(err, &e) }},
		"later":   {`{"version":2,"accounts":[]}`, func(err error) bool { var e *VersionError; return errors.As(err, &e) }},
	} {
		path := filepath.Join(t.TempDir(), "accounts.json")
		if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		f := Open(path, Options{})
		if _, err := f.BeginLogin(t.Context()); !c.is(err) || entries(t, f) != "" {
			t.Errorf("%s: %v, left %q", name, err, entries(t, f))
		}
	}
}

// Not parallel: the hook is the process's.
func TestLoginFaults(t *testing.T) {
	f := Open(filepath.Join(t.TempDir(), "accounts.json"), Options{})
	full := errors.New("no space left")
	fail := func(step string) (restore func()) {
		return failpoint.Set(func(name string) error {
			if name == step {
				return full
			}
			return nil
		})
	}
	restore := fail("journal write")
	if _, err := f.BeginLogin(t.Context()); !errors.Is(err, full) || entries(t, f) != "" {
		t.Errorf("BeginLogin: %v, left %q", err, entries(t, f))
	}
	restore()
	l := mustBeginLogin(t, f)
	defer fail("journal fsync")()
	var write *WriteError
	if err := l.Answered(200, time.Now(), []byte(good)); !errors.As(err, &write) || !strings.Contains(err.Error(), ".login") {
		t.Errorf("Answered: %v", err)
	}
	if err := l.End(); err != nil {
		t.Error(err)
	}
}

// A login is sealed as the other tokens are, and switched with them.
func TestLoginIsSealed(t *testing.T) {
	t.Parallel()
	f, k := newSealed(t, two)
	l := mustBeginLogin(t, f)
	if err := l.Answered(200, time.UnixMilli(1000), []byte(`{"refresh_token":"rt-login"}`)); err != nil {
		t.Fatal(err)
	}
	died(t, mustBeginLogin(t, f), `{"refresh_token":"rt-login"}`)
	if found := holdsText(t, f, "rt-login"); len(found) > 0 {
		t.Errorf("not sealed: %s", found)
	}
	k.want(t, seal.None)
	f = k.open(f.path)
	mustReseal(t, f)
	if found := holdsText(t, f, seal.Prefix); len(found) > 0 {
		t.Errorf("still sealed: %s", found)
	}
	if kept := keptLogins(t, f); len(kept) != 1 || string(kept[0].Body) != `{"refresh_token":"rt-login"}` {
		t.Errorf("kept %+v", kept)
	}
}

// One whose key is not at hand is left for the one who has it.
func TestLockedLoginIsLeft(t *testing.T) {
	t.Parallel()
	f, k := newSealed(t, two)
	l := mustBeginLogin(t, f)
	died(t, l, good)
	mine := readFile(t, k.path(seal.Age))
	other := newKeys(t)
	k.put(t, seal.Age, readFile(t, other.path(seal.Age)))
	if kept := keptLogins(t, k.open(f.path)); len(kept) != 0 || entries(t, f) != ".login" {
		t.Errorf("kept %+v, left %s", kept, entries(t, f))
	}
	k.put(t, seal.Age, mine)
	if kept := keptLogins(t, k.open(f.path)); len(kept) != 1 || string(kept[0].Body) != good {
		t.Errorf("kept %+v", kept)
	}
}
