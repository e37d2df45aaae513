package store

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/kyoli-gam/kyoli/internal/seal"
)

// vaultKeys are the keys of a test, in a directory: an identity for each scheme, and the scheme that the settings want.
// Processes share them.
type vaultKeys struct{ dir string }

func newKeys(t testing.TB) vaultKeys {
	t.Helper()
	k := vaultKeys{t.TempDir()}
	for _, s := range []seal.Scheme{seal.Age, seal.Keyring} {
		line, _, err := seal.NewIdentity()
		if err != nil {
			t.Fatal(err)
		}
		k.put(t, s, line)
	}
	return k
}

func (k vaultKeys) path(s seal.Scheme) string { return filepath.Join(k.dir, string(s)) }

func (k vaultKeys) put(t testing.TB, s seal.Scheme, line string) {
	t.Helper()
	if err := os.WriteFile(k.path(s), []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
}

// want is what `kyoli config set` does first.
func (k vaultKeys) want(t testing.TB, s seal.Scheme) {
	t.Helper()
	path := filepath.Join(k.dir, "scheme")
	if err := os.WriteFile(path+".new", []byte(s), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func (k vaultKeys) scheme() seal.Scheme {
	text, _ := os.ReadFile(filepath.Join(k.dir, "scheme"))
	return seal.ParseScheme(string(text))
}

// sealing is that of a process that starts now.
func (k vaultKeys) sealing() Sealing {
	source := func(s seal.Scheme) seal.Source {
		return func() ([]age.Identity, error) {
			text, err := os.ReadFile(k.path(s))
			if err != nil {
				return nil, &seal.KeyError{Scheme: s, Where: k.path(s), Err: err, Way: "put it back"}
			}
			return seal.ParseIdentities(text)
		}
	}
	return Sealing{
		Box:    seal.NewBox(map[seal.Scheme]seal.Source{seal.Age: source(seal.Age), seal.Keyring: source(seal.Keyring)}),
		Scheme: k.scheme,
	}
}

// open opens the file as a process that starts now.
func (k vaultKeys) open(path string) *File { return Open(path, Options{Sealing: k.sealing()}) }

// newSealed returns a file with this content, sealed.
func newSealed(t *testing.T, content string) (*File, vaultKeys) {
	t.Helper()
	plain, _ := newFile(t, content)
	k := newKeys(t)
	k.want(t, seal.Age)
	f := k.open(plain.path)
	mustReseal(t, f)
	return f, k
}

func mustReseal(t testing.TB, f *File) {
	t.Helper()
	if left, err := f.Reseal(context.Background()); err != nil || len(left) > 0 {
		t.Fatalf("left %q, %v", left, err)
	}
}

// holdsText says which of the files beside the account file, and which entry of the journal, holds a text.
func holdsText(t testing.TB, f *File, texts ...string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(filepath.Dir(f.path), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || strings.HasSuffix(path, ".step") || strings.HasSuffix(path, ".vendor") {
			return err
		}
		data, err := os.ReadFile(path)
		for _, text := range texts {
			if strings.Contains(string(data), text) {
				found = append(found, filepath.Base(path)+" has "+text)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
