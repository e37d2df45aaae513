package migrate

import (
	"errors"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

func sealFor(t testing.TB, inASCII bool, to age.Recipient, err error) []byte {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	data, err := Seal([]byte("plain"), inASCII, to)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func phrase(s store.Secret) Keys {
	return Keys{Passphrase: func() (store.Secret, error) { return s, nil }}
}

func TestSealAndUnseal(t *testing.T) {
	t.Parallel()
	mine, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	for _, inASCII := range []bool{false, true} {
		for name, c := range map[string]struct {
			to   func() (age.Recipient, error)
			keys Keys
			want string // "" = it opens
		}{
			"a key":            {func() (age.Recipient, error) { return mine.Recipient(), nil }, Keys{Identities: []age.Identity{other, mine}}, ""},
			"another key":      {func() (age.Recipient, error) { return mine.Recipient(), nil }, Keys{Identities: []age.Identity{other}}, "not encrypted for any"},
			"no key":           {func() (age.Recipient, error) { return mine.Recipient(), nil }, phrase("x"), "no identity was given"},
			"passphrase":       {func() (age.Recipient, error) { return Passphrase("p", 1) }, phrase("p"), ""},
			"with a key, too":  {func() (age.Recipient, error) { return Passphrase("p", 1) }, Keys{Identities: []age.Identity{mine}, Passphrase: phrase("p").Passphrase}, ""},
			"wrong passphrase": {func() (age.Recipient, error) { return Passphrase("p", 1) }, phrase("q"), "the passphrase is wrong"},
			"empty passphrase": {func() (age.Recipient, error) { return Passphrase("p", 1) }, phrase(""), "the passphrase is wrong"},
		} {
			to, err := c.to()
			data := sealFor(t, inASCII, to, err)
			if !Sealed(data) || strings.Contains(string(data), "plain") {
				t.Errorf("%s: %q is not encrypted", name, data)
			}
			got, err := Unseal("x.age", data, c.keys)
			if c.want == "" {
				if err != nil || string(got) != "plain" {
					t.Errorf("%s: %q, %v", name, got, err)
				}
				continue
			}
			var wrong *SealError
			if !errors.As(err, &wrong) || !strings.Contains(err.Error(), c.want) || wrong.Damaged || wrong.NeedsIdentity != (name == "no key") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if _, err := Passphrase("", 1); err == nil {
		t.Error("an empty passphrase was taken")
	}
}

// Whatever is cut off, or changed, of an encrypted file is found.
func TestUnsealDamaged(t *testing.T) {
	t.Parallel()
	to, err := Passphrase("p", 1)
	data := sealFor(t, false, to, err)
	for n := len(sealedIntro); n < len(data); n++ {
		if got, err := Unseal("x", data[:n], phrase("p")); err == nil {
			t.Errorf("cut at %d: %q", n, got)
		}
		flipped := []byte(string(data))
		flipped[n] ^= 1
		if got, err := Unseal("x", flipped, phrase("p")); err == nil {
			t.Errorf("changed at %d: %q", n, got)
		}
	}
}

// A file that would take a gigabyte to try is refused before anybody is asked.
func TestUnsealOfADearFile(t *testing.T) {
	t.Parallel()
	to, err := Passphrase("p", 1)
	data := strings.Replace(string(sealFor(t, false, to, err)), " 1\n", " 21\n", 1)
	_, err = Unseal("x", []byte(data), Keys{Passphrase: func() (store.Secret, error) {
		t.Error("it was asked for")
		return "", nil
	}})
	if err == nil || !strings.Contains(err.Error(), "above 2^20") {
		t.Errorf("%v", err)
	}
}

func TestUnsealWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	to, err := Passphrase("p", 1)
	data := sealFor(t, false, to, err)
	gone := errors.New("no terminal")
	if _, err := Unseal("x", data, Keys{Passphrase: func() (store.Secret, error) { return "", gone }}); !errors.Is(err, gone) {
		t.Errorf("%v", err)
	}
}

func TestParseKeys(t *testing.T) {
	t.Parallel()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	secret, public := id.String(), id.Recipient().String()
	if list, err := ParseRecipients("r", strings.NewReader("# us\n"+public+"\n")); err != nil || len(list) != 1 {
		t.Errorf("%v, %v", list, err)
	}
	if list, err := ParseIdentities("i", strings.NewReader(secret)); err != nil || len(list) != 1 {
		t.Errorf("%v, %v", list, err)
	}
	_, err1 := ParseRecipients("r", strings.NewReader(secret))
	_, err2 := ParseIdentities("i", strings.NewReader(secret+"Q"))
	for _, err := range []error{err1, err2} {
		var wrong *SourceError
		if !errors.As(err, &wrong) || strings.Contains(err.Error(), secret) {
			t.Errorf("%v", err)
		}
	}
}

func FuzzUnseal(f *testing.F) {
	to, err := Passphrase("p", 1)
	f.Add(sealFor(f, false, to, err))
	f.Add(sealFor(f, true, to, err))
	id, err := age.GenerateX25519Identity()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealFor(f, false, id.Recipient(), nil))
	f.Add([]byte(sealedIntro + "-> scrypt AAAA 99999999999999999999\n\n--- \n"))
	keys := Keys{Identities: []age.Identity{id}, Passphrase: func() (store.Secret, error) { return "", errors.New("not asked") }}
	f.Fuzz(func(t *testing.T, data []byte) {
		if got, err := Unseal("x", data, keys); err == nil && len(got) > len(data) {
			t.Errorf("%d bytes from %d", len(got), len(data))
		}
	})
}
