package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// good is an answer as a provider gives it.
const good = `{"access_token":"at-new","refresh_token":"rt-new","expires_in":3600}`

// newCredential is what a manager makes of good.
var newCredential = Credential{RefreshToken: "rt-new", AccessToken: "at-new", ExpiresAt: 4_000_000_000_000}

func mustLease(t *testing.T, f *File, uuid string) Lease {
	t.Helper()
	l, err := f.Lease(context.Background(), uuid)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func mustBegin(t *testing.T, l Lease) Rotation {
	t.Helper()
	r, err := l.Begin(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// begun leases account a and begins a rotation.
func begun(t *testing.T, f *File) (Lease, Rotation) {
	t.Helper()
	l := mustLease(t, f, uuidA)
	r := mustBegin(t, l)
	if err := r.Ready(); err != nil {
		t.Fatal(err)
	}
	return l, r
}

// answered is a rotation that got as far as its answer, and then nobody went on: its process died.
func answered(t *testing.T, f *File, status int, body string) {
	t.Helper()
	l, r := begun(t, f)
	err := errors.Join(r.Answered(status, []byte(body)), l.Release())
	if err != nil {
		t.Fatal(err)
	}
}

// unanswered is a rotation whose process died after sending.
func unanswered(t *testing.T, f *File) {
	t.Helper()
	l, _ := begun(t, f)
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
}

// entries returns the endings of the journal's files.
func entries(t *testing.T, f *File) string {
	t.Helper()
	files, err := os.ReadDir(f.path + ".journal")
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var ends []string
	for _, file := range files {
		ends = append(ends, filepath.Ext(file.Name()))
	}
	slices.Sort(ends)
	return strings.Join(ends, " ")
}

func TestRotation(t *testing.T) {
	f, notes := newFile(t, two)
	l, r := begun(t, f)
	if err := r.Answered(200, []byte(good)); err != nil {
		t.Fatal(err)
	}
	a, err := r.Settle(context.Background(), newCredential, func(a *Account) { a.PlanTier = "pro" })
	if err != nil || a.UUID != uuidA || a.Credential() != newCredential || a.PlanTier != "pro" {
		t.Fatalf("Settle: %+v, %v", a, err)
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	if got := mustLoad(t, f).Get(uuidA); got.Credential() != newCredential || got.Label != "work" {
		t.Errorf("stored: %+v", got)
	}
	if entries(t, f) != ".settled" || len(*notes) != 0 {
		t.Errorf("journal: %q, notes %q", entries(t, f), *notes)
	}
	for _, file := range []string{f.path, f.path + ".last-good"} {
		if strings.Contains(readFile(t, file), "rt-a") {
			t.Errorf("%s has the spent token", file)
		}
	}
}

// The token's lineage decides where the child goes, whatever else was changed meanwhile.
func TestSettleByLineage(t *testing.T) {
	for name, change := range map[string]func(*Accounts){
		"label":       func(a *Accounts) { a.Get(uuidA).Label = "other" },
		"uuid":        func(a *Accounts) { a.Get(uuidA).UUID = "changed" },
		"owner":       func(a *Accounts) { a.Get(uuidA).CredentialOwnerID = "first" },
		"accessToken": func(a *Accounts) { a.Get(uuidA).AccessToken = "other" },
	} {
		t.Run(name, func(t *testing.T) {
			f, _ := newFile(t, two)
			l, r := begun(t, f)
			other := Open(f.path, Options{})
			changed := mustUpdate(t, other, change)
			if err := r.Answered(200, []byte(good)); err != nil {
				t.Fatal(err)
			}
			a, err := r.Settle(context.Background(), newCredential, func(*Account) {})
			if err := errors.Join(err, l.Release()); err != nil {
				t.Fatal(err)
			}
			if a == nil || a.Credential() != newCredential {
				t.Errorf("settled %+v", a)
			}
			stored := mustLoad(t, f)
			for i, x := range stored.List {
				was := changed.List[i]
				if x.UUID != was.UUID || x.Label != was.Label || x.CredentialOwnerID != was.CredentialOwnerID {
					t.Errorf("%+v, before %+v", x, was)
				}
			}
			if !stored.hold("rt-new") || !stored.hold("rt-b") || stored.hold("rt-a") {
				t.Error("the tokens are not those that they should be")
			}
		})
	}
}

// An account without a uuid keeps the one by which it was known.
func TestRotationWithoutUUID(t *testing.T) {
	for _, settles := range []bool{true, false} {
		f, _ := newFile(t, strings.Replace(two, `"uuid": "`+uuidA+`",`, "", 1))
		uuid := mustLoad(t, f).List[0].UUID
		l := mustLease(t, f, uuid)
		r := mustBegin(t, l)
		err := r.Answered(200, []byte(good))
		if settles {
			_, serr := r.Settle(context.Background(), newCredential, func(*Account) {})
			err = errors.Join(err, serr)
		}
		if err := errors.Join(err, l.Release()); err != nil {
			t.Fatal(err)
		}
		a := mustLoad(t, Open(f.path, Options{})).Get(uuid)
		if a == nil || a.RefreshToken != "rt-new" || !strings.Contains(readFile(t, f.path), uuid) {
			t.Errorf("stored %+v", a)
		}
	}
}

// The process died after its answer was in the journal: the next one stores it, whatever it wants.
func TestReplay(t *testing.T) {
	use := map[string]func(*File) (*Accounts, error){
		"load": func(f *File) (*Accounts, error) { return f.Load(context.Background()) },
		"update": func(f *File) (*Accounts, error) {
			return f.Update(context.Background(), func(*Accounts) error { return nil })
		},
		"lease": func(f *File) (*Accounts, error) {
			l, err := f.Lease(context.Background(), uuidA)
			if err != nil {
				return nil, err
			}
			return &Accounts{List: []*Account{l.Account()}}, l.Release()
		},
	}
	for name, open := range use {
		t.Run(name, func(t *testing.T) {
			f, _ := newFile(t, two)
			answered(t, f, 200, good)
			f, notes := openNoted(f.path)
			a, err := open(f)
			if err != nil {
				t.Fatal(err)
			}
			x := a.Get(uuidA)
			if x.RefreshToken != "rt-new" || x.AccessToken != "at-new" || x.ExpiresAt.Time().Before(f.o.Now()) {
				t.Errorf("got %+v", x)
			}
			if entries(t, f) != ".settled" || len(*notes) != 0 {
				t.Errorf("journal: %q, notes %q", entries(t, f), *notes)
			}
		})
	}
}

// An entry whose lease is held is left to whoever holds it.
func TestReplaySkipsWhatIsHeld(t *testing.T) {
	f, _ := newFile(t, two)
	l, r := begun(t, f)
	if err := r.Answered(200, []byte(good)); err != nil {
		t.Fatal(err)
	}
	if a := mustLoad(t, Open(f.path, Options{})); a.Get(uuidA).RefreshToken != "rt-a" {
		t.Error("it was replayed")
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	if a := mustLoad(t, Open(f.path, Options{})); a.Get(uuidA).RefreshToken != "rt-new" {
		t.Error("it was not replayed")
	}
}

// Whoever puts a spent token back gets what came of it in the end.
func TestSpentTokenComesBack(t *testing.T) {
	f, _ := newFile(t, two)
	for _, body := range []string{strings.ReplaceAll(good, "new", "2"), strings.ReplaceAll(good, "new", "3")} {
		answered(t, f, 200, body)
		mustLoad(t, f)
	}
	if err := os.WriteFile(f.path, []byte(two), 0o600); err != nil {
		t.Fatal(err)
	}
	if a := mustLoad(t, f).Get(uuidA); a.RefreshToken != "rt-3" || a.AccessToken != "at-3" {
		t.Errorf("got %+v", a)
	}
	if entries(t, f) != ".settled .spent" {
		t.Errorf("journal: %q", entries(t, f))
	}
	for _, file := range journalFiles(t, f) {
		if strings.Contains(readFile(t, file), "rt-2") {
			t.Errorf("%s has a token that was spent", file)
		}
	}
}

func journalFiles(t *testing.T, f *File) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(f.path+".journal", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// A request without an answer is made once more, and no more.
func TestUnanswered(t *testing.T) {
	f, _ := newFile(t, two)
	unanswered(t, f)
	unanswered(t, f)
	l := mustLease(t, f, uuidA)
	_, err := l.Begin(context.Background())
	var spent *SpentError
	if !errors.As(err, &spent) || spent.Name != "work" || l.Account().RefreshToken != "rt-a" {
		t.Errorf("the third time: %v", err)
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	mustUpdate(t, f, func(a *Accounts) { a.Get(uuidA).RefreshToken = "rt-again" })
	answered(t, f, 200, good)
	if a := mustLoad(t, f).Get(uuidA); a.RefreshToken != "rt-new" {
		t.Errorf("after a new login: %+v", a)
	}
}

// What was answered, even with an error, is not what makes a token spent.
func TestAnsweredWithoutToken(t *testing.T) {
	f, _ := newFile(t, two)
	for range 5 {
		l, r := begun(t, f)
		err := errors.Join(r.Answered(503, []byte("busy")), r.Refused(context.Background(), "busy"), l.Release())
		if err != nil {
			t.Fatal(err)
		}
		answered(t, f, 429, "{}")
		mustLoad(t, f)
		l, r = begun(t, f)
		if err := errors.Join(r.NotSent(), l.Release()); err != nil {
			t.Fatal(err)
		}
	}
	if got := entries(t, f); got != "" {
		t.Errorf("journal: %q", got)
	}
	wantContent(t, f, two)
}

// An answer with a new refresh token and nothing to use at once has spent the old one all the same.
func TestRefusedAnswerWithToken(t *testing.T) {
	f, _ := newFile(t, two)
	l, r := begun(t, f)
	err := errors.Join(r.Answered(200, []byte(`{"refresh_token":"rt-new"}`)), r.Refused(context.Background(), "no access token"), l.Release())
	if err != nil {
		t.Fatal(err)
	}
	if a := mustLoad(t, f).Get(uuidA); a.RefreshToken != "rt-new" || a.AccessToken != "" || a.ExpiresAt != 0 {
		t.Errorf("stored %+v", a)
	}
}

// A provider that does not rotate has spent nothing.
func TestTokenThatStays(t *testing.T) {
	f, _ := newFile(t, two)
	for _, body := range []string{`{"access_token":"at-2"}`, `{"access_token":"at-3","refresh_token":"rt-a"}`} {
		answered(t, f, 200, body)
		a := mustLoad(t, f).Get(uuidA)
		if a.RefreshToken != "rt-a" || !strings.Contains(body, a.AccessToken.Reveal()) {
			t.Errorf("stored %+v", a)
		}
	}
	if entries(t, f) != "" {
		t.Errorf("journal: %q", entries(t, f))
	}
}
