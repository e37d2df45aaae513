package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kyoli-gam/kyoli/internal/failpoint"
)

// TestDamagedFilesStay: no command writes a file that cannot be read wholly, and a copy of each content is kept once.
func TestDamagedFilesStay(t *testing.T) {
	contents := map[string]string{
		"truncated": two[:700], "empty": "", "null": "null", "array": "[]", "mistyped": strings.Replace(two, `"rt-a"`, `7`, 1),
		"duplicate keys": strings.Replace(two, `"label"`, `"email"`, 1), "invalid UTF-8": strings.Replace(two, "work", "\xff", 1),
		"BOM": "\xef\xbb\xbf" + two, "absurd time": strings.Replace(two, "1.7e12", "1e306", 1), "NUL bytes": strings.Repeat("\x00", 100),
	}
	for name, content := range contents {
		t.Run(name, func(t *testing.T) {
			f, _ := newFile(t, content)
			for range 2 {
				_, loadErr := f.Load(context.Background())
				_, updateErr := f.Update(context.Background(), func(*Accounts) error { t.Error("fn was called"); return nil })
				for _, err := range []error{loadErr, updateErr} {
					var d *DamagedError
					if !errors.As(err, &d) || d.Path != f.path || d.Hint() != "kyoli doctor" {
						t.Fatalf("error: %v", err)
					}
					text := err.Error()
					for _, part := range []string{f.path, "at byte ", d.Backup} {
						if !strings.Contains(text, part) {
							t.Errorf("%q is not in %s", part, text)
						}
					}
					for _, secret := range []string{"rt-a", "at-a", "rt-b"} {
						if strings.Contains(text, secret) {
							t.Errorf("a token is in %s", text)
						}
					}
					if got := readFile(t, d.Backup); got != content {
						t.Errorf("the copy holds %q", got)
					}
					if info, err := os.Stat(d.Backup); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
						t.Errorf("the copy: %v, %v", info.Mode(), err)
					}
				}
			}
			wantContent(t, f, content)
			if got := names(t, f); len(got) != 2 {
				t.Errorf("files: %q", got)
			}
		})
	}
}

