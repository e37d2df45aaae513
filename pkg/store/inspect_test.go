package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func inspected(t *testing.T, f *File) *Inspection {
	t.Helper()
	i, err := f.Inspect(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// states are those of the journal's entries.
func (i *Inspection) states() []JournalState {
	var states []JournalState
	for _, e := range i.Journal {
		states = append(states, e.State)
	}
	return states
}

func TestInspectChangesNothing(t *testing.T) {
	f, notes := newFile(t, two)
	answered(t, f, 200, good)
	if err := os.Chmod(f.path, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, content := range []string{two, two[:99], strings.Replace(two, uuidB, uuidA, 1), strings.Replace(two, `"version": 1`, `"version": 2`, 1)} {
		if err := os.WriteFile(f.path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		before := append(names(t, f), journalFiles(t, f)...)
		inspected(t, f)
		if after := append(names(t, f), journalFiles(t, f)...); !slices.Equal(before, after) {
			t.Errorf("files before %q, after %q", before, after)
		}
		wantContent(t, f, content)
	}
	if info, err := os.Stat(f.path); err != nil || info.Mode().Perm()&0o600 != 0o600 || len(*notes) != 0 {
		t.Errorf("mode %v, %v; notes %q", info.Mode(), err, *notes)
	}
}

func TestInspectContents(t *testing.T) {
	f, _ := openNoted(filepath.Join(t.TempDir(), "missing.json"))
	if i := inspected(t, f); !i.Missing || i.Err != nil || len(i.Accounts.List) != 0 || len(i.Files()) != 0 {
		t.Errorf("missing: %+v", i)
	}
	f, _ = newFile(t, two)
	if i := inspected(t, f); i.Missing || i.Err != nil || len(i.Accounts.List) != 2 || i.Version != "" || !slices.Equal(i.Files(), []string{f.path}) {
		t.Errorf("fine: %+v", i)
	}
	spoil(t, f, two, two[:99])
	var d *DamagedError
	if i := inspected(t, f); !errors.As(i.Err, &d) || d.Backup != "" || d.LastGood == "" || i.Accounts != nil || i.LastGoodErr != nil || i.LastGoodAccounts != 2 {
		t.Errorf("damaged: %+v", i)
	}
	spoil(t, f, two[:99], two)
	if i := inspected(t, f); !errors.As(i.LastGoodErr, &d) || d.Path != f.path+".last-good" {
		t.Errorf("last-good damaged: %+v", i)
	}
	f, _ = newFile(t, strings.Replace(two, `"version": 1`, `"version": 2`, 1))
	if i := inspected(t, f); i.Version != "2" || len(i.Accounts.List) != 2 {
		t.Errorf("later: %+v", i)
	}
	f, _ = newFile(t, strings.NewReplacer(uuidB, uuidA, "rt-b", "rt-a").Replace(two))
	if i := inspected(t, f); len(i.Duplicates) != 1 || i.Duplicates[0].UUID != uuidA || len(i.Shared) != 0 {
		t.Errorf("duplicates: %+v", i)
	}
	f, _ = newFile(t, strings.Replace(two, "rt-b", "rt-a", 1))
	if i := inspected(t, f); len(i.Duplicates) != 0 || len(i.Shared) != 1 || len(i.Shared[0]) != 2 {
		t.Errorf("shared: %+v", i)
	}
	f, _ = newFile(t, strings.NewReplacer("rt-a", "", "rt-b", "").Replace(two))
	if i := inspected(t, f); len(i.Shared) != 0 {
		t.Errorf("no tokens: %+v", i.Shared)
	}
}

func TestInspectJournal(t *testing.T) {
	tests := map[string]struct {
		prepare func(t *testing.T, f *File)
		want    []JournalState
	}{
		"nothing":     {func(*testing.T, *File) {}, nil},
		"no answer":   {unanswered, []JournalState{JournalAsked}},
		"an answer":   {func(t *testing.T, f *File) { answered(t, f, 200, good) }, []JournalState{JournalPending}},
		"a refusal":   {func(t *testing.T, f *File) { answered(t, f, 400, "{}") }, []JournalState{JournalPending}},
		"done":        {func(t *testing.T, f *File) { answered(t, f, 200, good); mustLoad(t, f) }, []JournalState{JournalDone}},
		"set aside":   {func(t *testing.T, f *File) { unanswered(t, f); overwrite(t, f, "x"); mustLoad(t, f) }, []JournalState{JournalAside}},
		"damaged":     {func(t *testing.T, f *File) { unanswered(t, f); overwrite(t, f, "x") }, []JournalState{JournalPending}},
		"later":       {func(t *testing.T, f *File) { unanswered(t, f); overwrite(t, f, "kyoli-journal 9 x 1 x\n") }, []JournalState{JournalLater}},
		"under way":   {func(t *testing.T, f *File) { begunUntilTheEnd(t, f) }, []JournalState{JournalBusy}},
		"of a spare":  {spare, []JournalState{JournalSpare}},
		"of a broken": {func(t *testing.T, f *File) { spare(t, f); spoil(t, f, two, "{") }, []JournalState{JournalPending}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f, _ := newFile(t, two)
			tt.prepare(t, f)
			i := inspected(t, f)
			if got := i.states(); !slices.Equal(got, tt.want) || i.JournalErr != nil {
				t.Errorf("%q, want %q (%v)", got, tt.want, i.JournalErr)
			}
			for _, e := range i.Journal {
				if time.Since(e.At) > time.Minute || !slices.Contains(i.Files(), e.File) {
					t.Errorf("entry %+v, files %q", e, i.Files())
				}
				if known := e.Account != nil && e.Account.UUID == uuidA; known == (e.State == JournalAside || name == "of a broken") {
					t.Errorf("account %+v", e.Account)
				}
			}
		})
	}
}

func overwrite(t *testing.T, f *File, content string) {
	t.Helper()
	if err := os.WriteFile(openEntry(t, f), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func begunUntilTheEnd(t *testing.T, f *File) {
	t.Helper()
	l, _ := begun(t, f)
	t.Cleanup(func() { _ = l.Release() })
}

// spare is an answer for an account that was given another login meanwhile.
func spare(t *testing.T, f *File) {
	t.Helper()
	answered(t, f, 200, good)
	if err := os.WriteFile(f.path, []byte(strings.Replace(two, "rt-a", "rt-other", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestInspectTokens(t *testing.T) {
	f, _ := newFile(t, two)
	answered(t, f, 200, good)
	if i := inspected(t, f); len(i.Outdated)+len(i.Spent) != 0 {
		t.Errorf("an answer that waits: %+v", i)
	}
	mustLoad(t, f)
	if i := inspected(t, f); len(i.Outdated)+len(i.Spent) != 0 {
		t.Errorf("renewed: %+v", i)
	}
	if err := os.WriteFile(f.path, []byte(two), 0o600); err != nil { // as a plugin does that was asleep
		t.Fatal(err)
	}
	if i := inspected(t, f); len(i.Outdated) != 1 || i.Outdated[0].UUID != uuidA || len(i.Spent) != 0 {
		t.Errorf("overwritten: %+v", i)
	}
	f, _ = newFile(t, two)
	unanswered(t, f)
	unanswered(t, f)
	if i := inspected(t, f); len(i.Spent) != 1 || i.Spent[0].UUID != uuidA {
		t.Errorf("asked twice: %+v", i)
	}
}

func TestRenewLastGood(t *testing.T) {
	f, _ := newFile(t, two)
	spoil(t, f, two[:99], two)
	if err := f.RenewLastGood(context.Background()); err != nil {
		t.Fatal(err)
	}
	if lastGood(t, f) != two {
		t.Errorf("last-good is %q", lastGood(t, f))
	}
	i := inspected(t, f)
	if len(i.Backups) != 1 || readFile(t, i.Backups[0]) != two[:99] || i.LastGoodErr != nil {
		t.Errorf("%+v", i)
	}
	older := strings.Replace(two, "work", "older", 1)
	spoil(t, f, older, two)
	if err := f.RenewLastGood(context.Background()); err != nil || lastGood(t, f) != older {
		t.Errorf("one that can be read was replaced: %v", err)
	}
	spoil(t, f, two[:99], two[:50])
	var d *DamagedError
	if err := f.RenewLastGood(context.Background()); !errors.As(err, &d) || lastGood(t, f) != two[:99] {
		t.Errorf("from a damaged file: %v", err)
	}
}

func TestLocks(t *testing.T) {
	f, _ := newFile(t, two)
	places, err := f.Locks()
	if err != nil || len(places) != 1 || places[0].Path != f.path {
		t.Errorf("never used: %+v, %v", places, err)
	}
	l := mustLease(t, f, uuidA)
	if places, err = f.Locks(); err != nil || len(places) != 2 {
		t.Fatalf("leased: %+v, %v", places, err)
	}
	if s, err := places[1].Inspect(); err != nil || !s.Held || s.Dir == nil || !s.Dir.Own || s.Dir.PID != os.Getpid() {
		t.Errorf("held: %+v, %v", s, err)
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	if s, err := places[1].Inspect(); err != nil || s.Held || s.Dir != nil {
		t.Errorf("given back: %+v, %v", s, err)
	}
}
