package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kyoli-gam/kyoli/internal/seal"
)

func TestSealedFile(t *testing.T) {
	f, k := newSealed(t, two)
	if found := holdsText(t, f, `"rt-`, `"at-`); found != nil {
		t.Errorf("plain tokens: %q", found)
	}
	raw := readFile(t, f.path)
	if err := pluginAccepts([]byte(raw)); err != nil {
		t.Errorf("the plugin's schema rejects it: %v", err)
	}
	for _, kept := range []string{`"future": {"z": 1.50, "a": [1e3]}`, `"big": 9007199254740993`, `"label": "work"`, `"extra": [ 1 ]`} {
		if !strings.Contains(raw, kept) {
			t.Errorf("%s is gone", kept)
		}
	}
	f = k.open(f.path)
	a := mustLoad(t, f).Get(uuidA)
	if a.RefreshToken != "rt-a" || a.AccessToken != "at-a" || a.Sealed() != seal.Age || a.Opened(f.path) != nil {
		t.Errorf("loaded %+v, sealed %q", a, a.Sealed())
	}
	if a.RefreshToken.Hash() != Secret("rt-a").Hash() {
		t.Error("another hash")
	}
	mustReseal(t, f)
	if readFile(t, f.path) != raw {
		t.Error("sealing what is sealed changes it")
	}
	k.want(t, seal.None)
	mustReseal(t, f)
	if got := readFile(t, f.path); got != two {
		t.Errorf("unsealed it is\n%s", got)
	}
}

