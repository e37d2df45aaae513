package store

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/internal/atomicfile"
	"github.com/kyoli-gam/kyoli/internal/failpoint"
	"github.com/kyoli-gam/kyoli/internal/filelock"
)

// damagedContents are files that cannot be read, each in its own way.
func damagedContents() map[string]string {
	return map[string]string{
		"truncated": two[:700], "empty": "", "null": "null", "array": "[]", "mistyped": strings.Replace(two, `"rt-a"`, `7`, 1),
		"duplicate keys": strings.Replace(two, `"label"`, `"email"`, 1), "invalid UTF-8": strings.Replace(two, "work", "\xff", 1),
		"BOM": "\xef\xbb\xbf" + two, "absurd time": strings.Replace(two, "1.7e12", "1e306", 1), "too long": strings.Repeat(" ", maxSize+1),
	}
}

// spoil makes f a file whose content cannot be read, beside the last good one.
func spoil(t *testing.T, f *File, good, content string) {
	t.Helper()
	for path, text := range map[string]string{f.path: content, f.path + ".last-good": good} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRestore(t *testing.T) {
	for name, content := range damagedContents() {
		t.Run(name, func(t *testing.T) {
			f, _ := newFile(t, two)
			spoil(t, f, two, content)
			done, err := f.Restore(context.Background())
			if err != nil || done == nil || done.Accounts != 2 {
				t.Fatalf("%+v, %v", done, err)
			}
			wantContent(t, f, two)
			if got := readFile(t, done.Backup); got != content {
				t.Errorf("the copy holds %d bytes, want %d", len(got), len(content))
			}
			if again, err := f.Restore(context.Background()); again != nil || err != nil {
				t.Errorf("once more: %+v, %v", again, err)
			}
			wantContent(t, f, two)
			if got := names(t, f); len(got) != 3 {
				t.Errorf("files: %q", got)
			}
		})
	}
}

// What there is nothing for is left as it is.
func TestRestoreWithoutALastGood(t *testing.T) {
	for name, good := range map[string]string{
		"none": "-", "damaged": two[:30], "without accounts": `{"version":1,"accounts":[]}`,
		"of a later version": strings.Replace(two, `"version": 1`, `"version": 2`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			f, _ := newFile(t, two)
			spoil(t, f, good, two[:99])
			if good == "-" {
				if err := os.Remove(f.path + ".last-good"); err != nil {
					t.Fatal(err)
				}
			}
			done, err := f.Restore(context.Background())
			var d *DamagedError
			if done != nil || !errors.As(err, &d) || d.LastGood != "" || d.Hint() != "kyoli doctor" {
				t.Errorf("%+v, %v", done, err)
			}
			wantContent(t, f, two[:99])
		})
	}
	f, _ := openNoted(filepath.Join(t.TempDir(), "missing.json"))
	if done, err := f.Restore(context.Background()); done != nil || err != nil {
		t.Errorf("a missing file: %+v, %v", done, err)
	}
	f, _ = newFile(t, strings.Replace(two, `"version": 1`, `"version": 2`, 1))
	if done, err := f.Restore(context.Background()); done != nil || err != nil {
		t.Errorf("a later version: %+v, %v", done, err)
	}
}

