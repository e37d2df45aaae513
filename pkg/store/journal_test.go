package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// openEntry returns the path of the only open entry.
func openEntry(t *testing.T, f *File) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(f.path+".journal", "*.open"))
	if err != nil || len(found) != 1 {
		t.Fatalf("open entries: %q, %v", found, err)
	}
	return found[0]
}

// What Begin left that died before the intent was there was not sent: it goes, and does not count as a request.
func TestEntryWithoutIntent(t *testing.T) {
	for name, content := range map[string]string{"empty": "", "zeros": strings.Repeat("\x00", 4096)} {
		t.Run(name, func(t *testing.T) {
			f, notes := newFile(t, two)
			unanswered(t, f)
			if err := os.WriteFile(openEntry(t, f), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			mustLoad(t, f)
			if entries(t, f) != "" || len(*notes) != 0 {
				t.Errorf("journal: %q, notes %q", entries(t, f), *notes)
			}
		})
	}
}

// What cannot be read is kept for people, said once, and in nobody's way.
func TestDamagedEntryIsSetAside(t *testing.T) {
	for name, content := range map[string]string{
		"text": "something", "a torn intent": "kyoli-journal 1 intent 100 0123456789abcdef\n{\"uu", "another format": "{}",
	} {
		t.Run(name, func(t *testing.T) {
			f, _ := newFile(t, two)
			unanswered(t, f)
			if err := os.WriteFile(openEntry(t, f), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			f, notes := openNoted(f.path)
			mustLoad(t, f)
			mustLoad(t, f)
			if entries(t, f) != ".damaged" || readFile(t, journalFiles(t, f)[0]) != content {
				t.Errorf("journal: %q", entries(t, f))
			}
			if len(*notes) != 1 || (*notes)[0].Kind != NoteJournal || !strings.Contains((*notes)[0].Text, journalFiles(t, f)[0]) {
				t.Errorf("notes: %q", *notes)
			}
			answered(t, f, 200, good)
			if a := mustLoad(t, f).Get(uuidA); a.RefreshToken != "rt-new" {
				t.Errorf("stored %+v", a)
			}
		})
	}
}

// An answer with a token that cannot be read is kept for people; one that holds none is not.
func TestAnswerThatCannotBeRead(t *testing.T) {
	for body, want := range map[string]string{
		`{"access_token":"at","refresh_token":"rt-ne`: ".damaged",
		"<html>please log in to the wireless</html>":  "",
		`{"error":"busy"}`:                            "",
	} {
		for _, closed := range []bool{true, false} {
			f, notes := newFile(t, two)
			l, r := begun(t, f)
			err := r.Answered(200, []byte(body))
			if closed {
				err = errors.Join(err, r.Refused(context.Background(), "no token"))
			}
			if err := errors.Join(err, l.Release()); err != nil {
				t.Fatal(err)
			}
			mustLoad(t, f)
			if entries(t, f) != want || len(*notes) != len(strings.Fields(want)) {
				t.Errorf("%s: journal %q, notes %q", body, entries(t, f), *notes)
			}
			wantContent(t, f, two)
		}
	}
}

// An answer that breaks off behind the refresh token is as good as a whole one.
func TestAnswerThatBreaksOffBehindTheToken(t *testing.T) {
	f, _ := newFile(t, two)
	answered(t, f, 200, good[:strings.Index(good, `,"expires`)+5])
	if a := mustLoad(t, f).Get(uuidA); a.RefreshToken != "rt-new" || a.AccessToken != "at-new" {
		t.Errorf("stored %+v", a)
	}
}

// A damaged record hides no other.
func TestAnswerBehindDamage(t *testing.T) {
	f, _ := newFile(t, two)
	answered(t, f, 200, good)
	path := openEntry(t, f)
	raw := []byte(readFile(t, path))
	raw[3] ^= 1
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if a := mustLoad(t, f).Get(uuidA); a.RefreshToken != "rt-new" {
		t.Errorf("stored %+v", a)
	}
}

// Files that are none of the journal's, and those of a later kyoli, are left alone.
func TestForeignFilesInTheJournal(t *testing.T) {
	f, notes := newFile(t, two)
	unanswered(t, f)
	path := openEntry(t, f)
	later := "kyoli-journal 2 intent 2 00\n{}\n"
	if err := errors.Join(
		os.WriteFile(path, []byte(later), 0o600), os.WriteFile(f.path+".journal/README", []byte("mine"), 0o600),
		os.Mkdir(f.path+".journal/sub", 0o700),
	); err != nil {
		t.Fatal(err)
	}
	answered(t, f, 200, good)
	mustLoad(t, f)
	if readFile(t, path) != later || readFile(t, f.path+".journal/README") != "mine" || len(*notes) != 0 {
		t.Errorf("journal: %q, notes %q", entries(t, f), *notes)
	}
}

// Whatever is in the journal's place, or in an entry's, the accounts can be read, and nothing is sent that could not
// be written down.
func TestJournalThatCannotBeUsed(t *testing.T) {
	for name, spoil := range map[string]func(dir string) error{
		"a file":             func(dir string) error { return os.WriteFile(dir, nil, 0o600) },
		"a link to nowhere":  func(dir string) error { return os.Symlink("nowhere/at/all", dir) },
		"a link to a file":   func(dir string) error { return os.Symlink(filepath.Base(strings.TrimSuffix(dir, ".journal")), dir) },
		"a link to itself":   func(dir string) error { return os.Symlink(dir, dir) },
		"a directory inside": func(dir string) error { return os.MkdirAll(filepath.Join(dir, entryOf("rt-a").String()), 0o700) },
	} {
		t.Run(name, func(t *testing.T) {
			f, notes := newFile(t, two)
			if err := spoil(f.path + ".journal"); err != nil {
				t.Fatal(err)
			}
			if a := mustLoad(t, f); len(a.List) != 2 {
				t.Errorf("%d accounts", len(a.List))
			}
			mustUpdate(t, f, func(a *Accounts) { a.Get(uuidB).Label = "changed" })
			if len(*notes) > 1 {
				t.Errorf("notes: %q", *notes)
			}
			l, err := f.Lease(context.Background(), uuidA)
			if err == nil {
				_, err = l.Begin(context.Background())
				_ = l.Release()
			}
			if err == nil || !strings.Contains(err.Error(), f.path+".journal") {
				t.Errorf("Begin: %v", err)
			}
		})
	}
}

func entryOf(token Secret) entryName {
	return entryName{parent: token.Hash(), owner: ownerHash(uuidA), at: 1_700_000_000_000, nonce: "0123456789ab", state: stateOpen}
}

// The journal may be a link to a directory, as the account file may be one to a file, and lies beside the real one.
func TestJournalBesideTheResolvedFile(t *testing.T) {
	f, _ := newFile(t, two)
	link := filepath.Join(t.TempDir(), "link.json")
	if err := os.Symlink(f.path, link); err != nil {
		t.Fatal(err)
	}
	linked, _ := openNoted(link)
	answered(t, linked, 200, good)
	if entries(t, linked) != "" || entries(t, f) != ".open" {
		t.Errorf("journal: %q and %q", entries(t, linked), entries(t, f))
	}
	if a := mustLoad(t, f).Get(uuidA); a.RefreshToken != "rt-new" {
		t.Errorf("stored %+v", a)
	}
}

func TestJournalIsPrivate(t *testing.T) {
	f, notes := newFile(t, two)
	dir := f.path + ".journal"
	if err := errors.Join(os.Mkdir(dir, 0o700), os.Chmod(dir, 0o755)); err != nil {
		t.Fatal(err)
	}
	answered(t, f, 200, good)
	if len(*notes) != 1 || (*notes)[0].Kind != NotePermissions {
		t.Errorf("notes: %q", *notes)
	}
	for _, path := range append(journalFiles(t, f), dir) {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
}

// ahead returns the file as a process sees it whose clock is ahead by so much.
func ahead(f *File, by time.Duration) *File {
	return Open(f.path, Options{Now: func() time.Time { return time.Now().Add(by) }})
}

// A settled entry is kept for 24 h, and until last-good has the child.
func TestSettledIsKept(t *testing.T) {
	f, _ := newFile(t, two)
	answered(t, f, 200, good)
	mustLoad(t, f)
	mustLoad(t, ahead(f, 23*time.Hour))
	mustLoad(t, ahead(f, -48*time.Hour))
	if entries(t, f) != ".settled" {
		t.Fatalf("journal: %q", entries(t, f))
	}
	saved := readFile(t, f.path+".last-good")
	if err := os.Remove(f.path + ".last-good"); err != nil {
		t.Fatal(err)
	}
	mustLoad(t, ahead(f, 25*time.Hour))
	if entries(t, f) != ".settled" {
		t.Fatalf("journal without last-good: %q", entries(t, f))
	}
	if err := os.WriteFile(f.path+".last-good", []byte(saved), 0o600); err != nil {
		t.Fatal(err)
	}
	mustLoad(t, ahead(f, 25*time.Hour))
	if entries(t, f) != "" {
		t.Errorf("journal: %q", entries(t, f))
	}
}

// An open entry is kept for as long as it says something about a token that is there, or may be a spare.
func TestOpenIsKept(t *testing.T) {
	f, _ := newFile(t, two)
	unanswered(t, f)
	mustLoad(t, ahead(f, 1000*time.Hour))
	if entries(t, f) != ".open" {
		t.Fatalf("its token is there: journal %q", entries(t, f))
	}
	mustUpdate(t, f, func(a *Accounts) { a.Get(uuidA).RefreshToken = "rt-login" })
	mustLoad(t, ahead(f, 29*24*time.Hour))
	if entries(t, f) != ".open" {
		t.Fatalf("its account is there: journal %q", entries(t, f))
	}
	mustLoad(t, ahead(f, 31*24*time.Hour))
	if entries(t, f) != "" {
		t.Errorf("journal: %q", entries(t, f))
	}
}

// An account file that another program emptied does not take the journal with it.
func TestEmptiedFileKeepsTheJournal(t *testing.T) {
	f, _ := newFile(t, two)
	answered(t, f, 200, good)
	if err := os.WriteFile(f.path, []byte(emptyFile), 0o600); err != nil {
		t.Fatal(err)
	}
	if a := mustLoad(t, ahead(f, 1000*time.Hour)); len(a.List) != 0 {
		t.Errorf("%d accounts were made", len(a.List))
	}
	if err := os.WriteFile(f.path, []byte(two), 0o600); err != nil {
		t.Fatal(err)
	}
	if a := mustLoad(t, f).Get(uuidA); a.RefreshToken != "rt-new" {
		t.Errorf("stored %+v", a)
	}
}

// A replay enables nothing.
func TestReplayEnablesNothing(t *testing.T) {
	f, _ := newFile(t, two)
	answered(t, f, 200, good)
	disabled := strings.Replace(two, `"big":`, `"enabled":false,"isAuthDisabled":true,"authDisabledReason":"x","big":`, 1)
	if err := os.WriteFile(f.path, []byte(disabled), 0o600); err != nil {
		t.Fatal(err)
	}
	if a := mustLoad(t, f).Get(uuidA); a.RefreshToken != "rt-new" || a.Enabled || !a.IsAuthDisabled || a.AuthDisabledReason != "x" {
		t.Errorf("stored %+v", a)
	}
}

// A file of a later version, and one that was damaged meanwhile, cannot take the answer: nothing is sent.
func TestBeginAsksWhetherTheAnswerCouldBeWritten(t *testing.T) {
	for name, spoil := range map[string]string{"later": strings.Replace(two, `"version": 1`, `"version": 2`, 1), "damaged": two[:100]} {
		t.Run(name, func(t *testing.T) {
			f, _ := newFile(t, two)
			l := mustLease(t, f, uuidA)
			defer l.Release() //nolint:errcheck // the test is over
			if err := os.WriteFile(f.path, []byte(spoil), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := l.Begin(context.Background())
			var version *VersionError
			var damaged *DamagedError
			if !errors.As(err, &version) && !errors.As(err, &damaged) {
				t.Errorf("Begin: %v", err)
			}
			if entries(t, f) != "" {
				t.Errorf("journal: %q", entries(t, f))
			}
		})
	}
}

// A file in the journal must not make any command slow.
func TestLongAndStrangeEntries(t *testing.T) {
	f, _ := newFile(t, two)
	answered(t, f, 200, good)
	for i := range 3 {
		n := entryOf("rt-a")
		n.nonce = fmt.Sprintf("%012x", i)
		if err := os.Truncate(touched(t, filepath.Join(f.path+".journal", n.String())), 1<<32); err != nil {
			t.Fatal(err)
		}
	}
	start := time.Now()
	if a := mustLoad(t, f).Get(uuidA); a.RefreshToken != "rt-new" {
		t.Errorf("stored %+v", a)
	}
	unanswered(t, f)
	if got := entries(t, f); got != ".damaged .damaged .damaged .open .settled" {
		t.Errorf("journal: %q", got)
	}
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("it took %v", took)
	}
}

func touched(t *testing.T, path string) string {
	t.Helper()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A program that has read the accounts before finds what comes into the journal later.
func TestReplayLooksAgain(t *testing.T) {
	f, _ := newFile(t, two)
	answered(t, f, 200, strings.ReplaceAll(good, "new", "2"))
	mustLoad(t, f)
	old := time.Now().Add(-time.Minute)
	if err := os.Chtimes(f.path+".journal", old, old); err != nil {
		t.Fatal(err)
	}
	mustLoad(t, f)
	if f.nothing.doc == nil {
		t.Fatal("that there is nothing to be done was not remembered")
	}
	answered(t, Open(f.path, Options{}), 200, strings.ReplaceAll(good, "new", "3"))
	if a := mustLoad(t, f).Get(uuidA); a.RefreshToken != "rt-3" {
		t.Errorf("got %+v", a)
	}
	if err := os.WriteFile(f.path, []byte(two), 0o600); err != nil {
		t.Fatal(err)
	}
	if a := mustLoad(t, f).Get(uuidA); a.RefreshToken != "rt-3" {
		t.Errorf("after an old content came back: %+v", a)
	}
}