// TestHintOfADamagedFile: what the hint says brings the accounts back.
func TestHintOfADamagedFile(t *testing.T) {
	f, _ := newFile(t, two)
	mustUpdate(t, f, func(a *Accounts) { a.Get(uuidA).RefreshToken = "rt-n" })
	want := readFile(t, f.path)
	if err := os.WriteFile(f.path, []byte(want[:90]), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := f.Load(context.Background())
	var d *DamagedError
	if !errors.As(err, &d) || d.Hint() != "kyoli doctor --fix" {
		t.Fatalf("%v, hint %s", err, d.Hint())
	}
	if got := readFile(t, d.LastGood); got != want {
		t.Errorf("last-good holds %s", got)
	}
	if done, err := f.Restore(context.Background()); err != nil || done == nil || readFile(t, done.Backup) != want[:90] {
		t.Errorf("restored: %+v, %v", done, err)
	}
	wantContent(t, f, want)
}

func TestBackupForEachContent(t *testing.T) {
	f, _ := newFile(t, "one")
	for _, content := range []string{"one", "two", "one"} {
		if err := os.WriteFile(f.path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Load(context.Background()); err == nil {
			t.Fatal("it was accepted")
		}
	}
	if got := names(t, f); len(got) != 3 {
		t.Errorf("files: %q", got)
	}
}

func TestBackupThatCannotBeMade(t *testing.T) {
	f, _ := newFile(t, "damaged")
	defer failpoint.Set(func(string) error { return errors.ErrUnsupported })()
	_, err := f.Load(context.Background())
	var d *DamagedError
	if !errors.As(err, &d) || d.Backup != "" || strings.Contains(err.Error(), "copy") {
		t.Errorf("error: %v", err)
	}
}

// TestPeekWritesNothing: completion must not write, whatever it finds.
func TestPeekWritesNothing(t *testing.T) {
	f, notes := newFile(t, two[:100])
	if err := os.Chmod(f.path, 0o644); err != nil {
		t.Fatal(err)
	}
	var d *DamagedError
	if _, err := f.Peek(context.Background()); !errors.As(err, &d) || d.Backup != "" {
		t.Errorf("error: %v", err)
	}
	if err := os.WriteFile(f.path, []byte(two), 0o644); err != nil {
		t.Fatal(err)
	}
	if a, err := f.Peek(context.Background()); err != nil || len(a.List) != 2 {
		t.Errorf("error: %v", err)
	}
	if info, err := os.Stat(f.path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o644 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if got, err := os.ReadDir(filepath.Dir(f.path)); err != nil || len(got) != 1 || len(*notes) != 0 {
		t.Errorf("files %v, %v, notes %v", got, err, *notes)
	}
}

// TestDamagedForAMoment: a file that another program is just writing in place is read when it is whole.
func TestDamagedForAMoment(t *testing.T) {
	f, _ := newFile(t, two[:400])
	defer failpoint.Set(func(string) error { t.Error("a copy was made"); return nil })()
	f.settle = func(context.Context) {
		if err := os.WriteFile(f.path, []byte(two), 0o600); err != nil {
			t.Error(err)
		}
	}
	if a := mustLoad(t, f); len(a.List) != 2 {
		t.Errorf("%d accounts", len(a.List))
	}
}

func TestSettle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		settle(t.Context())
		if waited := time.Since(start); waited != settling {
			t.Errorf("waited %v", waited)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		start = time.Now()
		if settle(ctx); time.Since(start) != 0 {
			t.Error("it does not end with the context")
		}
	})
}

func TestLaterVersionIsReadAndNotWritten(t *testing.T) {
	later := strings.Replace(two, `"version": 1`, `"version": 2`, 1)
	f, notes := newFile(t, later)
	for range 2 {
		if a := mustLoad(t, f); len(a.List) != 2 || len(a.Notes) != 1 || a.Notes[0].Kind != NoteVersion {
			t.Errorf("%d accounts, notes %v", len(a.List), a.Notes)
		}
	}
	if len(*notes) != 1 || !strings.Contains((*notes)[0].Text, f.path) {
		t.Errorf("it was said %d times: %v", len(*notes), *notes)
	}
	var v *VersionError
	if _, err := f.Update(context.Background(), func(a *Accounts) error { a.Remove(uuidA); return nil }); !errors.As(err, &v) || v.Version != "2" {
		t.Errorf("error: %v", err)
	}
	mustUpdate(t, f, func(*Accounts) {})
	wantContent(t, f, later)
	if err := os.WriteFile(f.path, []byte(`{"version":3,"accounts":{}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Load(context.Background()); !errors.As(err, &v) || v.Version != "3" || v.Hint() == "" || !strings.Contains(err.Error(), f.path) {
		t.Errorf("error: %v", err)
	}
	if got := names(t, f); len(got) != 1 {
		t.Errorf("files: %q", got)
	}
}

func TestPermissionsAreTightenedAndSaidOnce(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such permissions")
	}
	f, notes := newFile(t, two)
	for range 2 {
		if err := os.Chmod(f.path, 0o644); err != nil {
			t.Fatal(err)
		}
		mustLoad(t, f)
		if info, err := os.Stat(f.path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
	}
	if len(*notes) != 1 || (*notes)[0].Kind != NotePermissions || !strings.Contains((*notes)[0].Text, f.path) {
		t.Errorf("notes: %v", *notes)
	}
}

func TestSymlinkedFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("symlinks need a privilege on Windows")
	}
	f, _ := newFile(t, two)
	link := filepath.Join(t.TempDir(), "link.json")
	if err := os.Symlink(f.path, link); err != nil {
		t.Fatal(err)
	}
	g, _ := openNoted(link)
	// Where the plugin's lock is depends on the path that is used, where kyoli's is does not.
	intercept(g, nil, func(int) error {
		if _, err := os.Stat(link + ".lock"); err != nil {
			t.Errorf("the plugin's lock is not at the unresolved path: %v", err)
		}
		if lock, err := os.Stat(f.path + ".flock"); err != nil || !lock.Mode().IsRegular() {
			t.Errorf("kyoli's lock is not at the resolved path: %v", err)
		}
		return nil
	}, nil)
	mustUpdate(t, g, func(a *Accounts) { a.Get(uuidA).SetCredential(Credential{RefreshToken: "rt-n"}) })
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v", err)
	}
	if got := mustLoad(t, f).Get(uuidA).RefreshToken; got != "rt-n" {
		t.Error("the target was not written")
	}
	if _, err := os.Stat(f.path + ".last-good"); err != nil {
		t.Errorf("last-good is not beside the target: %v", err)
	}
}

// TestSymlinkToNothing: the file is made where the link leads.
func TestSymlinkToNothing(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("symlinks need a privilege on Windows")
	}
	target := filepath.Join(t.TempDir(), "deep", "real.json")
	link := filepath.Join(t.TempDir(), "link.json")
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	f, _ := openNoted(link)
	mustUpdate(t, f, func(a *Accounts) { a.Add(&Account{UUID: "u", RefreshToken: "r"}) })
	if _, err := os.Stat(target); err != nil {
		t.Error(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v", err)
	}
}

func TestUnreadable(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{"a directory": dir, "below a file": filepath.Join(dir, "file", "f")} {
		f, _ := openNoted(path)
		_, err := f.Load(context.Background())
		var r *ReadError
		if !errors.As(err, &r) || r.Hint() == "" || strings.Count(err.Error(), path) != 1 {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := f.Update(context.Background(), func(*Accounts) error { return nil }); err == nil {
			t.Errorf("%s was written", name)
		}
	}
}

// TestHugeFile: a file of 100 MB is refused without reading it all, and stays.
func TestHugeFile(t *testing.T) {
	f, _ := newFile(t, "")
	if err := os.Truncate(f.path, 100<<20); err != nil {
		t.Fatal(err)
	}
	var d *DamagedError
	if _, err := f.Load(context.Background()); !errors.As(err, &d) || d.Offset != maxSize || !strings.Contains(err.Error(), "64 MiB") {
		t.Errorf("error: %v", err)
	}
	if info, err := os.Stat(f.path); err != nil || info.Size() != 100<<20 {
		t.Errorf("the file: %v, %v", info, err)
	}
	if got := names(t, f); len(got) != 1 {
		t.Errorf("files: %q", got)
	}
}

func TestNothingHugeIsWritten(t *testing.T) {
	f, _ := newFile(t, two)
	var w *WriteError
	_, err := f.Update(context.Background(), func(a *Accounts) error {
		a.Get(uuidA).AccessToken = Secret(strings.Repeat("x", maxSize))
		return nil
	})
	if !errors.As(err, &w) || !strings.Contains(err.Error(), "64 MiB") {
		t.Errorf("error: %v", err)
	}
	wantContent(t, f, two)
}

func TestTheSameContentIsParsedOnce(t *testing.T) {
	f, _ := newFile(t, two)
	a, b := mustLoad(t, f), mustLoad(t, f)
	if a.doc != b.doc {
		t.Error("an unchanged file was parsed again")
	}
	c := mustUpdate(t, f, func(a *Accounts) { a.Get(uuidA).Label = "new" })
	if d := mustLoad(t, f); c.doc != d.doc || a.doc == d.doc {
		t.Error("what was written was parsed again")
	}
	rename(t, f, theirs)
	if mustLoad(t, f).Get(uuidA).PlanTier != "pro" {
		t.Error("another program's change was not seen")
	}
}
