package seal

import (
	"errors"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
)

// keyring is a source whose identities a test can change.
type keyring struct {
	ids   []age.Identity
	err   error
	asked int
}

func (k *keyring) source() ([]age.Identity, error) {
	k.asked++
	return k.ids, k.err
}

func identity(t testing.TB) age.Identity {
	t.Helper()
	line, recipient, err := NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	ids, err := ParseIdentities([]byte("# a comment\n" + line + "\n"))
	if err != nil || Recipient(ids[0]) != recipient {
		t.Fatalf("%v, recipient %s", err, recipient)
	}
	return ids[0]
}

func newBox(t testing.TB) (*Box, *keyring) {
	t.Helper()
	k := &keyring{ids: []age.Identity{identity(t)}}
	return NewBox(map[Scheme]Source{Age: k.source}), k
}

func mustSeal(t testing.TB, b *Box, plain string, at Place) string {
	t.Helper()
	sealed, err := b.Seal(Age, "name", plain, at)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

var refreshOfA = Place{Kind: "refresh", Owner: []string{"a"}}

func TestSealAndOpen(t *testing.T) {
	b, k := newBox(t)
	for _, plain := range []string{"", "token", "with \x00 and : in it", strings.Repeat("x", 1<<20)} {
		sealed := mustSeal(t, b, plain, refreshOfA)
		if got, err := b.Open(sealed, refreshOfA); err != nil || got != plain {
			t.Errorf("%d bytes: %d bytes, %v", len(plain), len(got), err)
		}
		if !Is(sealed) || Name(sealed) != "name" || SchemeOf(sealed) != Age || !b.Current(Age, sealed) || b.Current(Keyring, sealed) {
			t.Errorf("%.80s says something else of itself", sealed)
		}
		if len(plain) > 3 && strings.Contains(sealed, plain) {
			t.Error("the plain text is in it")
		}
		other := NewBox(map[Scheme]Source{Age: k.source}) // another process
		if got, err := other.Open(sealed, refreshOfA); err != nil || got != plain {
			t.Errorf("another process: %v", err)
		}
	}
	if k.asked != 5 {
		t.Errorf("the key was asked for %d times", k.asked)
	}
}

// One data key serves all texts, in the process that made it and in those that read it.
func TestOneDataKey(t *testing.T) {
	b, k := newBox(t)
	first := mustSeal(t, b, "1", refreshOfA)
	other := NewBox(map[Scheme]Source{Age: k.source})
	if _, err := other.Open(first, refreshOfA); err != nil {
		t.Fatal(err)
	}
	wrapped := func(s string) string { return strings.Split(s, ":")[4] }
	for _, s := range []string{mustSeal(t, b, "2", refreshOfA), mustSeal(t, other, "3", refreshOfA)} {
		if wrapped(s) != wrapped(first) {
			t.Error("another data key")
		}
	}
}

// What was changed, shortened, or put into another place does not open.
func TestOpenRefuses(t *testing.T) {
	b, _ := newBox(t)
	sealed := mustSeal(t, b, "token", refreshOfA)
	refused := func(what, text string, at Place) {
		t.Helper()
		got, err := b.Open(text, at)
		var open *OpenError
		if !errors.As(err, &open) || got != "" || open.Reason == "" {
			t.Errorf("%s: %q, %v", what, got, err)
		}
	}
	for i := len(Prefix); i < len(sealed); i++ {
		changed := []byte(sealed)
		if changed[i] ^= 1; changed[i] == '\n' {
			continue
		}
		if got, err := b.Open(string(changed), refreshOfA); err == nil {
			t.Fatalf("opened %q with byte %d changed", got, i)
		}
	}
	for _, cut := range []int{len(Prefix), len(sealed) / 2, len(sealed) - 1} {
		refused("cut", sealed[:cut], refreshOfA)
	}
	refused("another kind", sealed, Place{Kind: "access", Owner: []string{"a"}})
	refused("another owner", sealed, Place{Kind: "refresh", Owner: []string{"b"}})
	refused("plain", "token", refreshOfA)
	for _, owners := range [][]string{{"b", "a"}, nil} {
		if _, err := b.Open(sealed, Place{Kind: "refresh", Owner: owners}); err != nil {
			t.Errorf("owners %q: %v", owners, err)
		}
	}
}

// A new identity on top of the file takes over; the old one goes on opening what it sealed.
func TestNewIdentityOnTop(t *testing.T) {
	b, k := newBox(t)
	old := mustSeal(t, b, "token", refreshOfA)
	k.ids = []age.Identity{identity(t), k.ids[0]}
	if err := b.Ready(Age); err != nil {
		t.Fatal(err)
	}
	if got, err := b.Open(old, refreshOfA); err != nil || got != "token" {
		t.Errorf("%q, %v", got, err)
	}
	if b.Current(Age, old) || !b.Current(Age, mustSeal(t, b, "token", refreshOfA)) {
		t.Error("the old identity counts as the current one")
	}
}

// Another identity does not open it, and a process that runs on sees the right one come.
func TestOtherIdentity(t *testing.T) {
	b, k := newBox(t)
	sealed := mustSeal(t, b, "token", refreshOfA)
	right := k.ids
	k.ids = []age.Identity{identity(t)}
	other := NewBox(map[Scheme]Source{Age: k.source})
	now := time.Now()
	other.rings[Age].now = func() time.Time { return now }
	for range 3 {
		var open *OpenError
		if _, err := other.Open(sealed, refreshOfA); !errors.As(err, &open) || !strings.Contains(open.Reason, "another key") {
			t.Fatalf("%v", err)
		}
	}
	k.ids = right
	now = now.Add(2 * time.Second)
	if got, err := other.Open(sealed, refreshOfA); err != nil || got != "token" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestNoKey(t *testing.T) {
	b, k := newBox(t)
	sealed := mustSeal(t, b, "token", refreshOfA)
	k.err = &KeyError{Scheme: Age, Where: "there", Err: errors.New("locked"), Way: "unlock"}
	if err := b.Ready(Age); !errors.Is(err, k.err) {
		t.Errorf("Ready does not look again: %v", err)
	}
	fresh := NewBox(map[Scheme]Source{Age: k.source})
	for name, b := range map[string]*Box{"locked": fresh, "unknown": NewBox(nil)} {
		var key *KeyError
		if _, err := b.Open(sealed, refreshOfA); !errors.As(err, &key) || key.Hint() == "" || key.Where == "" {
			t.Errorf("%s: open: %v", name, err)
		}
		if _, err := b.Seal(Age, "", "token", refreshOfA); !errors.As(err, &key) {
			t.Errorf("%s: seal: %v", name, err)
		}
	}
}

// A source that is long in failing is asked once a command, and again later on.
func TestSlowFailure(t *testing.T) {
	b, k := newBox(t)
	now := time.Now()
	r := b.rings[Age]
	r.now = func() time.Time { return now }
	r.source = func() ([]age.Identity, error) {
		now = now.Add(30 * time.Second)
		return k.source()
	}
	k.err = &KeyError{Err: errors.New("no answer")}
	for range 3 {
		if _, err := b.Seal(Age, "", "token", refreshOfA); !errors.Is(err, k.err) {
			t.Error(err)
		}
	}
	if k.asked != 1 {
		t.Errorf("asked %d times", k.asked)
	}
	k.err, now = nil, now.Add(time.Minute)
	mustSeal(t, b, "token", refreshOfA)
}

func TestParseIdentities(t *testing.T) {
	secret := "AGE-SECRET-KEY-1QQQQ"
	for _, text := range []string{"", "\n# nothing\n", secret, "age1" + strings.Repeat("q", 58), "\x00"} {
		if ids, err := ParseIdentities([]byte(text)); err == nil || strings.Contains(err.Error(), "QQQ") {
			t.Errorf("%q: %v, %v", text, ids, err)
		}
	}
	hybrid, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	ids, err := ParseIdentities([]byte(hybrid.String()))
	if err != nil {
		t.Fatal(err)
	}
	b := NewBox(map[Scheme]Source{Age: func() ([]age.Identity, error) { return ids, nil }})
	if got, err := b.Open(mustSeal(t, b, "token", refreshOfA), refreshOfA); err != nil || got != "token" {
		t.Errorf("a post-quantum identity: %q, %v", got, err)
	}
}

func TestScheme(t *testing.T) {
	for _, s := range []Scheme{None, Keyring, Age} {
		if ParseScheme(s.String()) != s {
			t.Errorf("%q", s)
		}
	}
	if ParseScheme("rot13") != None {
		t.Error("rot13")
	}
}

func FuzzOpen(f *testing.F) {
	b, _ := newBox(f)
	sealed := mustSeal(f, b, "token", refreshOfA)
	for _, s := range []string{sealed, sealed[:len(sealed)-3], Prefix, Prefix + "1:age:::", Prefix + "1:age:n:QQ:QQ", "token", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		plain, err := b.Open(s, refreshOfA)
		if err == nil && (s != sealed || plain != "token") {
			t.Errorf("opened %q to %q", s, plain)
		}
		if Name(s) != "" && !Is(s) {
			t.Errorf("%q has a name", s)
		}
	})
}