// A list needs no key, and a token that was read without it is none.
func TestListWithoutKey(t *testing.T) {
	f, k := newSealed(t, two)
	if err := os.Remove(k.path(seal.Age)); err != nil {
		t.Fatal(err)
	}
	for name, list := range map[string]func(*File, context.Context) (*Accounts, error){"List": (*File).List, "Peek": (*File).Peek} {
		accounts, err := list(k.open(f.path), context.Background())
		if err != nil || len(accounts.List) != 2 {
			t.Fatalf("%s: %v", name, err)
		}
		a := accounts.Get(uuidA)
		if a.Label != "work" || a.RefreshToken.Reveal() != "" || a.AccessToken.Reveal() != "" || a.RefreshToken == "" || !a.RefreshToken.Sealed() {
			t.Errorf("%s: %+v", name, a)
		}
		if a.RefreshToken.Hash() != Secret("rt-a").Hash() || a.Sealed() != seal.Age {
			t.Errorf("%s: hash %s, sealed %q", name, a.RefreshToken.Hash(), a.Sealed())
		}
		var sealed *SealedError
		if err := a.Opened(f.path); !errors.As(err, &sealed) || sealed.Hint() == "" {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := accounts.Export("openai", uuidA); !errors.As(err, &sealed) {
			t.Errorf("%s: exported: %v", name, err)
		}
	}
}

// Where the key is not to be had nothing is begun and nothing is written.
func TestNothingWithoutKey(t *testing.T) {
	ctx := context.Background()
	f, k := newSealed(t, two)
	before := readFile(t, f.path)
	if err := os.Rename(k.path(seal.Age), k.path("away")); err != nil {
		t.Fatal(err)
	}
	fresh := k.open(f.path)
	for name, do := range map[string]func() error{
		"Load": func() error { _, err := fresh.Load(ctx); return err },
		"Update": func() error {
			_, err := fresh.Update(ctx, func(a *Accounts) error { a.List[0].Label = "x"; return nil })
			return err
		},
		"Add": func() error {
			_, err := fresh.Update(ctx, func(a *Accounts) error { a.Add(&Account{RefreshToken: "rt-c"}); return nil })
			return err
		},
		"Lease":    func() error { _, err := fresh.Lease(ctx, uuidA); return err },
		"Openable": func() error { return fresh.Openable(ctx) },
		"Reseal":   func() error { _, err := fresh.Reseal(ctx); return err },
		"unseal": func() error {
			k.want(t, seal.None)
			defer k.want(t, seal.Age)
			_, err := fresh.Reseal(ctx)
			return err
		},
	} {
		var key *seal.KeyError
		if err := do(); !errors.As(err, &key) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if readFile(t, f.path) != before {
		t.Error("the file was changed")
	}
	if err := os.Rename(k.path("away"), k.path(seal.Age)); err != nil {
		t.Fatal(err)
	}
	if a := mustLoad(t, fresh).Get(uuidA); a.RefreshToken != "rt-a" {
		t.Errorf("with the key again: %+v", a)
	}
}

// A process that has opened the file does not spend a token when the key has gone from its place since: what it sealed
// could never be opened again.
func TestKeyGoneBeforeRefresh(t *testing.T) {
	f, k := newSealed(t, two)
	l := mustLease(t, f, uuidA)
	defer l.Release() //nolint:errcheck // the test is over
	if err := os.Remove(k.path(seal.Age)); err != nil {
		t.Fatal(err)
	}
	var key *seal.KeyError
	if _, err := l.Begin(context.Background()); !errors.As(err, &key) {
		t.Errorf("begun: %v", err)
	}
	if files := journalFiles(t, f); len(files) > 0 {
		t.Errorf("the journal has %q", files)
	}
}

// An answer that waits in the journal, sealed with a key that is away, is neither removed nor set aside: it comes into its
// place when the key is back.
func TestAnswerOfAnotherKey(t *testing.T) {
	f, k := newSealed(t, two)
	answered(t, f, 200, good)
	right := readFile(t, k.path(seal.Age))
	line, _, err := seal.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	k.put(t, seal.Age, line)
	fresh := k.open(f.path)
	before := journalFiles(t, f)
	if a := mustLoad(t, fresh).Get(uuidA); a.Opened(f.path) == nil {
		t.Error("opened with another key")
	}
	if l, err := fresh.Lease(context.Background(), uuidA); err == nil {
		if _, err := l.Begin(context.Background()); err == nil {
			t.Error("begun")
		}
		_ = l.Release()
	}
	if after := journalFiles(t, f); !slices.Equal(before, after) || len(after) != 1 {
		t.Errorf("the journal had %q and has %q", before, after)
	}
	k.put(t, seal.Age, right)
	if a := mustLoad(t, k.open(f.path)).Get(uuidA); a.RefreshToken != "rt-new" || a.AccessToken != "at-new" {
		t.Errorf("with the key again: %s", a.RefreshToken.Hash())
	}
}

// The user changes to a key that a process which is waiting for an answer cannot reach: the answer is in the journal,
// sealed with the key that the process has, and in its place as soon as the new key is to be had.
func TestUnreachableKeyAfterRequest(t *testing.T) {
	f, k := newSealed(t, two)
	l, r := begun(t, f)
	k.want(t, seal.Keyring)
	if err := os.Rename(k.path(seal.Keyring), k.path("away")); err != nil {
		t.Fatal(err)
	}
	if err := r.Answered(200, []byte(good)); err != nil {
		t.Fatal(err)
	}
	var key *seal.KeyError
	var unsaved *UnsavedError
	if _, err := r.Settle(context.Background(), newCredential, nil); !errors.As(err, &key) || !errors.As(err, &unsaved) || unsaved.Journal == "" {
		t.Errorf("settled: %v", err)
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	if found := holdsText(t, f, "rt-new", "at-new", `"rt-`); found != nil {
		t.Errorf("plain tokens: %q", found)
	}
	if err := os.Rename(k.path("away"), k.path(seal.Keyring)); err != nil {
		t.Fatal(err)
	}
	if a := mustLoad(t, k.open(f.path)).Get(uuidA); a.RefreshToken != "rt-new" || a.Sealed() != seal.Keyring {
		t.Errorf("loaded %s, sealed %q", a.RefreshToken.Hash(), a.Sealed())
	}
}

// Two sealed tokens that somebody has exchanged are refused, and kept; the others work.
func TestExchangedTokens(t *testing.T) {
	ctx := context.Background()
	f, k := newSealed(t, two)
	sealed := func(uuid string) string {
		a, err := f.Peek(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return string(a.Get(uuid).RefreshToken)
	}
	a, b := sealed(uuidA), sealed(uuidB)
	raw := strings.NewReplacer(a, b, b, a).Replace(readFile(t, f.path))
	if err := os.WriteFile(f.path, []byte(raw), 0o600); err != nil {
		t.Fatal(err)
	}
	f = k.open(f.path)
	var locked *SealedError
	if err := mustLoad(t, f).Get(uuidA).Opened(f.path); !errors.As(err, &locked) || !strings.Contains(err.Error(), "another account") {
		t.Errorf("loaded: %v", err)
	}
	l := mustLease(t, f, uuidA)
	if _, err := l.Begin(ctx); !errors.As(err, &locked) {
		t.Errorf("begun: %v", err)
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	mustUpdate(t, f, func(a *Accounts) { a.Get(uuidB).Label = "b"; a.Add(&Account{UUID: "c", RefreshToken: "rt-c"}) })
	if got := readFile(t, f.path); !strings.Contains(got, a) || !strings.Contains(got, b) || strings.Contains(got, "rt-c") {
		t.Errorf("after a change of others:\n%s", got)
	}
	if c := mustLoad(t, f).Get("c"); c.RefreshToken != "rt-c" {
		t.Errorf("%+v", c)
	}
}

// The plugin adds an account and changes another: the next write seals what is plain.
func TestMixedFile(t *testing.T) {
	f, k := newSealed(t, two)
	raw := strings.Replace(readFile(t, f.path), `"accounts": [`, `"accounts": [{"uuid":"c","refreshToken":"rt-c","accessToken":"at-c","addedAt":1,"lastUsed":1},`, 1)
	if err := os.WriteFile(f.path, []byte(raw), 0o600); err != nil {
		t.Fatal(err)
	}
	f = k.open(f.path)
	a := mustLoad(t, f)
	if a.Get("c").RefreshToken != "rt-c" || a.Get(uuidA).RefreshToken != "rt-a" || a.Get("c").Sealed() != seal.None {
		t.Errorf("mixed: %+v", a.List)
	}
	mustUpdate(t, f, func(a *Accounts) { a.Get(uuidA).Label = "new" })
	if found := holdsText(t, f, `"rt-`, `"at-`); found != nil {
		t.Errorf("plain tokens: %q", found)
	}
	if a := mustLoad(t, k.open(f.path)); a.Get("c").RefreshToken != "rt-c" || a.Get("c").AccessToken != "at-c" {
		t.Errorf("sealed: %+v", a.List)
	}
}

// An account keeps its token when it gets another uuid, with and without a new token.
func TestSealedAccountRenamed(t *testing.T) {
	f, k := newSealed(t, two)
	mustUpdate(t, f, func(a *Accounts) { x := a.Get(uuidA); x.CredentialOwnerID, x.UUID = uuidA, "new-uuid" })
	f = k.open(f.path)
	if a := mustLoad(t, f).Get("new-uuid"); a.RefreshToken != "rt-a" {
		t.Errorf("%+v", a)
	}
	mustUpdate(t, f, func(a *Accounts) { a.Get("new-uuid").CredentialOwnerID = "" })
	if a := mustLoad(t, k.open(f.path)).Get("new-uuid"); a.RefreshToken != "rt-a" || a.Opened(f.path) != nil {
		t.Errorf("with another owner: %v", a.Opened(f.path))
	}
}

// Sealed accounts without a uuid, and with one uuid, are read and kept.
func TestSealedOddities(t *testing.T) {
	odd := `{"version":1,"accounts":[
{"refreshToken":"rt-x","addedAt":1,"lastUsed":1},
{"uuid":"d","refreshToken":"rt-d1","addedAt":1,"lastUsed":1},
{"uuid":"d","refreshToken":"rt-d2","accessToken":"at-d2","addedAt":1,"lastUsed":2}]}`
	f, k := newSealed(t, odd)
	if found := holdsText(t, f, `"rt-`, `"at-`); found != nil {
		t.Errorf("plain tokens: %q", found)
	}
	a := mustLoad(t, k.open(f.path))
	if len(a.List) != 2 || a.List[0].RefreshToken != "rt-x" || a.Get("d").RefreshToken != "rt-d2" {
		t.Errorf("%+v", a.List)
	}
	k.want(t, seal.None)
	mustReseal(t, k.open(f.path))
	if raw := readFile(t, f.path); strings.Count(raw, "rt-") != 3 || strings.Contains(raw, seal.Prefix) {
		t.Errorf("unsealed:\n%s", raw)
	}
}

// An export is plain, whatever the file is.
func TestExportOfSealed(t *testing.T) {
	f, _ := newSealed(t, two)
	text, err := mustLoad(t, f).Export("openai", uuidA)
	if err != nil || !strings.Contains(string(text), `"rt-a"`) || !strings.Contains(string(text), `"at-a"`) || strings.Contains(string(text), seal.Prefix) {
		t.Errorf("%v\n%s", err, text)
	}
}

// Copies that cannot be resealed are named, and kept.
func TestResealLeavesDamaged(t *testing.T) {
	f, _ := newFile(t, two)
	k := newKeys(t)
	k.want(t, seal.Age)
	var want []string
	for _, name := range []string{".damaged-12", ".journal/x.damaged"} {
		path := f.path + name
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(`{"refreshToken":"rt-a`), 0o600); err != nil {
			t.Fatal(err)
		}
		want = append(want, path)
	}
	f = k.open(f.path)
	left, err := f.Reseal(context.Background())
	if err != nil || !slices.Equal(left, want) {
		t.Errorf("left %q, want %q, %v", left, want, err)
	}
	for _, path := range want {
		if readFile(t, path) != `{"refreshToken":"rt-a` {
			t.Errorf("%s was changed", path)
		}
	}
}

// Removing an account takes its tokens out of sealed copies, too.
func TestForgetSealed(t *testing.T) {
	f, k := newSealed(t, strings.Replace(two, "rt-a", "rt-1", 1))
	if _, err := refresh(t, f, newVendor(t, f)); err != nil {
		t.Fatal(err)
	}
	hash := ":" + Secret("rt-2").Hash() + ":"
	if holdsText(t, f, hash) == nil {
		t.Fatal("no file has the token")
	}
	mustUpdate(t, k.open(f.path), func(a *Accounts) { a.Remove(uuidA) })
	if found := holdsText(t, f, hash, ":"+Secret("rt-1").Hash()+":"); found != nil {
		t.Errorf("left: %q", found)
	}
}

func BenchmarkSealedLoad(b *testing.B) {
	path := filepath.Join(b.TempDir(), "accounts.json")
	k := newKeys(b)
	k.want(b, seal.Age)
	f := k.open(path)
	_, err := f.Update(context.Background(), func(a *Accounts) error {
		for range 10_000 {
			x := &Account{UUID: newUUID(), RefreshToken: Secret("rt-" + newUUID()), AccessToken: Secret(strings.Repeat("at-", 300))}
			x.from = nil
			a.List = append(a.List, x)
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	for name, read := range map[string]func(*File, context.Context) (*Accounts, error){"list": (*File).List, "load": (*File).Load} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := read(k.open(path), context.Background()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// The first account of a file: what cannot be sealed is not written, and it is the key that is wrong, not the file.
func TestFirstAccountWithoutKey(t *testing.T) {
	k := newKeys(t)
	k.want(t, seal.Age)
	if err := os.Remove(k.path(seal.Age)); err != nil {
		t.Fatal(err)
	}
	f := k.open(filepath.Join(t.TempDir(), "accounts.json"))
	_, err := f.Update(context.Background(), func(a *Accounts) error {
		a.Add(&Account{UUID: "u", RefreshToken: "rt-u"})
		return nil
	})
	var key *seal.KeyError
	var write *WriteError
	if !errors.As(err, &key) || errors.As(err, &write) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(f.path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file is there: %v", err)
	}
}
