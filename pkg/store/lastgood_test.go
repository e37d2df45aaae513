package store

import (
	"context"
	"errors"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/internal/failpoint"
)

func lastGood(t *testing.T, f *File) string {
	t.Helper()
	return readFile(t, f.path+".last-good")
}

// TestLastGoodIsWrittenBeforeAChangeOfCredentials looks at the directory when the new content is about to be moved
// into place.
func TestLastGoodIsWrittenBeforeAChangeOfCredentials(t *testing.T) {
	changes := map[string]func(a *Accounts){
		"refresh token": func(a *Accounts) { a.Get(uuidA).RefreshToken = "rt-n" },
		"access token":  func(a *Accounts) { a.Get(uuidA).AccessToken = "at-n" },
		"removal":       func(a *Accounts) { a.Remove(uuidA) },
		"addition":      func(a *Accounts) { a.Add(&Account{UUID: "u", RefreshToken: "r"}) },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			f, _ := newFile(t, two)
			looked := false
			intercept(f, nil, func(n int) error {
				if n == 1 {
					looked = true
					if diff := cmp.Diff(two, lastGood(t, f)); diff != "" {
						t.Error(diff)
					}
				}
				return nil
			}, nil)
			mustUpdate(t, f, change)
			if !looked {
				t.Error("nothing was written")
			}
			// Afterwards it has the new ones, and not the old.
			if diff := cmp.Diff(readFile(t, f.path), lastGood(t, f)); diff != "" {
				t.Error(diff)
			}
			if info, err := os.Stat(f.path + ".last-good"); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
				t.Errorf("%v, %v", info.Mode(), err)
			}
		})
	}
}

func TestLastGoodIsNotWrittenForOtherChanges(t *testing.T) {
	f, _ := newFile(t, two)
	mustUpdate(t, f, func(a *Accounts) { a.Get(uuidA).Label, a.Get(uuidA).LastUsed, a.Active = "new", 9, uuidB })
	if _, err := os.Stat(f.path + ".last-good"); !os.IsNotExist(err) {
		t.Errorf("it is there: %v", err)
	}
}

// TestLastGoodThatCannotBeWritten: a fresh token gets into the file all the same, and the user is told.
func TestLastGoodThatCannotBeWritten(t *testing.T) {
	f, notes := newFile(t, two)
	if err := os.Mkdir(f.path+".last-good", 0o700); err != nil {
		t.Fatal(err)
	}
	mustUpdate(t, f, func(a *Accounts) { a.Get(uuidA).RefreshToken = "rt-n" })
	if mustLoad(t, f).Get(uuidA).RefreshToken != "rt-n" {
		t.Error("the token is not in the file")
	}
	if len(*notes) == 0 || (*notes)[0].Kind != NoteLastGood || !strings.Contains((*notes)[0].Text, f.path+".last-good") {
		t.Errorf("notes: %v", *notes)
	}
}

func TestFailedChangeLeavesLastGood(t *testing.T) {
	f, _ := newFile(t, two)
	mustUpdate(t, f, func(a *Accounts) { a.Get(uuidA).RefreshToken = "rt-2" })
	restore := failpoint.Set(func(name string) error {
		if name == "rename" {
			return syscall.EIO
		}
		return nil
	})
	_, err := f.Update(context.Background(), func(a *Accounts) error { a.Get(uuidA).RefreshToken = "rt-3"; return nil })
	restore()
	if !errors.Is(err, syscall.EIO) || !strings.Contains(lastGood(t, f), `"rt-2"`) {
		t.Errorf("%v, last-good %s", err, lastGood(t, f))
	}
}

