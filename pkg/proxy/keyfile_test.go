package proxy_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/proxy"
)

func newKeyFile(t *testing.T) *proxy.KeyFile {
	t.Helper()
	return &proxy.KeyFile{Path: filepath.Join(t.TempDir(), "state", "proxy-tokens.json")}
}

func names(t *testing.T, f *proxy.KeyFile) string {
	t.Helper()
	list, err := f.List()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, k := range list {
		names = append(names, k.Name)
		if time.Since(k.Created) > time.Minute {
			t.Errorf("%s was made at %s", k.Name, k.Created)
		}
	}
	return strings.Join(names, " ")
}

func TestKeyFile(t *testing.T) {
	f := newKeyFile(t)
	running := &proxy.KeyFile{Path: f.Path} // a proxy in another process
	lets := func(s proxy.Secret) bool {
		keys, err := running.Keys()
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range keys {
			if k.Hash == s.Hash() {
				return true
			}
		}
		return false
	}
	if names(t, f) != "" || lets("x") {
		t.Error("keys without a file")
	}
	one, err := f.Add(t.Context(), "one")
	if err != nil {
		t.Fatal(err)
	}
	two, err := f.Add(t.Context(), "two, with a space")
	if err != nil {
		t.Fatal(err)
	}
	if names(t, f) != "one two, with a space" || !lets(one) || !lets(two) || lets(proxy.NewSecret()) {
		t.Errorf("keys %s", names(t, f))
	}
	b, err := os.ReadFile(f.Path)
	if err != nil || strings.Contains(string(b), one.Reveal()) || strings.Contains(string(b), "kyr_") {
		t.Errorf("the file holds a secret: %s, %v", b, err)
	}
	if info, err := os.Stat(f.Path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := f.Remove(t.Context(), "one"); err != nil || lets(one) || !lets(two) {
		t.Errorf("removed: %v, still lets in: %v", err, lets(one))
	}
}

func TestKeyFileRefuses(t *testing.T) {
	f := newKeyFile(t)
	for _, name := range []string{"", "a\nb", "\x1b[31m", "\xff", strings.Repeat("x", 65)} {
		var bad *proxy.BadNameError
		if _, err := f.Add(t.Context(), name); !errors.As(err, &bad) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := f.Add(t.Context(), "one"); err != nil {
		t.Fatal(err)
	}
	var taken *proxy.NameTakenError
	if _, err := f.Add(t.Context(), "one"); !errors.As(err, &taken) {
		t.Errorf("again: %v", err)
	}
	var none *proxy.NoKeyError
	if err := f.Remove(t.Context(), "two"); !errors.As(err, &none) {
		t.Errorf("removed nobody: %v", err)
	}
}

// TestKeyFileDamaged: nobody is let in by a file that cannot be read, and it is not written over.
func TestKeyFileDamaged(t *testing.T) {
	for _, content := range []string{"", "{", "[]", `{"version":2}`, `{"version":1,"tokens":[{"name":"a","sha256":"xyz"}]}`, `{"version":1,"tokens":[{"name":"a","sha256":"00"}]}`, strings.Repeat(" ", 2<<20)} {
		f := newKeyFile(t)
		if err := os.MkdirAll(filepath.Dir(f.Path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(f.Path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		keys, err := f.Keys()
		var damaged *proxy.KeyFileError
		if len(keys) > 0 || !errors.As(err, &damaged) {
			t.Errorf("%.20q: %v, %v", content, keys, err)
		}
		if strings.Contains(content, "sha256") {
			continue // names can be listed and removed still
		}
		if _, err := f.Add(t.Context(), "x"); !errors.As(err, &damaged) {
			t.Errorf("%.20q: added, %v", content, err)
		}
		if b, _ := os.ReadFile(f.Path); string(b) != content {
			t.Errorf("%.20q was written over", content)
		}
	}
}

func TestKeyFileOfMany(t *testing.T) {
	f := newKeyFile(t)
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			own := &proxy.KeyFile{Path: f.Path}
			if _, err := own.Add(t.Context(), fmt.Sprint("key ", i)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if list, err := f.List(); err != nil || len(list) != 20 {
		t.Errorf("%d keys, %v", len(list), err)
	}
}