// TestRestoreFollowsTheJournal: the token that came while the file was damaged, and those that came after last-good,
// are in the restored file.
func TestRestoreFollowsTheJournal(t *testing.T) {
	f, _ := newFile(t, two)
	l, r := begun(t, f)
	spoil(t, f, two, "{")
	if err := r.Answered(200, []byte(good)); err != nil {
		t.Fatal(err)
	}
	_, err := r.Settle(context.Background(), newCredential, nil)
	var unsaved *UnsavedError
	if !errors.As(err, &unsaved) || unsaved.Journal == "" {
		t.Fatalf("settle: %v", err)
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	if done, err := f.Restore(context.Background()); err != nil || done == nil {
		t.Fatalf("%+v, %v", done, err)
	}
	if a := mustLoad(t, f).Get(uuidA); a.RefreshToken != "rt-new" {
		t.Errorf("the answer is not in the file: %s", a.RefreshToken.Hash())
	}
	// and once more, from a last-good that is two tokens behind
	v := newVendor(t, f)
	v.set(t, "rt-new")
	if _, err := refresh(t, f, v); err != nil {
		t.Fatal(err)
	}
	want := mustLoad(t, f).Get(uuidA).Credential()
	spoil(t, f, two, "{")
	if done, err := f.Restore(context.Background()); err != nil || done == nil {
		t.Fatalf("%+v, %v", done, err)
	}
	if got := mustLoad(t, f).Get(uuidA).Credential(); got.RefreshToken != want.RefreshToken {
		t.Error("the file has not the newest token")
	}
}

// TestRestoreWaitsBounded: what a living process is about to write is not replaced.
func TestRestoreWaitsBounded(t *testing.T) {
	f, _ := newFile(t, two)
	spoil(t, f, two, "{")
	lock, err := filelock.Acquire(context.Background(), f.path, filelock.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Release() //nolint:errcheck // the test is over
	impatient := Open(f.path, Options{LockTimeout: 20 * time.Millisecond})
	done, err := impatient.Restore(context.Background())
	var locked *filelock.LockedError
	if done != nil || !errors.As(err, &locked) {
		t.Errorf("%+v, %v", done, err)
	}
	wantContent(t, f, "{")
}

// TestRestoreBesideAnotherWriter: content that another program puts there without a lock, at the last moment, stays.
func TestRestoreBesideAnotherWriter(t *testing.T) {
	mended := strings.Replace(two, "work", "mended", 1)
	f, _ := newFile(t, two)
	spoil(t, f, two, "{")
	wrote := false
	defer failpoint.Set(func(name string) error {
		if name == "rename" && !wrote {
			wrote = true
			return os.WriteFile(f.path, []byte(mended), 0o600)
		}
		return nil
	})()
	if _, err := f.Restore(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := readFile(t, f.path); got != mended && got != two {
		t.Errorf("the file holds %q", got)
	} else if got == two && exchanges(t) {
		t.Error("what the other program wrote is gone")
	}
}

// exchanges tells whether this system can show what a rename displaced.
func exchanges(t *testing.T) (shown bool) {
	t.Helper()
	f, _ := newFile(t, two)
	o := atomicfile.Options{Displaced: func([]byte) error { shown = true; return nil }}
	if err := atomicfile.Write(f.path, []byte(two), o); err != nil {
		t.Fatal(err)
	}
	return shown
}

// TestMendingKilledAtEachStep kills doctor's work at its first step to the disk, its second, and so on: the file has
// the old content or the new, the damaged content stays to be had, and the next attempt comes through.
func TestMendingKilledAtEachStep(t *testing.T) {
	twins := strings.Replace(two, `"accounts": [`, `"accounts": [{"uuid":"`+uuidA+`","refreshToken":"rt-old","addedAt":1,"lastUsed":1,"odd":1},`, 1)
	if path := os.Getenv(childFile); path != "" {
		n, err := strconv.ParseInt(os.Getenv(childID), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		failpoint.Set(failpoint.KillAt(n))
		if err := mend(Open(path, Options{})); err != nil {
			t.Fatal(err)
		}
		return
	}
	for name, content := range map[string]string{"restore": two[:300], "merge": twins} {
		t.Run(name, func(t *testing.T) {
			kills := 0
			for n := 1; n < 200; n++ {
				f, _ := newFile(t, two)
				spoil(t, f, two, content)
				out, err := child("TestMendingKilledAtEachStep", f, n).CombinedOutput()
				var exit *exec.ExitError
				if err != nil && (!errors.As(err, &exit) || strings.Contains(string(out), "FAIL")) {
					t.Fatalf("step %d: %v\n%s", n, err, out)
				}
				if got := readFile(t, f.path); got != content && strings.Contains(got, "rt-old") || len(got) < 300 {
					t.Errorf("step %d: the file holds %q", n, got)
				}
				if merr := mend(f); merr != nil {
					t.Fatalf("step %d: the next attempt: %v", n, merr)
				}
				checkMended(t, f, content, name == "merge")
				if err == nil {
					kills = n - 1
					break
				}
			}
			t.Logf("%d kill points", kills)
			if kills < 8 {
				t.Errorf("only %d steps were killed at", kills)
			}
		})
	}
}

func mend(f *File) error {
	ctx := context.Background()
	_, err := f.Restore(ctx)
	if err == nil {
		_, err = f.MergeDuplicates(ctx)
	}
	return err
}

// checkMended holds the file against what it should be after doctor's work.
func checkMended(t *testing.T, f *File, was string, merged bool) {
	t.Helper()
	a := mustLoad(t, f)
	if len(a.List) != 2 || len(a.duplicates()) != 0 || a.Get(uuidA).RefreshToken != "rt-a" {
		t.Errorf("the file holds %d accounts and %d duplicates", len(a.List), len(a.duplicates()))
	}
	kept := slices.ContainsFunc(names(t, f), func(name string) bool {
		path := f.path + name
		return (strings.HasPrefix(name, damagedSuffix) || strings.HasPrefix(name, duplicatesSuffix)) && readFile(t, path) == was
	})
	if !kept {
		t.Errorf("the old content is not among %q", names(t, f))
	}
	if merged && len(journalFiles(t, f)) != 1 {
		t.Errorf("the journal has %q, want the spare", journalFiles(t, f))
	}
}

func TestMergeDuplicates(t *testing.T) {
	twin := func(token string, lastUsed int) string {
		return `{"uuid":"` + uuidA + `","refreshToken":"` + token + `","addedAt":1,"lastUsed":` + strconv.Itoa(lastUsed) + `,"odd":{"a":1}},`
	}
	later := 1790000000000
	tests := map[string]struct {
		extra  string
		token  Secret // of account a afterwards
		spares int
	}{
		"an older one":            {twin("rt-old", 1), "rt-a", 1},
		"a newer one":             {twin("rt-newer", later), "rt-newer", 1},
		"the same token":          {twin("rt-a", 1), "rt-a", 0},
		"another account's token": {twin("rt-b", 1), "rt-a", 0},
		"three":                   {twin("rt-old", 1) + twin("rt-older", 0), "rt-a", 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			content := strings.Replace(two, `"accounts": [`, `"accounts": [`+tt.extra, 1)
			f, _ := newFile(t, content)
			done, err := f.MergeDuplicates(context.Background())
			if err != nil || done == nil || readFile(t, done.Backup) != content || done.Removed != strings.Count(tt.extra, "uuid") {
				t.Fatalf("%+v, %v", done, err)
			}
			a := mustLoad(t, f)
			if len(a.Notes) != 0 || len(a.List) != 2 || a.Get(uuidA).RefreshToken != tt.token || a.Active != uuidA {
				t.Errorf("notes %v, %d accounts, token %s", a.Notes, len(a.List), a.Get(uuidA).RefreshToken.Hash())
			}
			if got := len(journalFiles(t, f)); got != tt.spares {
				t.Errorf("%d spares, want %d", got, tt.spares)
			}
			after := readFile(t, f.path)
			if again, err := f.MergeDuplicates(context.Background()); again != nil || err != nil || readFile(t, f.path) != after {
				t.Errorf("once more: %+v, %v", again, err)
			}
		})
	}
}

// TestSpareOfADuplicate: the token that was taken out with its entry is used when the account's own has died.
func TestSpareOfADuplicate(t *testing.T) {
	f, _ := newFile(t, strings.Replace(two, `"accounts": [`,
		`"accounts": [{"uuid":"`+uuidA+`","refreshToken":"rt-old","accessToken":"at-old","addedAt":1,"lastUsed":1},`, 1))
	if _, err := f.MergeDuplicates(context.Background()); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(readFile(t, f.path), "rt-old") {
		t.Error("the file still has the duplicate's token")
	}
	l := mustLease(t, f, uuidA)
	defer l.Release() //nolint:errcheck // the test is over
	if ok, err := l.Spare(context.Background()); !ok || err != nil {
		t.Fatalf("no spare: %v", err)
	}
	if a := mustLoad(t, f).Get(uuidA); a.RefreshToken != "rt-old" || a.AccessToken != "at-old" {
		t.Errorf("the account has %s", a.RefreshToken.Hash())
	}
}

func TestMergeDuplicatesOfALaterVersion(t *testing.T) {
	content := strings.Replace(two, `"version": 1`, `"version": 2`, 1)
	content = strings.Replace(content, `"accounts": [`, `"accounts": [{"uuid":"`+uuidA+`","refreshToken":"r","addedAt":1,"lastUsed":1},`, 1)
	f, _ := newFile(t, content)
	var version *VersionError
	if done, err := f.MergeDuplicates(context.Background()); done != nil || !errors.As(err, &version) {
		t.Errorf("%+v, %v", done, err)
	}
	wantContent(t, f, content)
	if got := names(t, f); len(got) != 1 {
		t.Errorf("files: %q", got)
	}
}