// TestGoneTokens: what Update reports as gone is what is nowhere in the file any more.
func TestGoneTokens(t *testing.T) {
	shared := strings.Replace(two, "rt-b", "rt-a", 1)
	f, _ := newFile(t, shared)
	u, err := f.begin(context.Background(), func(a *Accounts) error {
		a.Remove(uuidA)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	defer u.lock.Release() //nolint:errcheck // the test is over
	if _, err := u.run(context.Background()); err != nil {
		t.Fatal(err)
	}
	u.afterwards()
	if len(u.gone.secrets) != 1 || u.gone.secrets[0] != "at-a" {
		t.Errorf("%d tokens are gone", len(u.gone.secrets))
	}
}

func TestForget(t *testing.T) {
	tests := []struct {
		name    string
		good    string // last-good; the file holds two
		secrets []Secret
		want    func(good string) bool
	}{
		{
			"replaced by the newer credential", strings.NewReplacer("rt-a", "rt-old", "at-a", "at-old").Replace(two),
			[]Secret{"rt-old"},
			func(good string) bool { return good == two },
		},
		{"an access token", strings.Replace(two, "at-a", "at-old", 1), []Secret{"at-old"}, func(good string) bool { return good == two }},
		{
			"taken out with an account that is gone", strings.NewReplacer(uuidB, "gone").Replace(two),
			[]Secret{"rt-b"},
			func(good string) bool {
				return !strings.Contains(good, "gone") && strings.Contains(good, `"big": 9007199254740993`)
			},
		},
		{"taken out where the file has it too", two, []Secret{"rt-b"}, func(good string) bool { return !strings.Contains(good, uuidB) }},
		{
			"a duplicate", strings.Replace(two, `"accounts": [`, `"accounts": [{"uuid":"`+uuidA+`","refreshToken":"rt-old","addedAt":1,"lastUsed":1},`, 1),
			[]Secret{"rt-old"},
			func(good string) bool { return strings.Count(good, uuidA) == 2 && !strings.Contains(good, "rt-old") },
		},
		{"not there", two, []Secret{"rt-other", ""}, func(good string) bool { return good == two }},
		{"damaged with it", two[:600], []Secret{"rt-a"}, func(good string) bool { return good == "" }},
		{"damaged without it", two[:600], []Secret{"rt-b"}, func(good string) bool { return good == two[:600] }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, _ := newFile(t, two)
			if err := os.WriteFile(f.path+".last-good", []byte(tt.good), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := f.Forget(context.Background(), tt.secrets...); err != nil {
				t.Fatal(err)
			}
			got, _ := os.ReadFile(f.path + ".last-good")
			if !tt.want(string(got)) {
				t.Errorf("last-good is\n%s", got)
			}
			wantContent(t, f, two)
		})
	}
	f, _ := newFile(t, two)
	if err := f.Forget(context.Background(), "rt-a"); err != nil {
		t.Errorf("without last-good: %v", err)
	}
	if err := f.Forget(context.Background()); err != nil {
		t.Errorf("without secrets: %v", err)
	}
}

// TestForgetWaitsForTheLock: last-good is not written while another process changes the accounts.
func TestForgetNeedsTheLock(t *testing.T) {
	f, _ := newFile(t, two)
	boom := errors.New("boom")
	f.acquire = func(context.Context, string) (locker, error) { return nil, boom }
	if err := os.WriteFile(f.path+".last-good", []byte(two), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.Forget(context.Background(), "rt-a"); !errors.Is(err, boom) {
		t.Errorf("error: %v", err)
	}
	if got := lastGood(t, f); got != two {
		t.Error(got)
	}
}

// TestLastGoodOfARemovedFile: the copy is all that is left of those logins, and the new file's must not take its place.
func TestLastGoodOfARemovedFile(t *testing.T) {
	f, notes := newFile(t, two)
	mustUpdate(t, f, func(a *Accounts) { a.Get(uuidA).AccessToken = "at-n" })
	held := lastGood(t, f)
	for range 2 { // the second time there is another content to keep
		if err := os.Remove(f.path); err != nil {
			t.Fatal(err)
		}
		*notes = nil
		mustUpdate(t, f, func(a *Accounts) { a.Add(&Account{UUID: "u", RefreshToken: "rt-u"}) })
		if len(*notes) != 1 || (*notes)[0].Kind != NoteRemoved {
			t.Fatalf("notes %v", *notes)
		}
		kept := (*notes)[0].Path
		if diff := cmp.Diff(held, readFile(t, kept)); diff != "" {
			t.Error(diff)
		}
		if i := inspected(t, f); !slices.Contains(i.Backups, kept) {
			t.Errorf("%s is not among %v", kept, i.Backups)
		}
		if held = lastGood(t, f); !strings.Contains(held, "rt-u") {
			t.Errorf("the copy is not of the new file: %s", held)
		}
	}
}

// TestLastGoodOfARemovedFileStays: where it cannot be kept elsewhere, the login is written, and the copy stays.
func TestLastGoodOfARemovedFileStays(t *testing.T) {
	f, notes := newFile(t, two)
	mustUpdate(t, f, func(a *Accounts) { a.Get(uuidA).AccessToken = "at-n" })
	held := lastGood(t, f)
	if err := os.Remove(f.path); err != nil {
		t.Fatal(err)
	}
	first := true
	restore := failpoint.Set(func(name string) error {
		if name == "write" && first {
			first = false
			return syscall.ENOSPC
		}
		return nil
	})
	defer restore()
	*notes = nil
	mustUpdate(t, f, func(a *Accounts) { a.Add(&Account{UUID: "u", RefreshToken: "rt-u"}) })
	if len(*notes) != 1 || (*notes)[0].Kind != NoteLastGood {
		t.Errorf("notes %v", *notes)
	}
	if diff := cmp.Diff(held, lastGood(t, f)); diff != "" {
		t.Error(diff)
	}
}
