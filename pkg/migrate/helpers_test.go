package migrate

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

// place is an auth.json in a directory of its own, holding content; empty
// content is no file. Its time is long ago, so that it counts as settled.
func place(t *testing.T, content string) Place { return placeOf(t, content) }

func placeOf(t testing.TB, content string) Place {
	t.Helper()
	dir := t.TempDir()
	p := Place{AuthPath: filepath.Join(dir, "share", "opencode", "auth.json"), StateDir: filepath.Join(dir, "state")}
	if content != "" {
		if err := os.MkdirAll(filepath.Dir(p.AuthPath), 0o700); err != nil {
			t.Fatal(err)
		}
		p.put(t, content)
	}
	return p
}

// put writes as OpenCode does, in place, and makes the file look old.
func (p Place) put(t testing.TB, content string) {
	t.Helper()
	if err := os.WriteFile(p.AuthPath, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	p.age(t)
}

// age makes the file look as if it had not been written for a while.
func (p Place) age(t testing.TB) {
	t.Helper()
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(p.AuthPath, old, old); err != nil {
		t.Fatal(err)
	}
}

func (p Place) content(t testing.TB) string {
	t.Helper()
	data, err := os.ReadFile(p.AuthPath)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func (p Place) want(t testing.TB, content string) {
	t.Helper()
	if got := p.content(t); got != content {
		t.Errorf("auth.json is\n%s\nwant\n%s", got, content)
	}
}

// ctx ends with the test, and long before the test's own limit.
func testContext(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// oauthJSON is an OAuth entry as OpenCode writes it.
func oauthJSON(refresh, access string, expires int64, more ...string) string {
	s := fmt.Sprintf(`{"type":"oauth","refresh":%q,"access":%q,"expires":%d`, refresh, access, expires)
	for i := 0; i+1 < len(more); i += 2 {
		s += fmt.Sprintf(`,%q:%q`, more[i], more[i+1])
	}
	return s + "}"
}

// doc is a file of these entries: key, entry, key, entry …
func doc(entries ...string) string {
	var parts []string
	for i := 0; i+1 < len(entries); i += 2 {
		parts = append(parts, fmt.Sprintf("%q:%s", entries[i], entries[i+1]))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func parsed(t testing.TB, content string) *AuthFile {
	t.Helper()
	f, err := parseAuth("auth.json", []byte(content))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func storeSecret(s string) store.Secret { return store.Secret(s) }

// openStore is the store in the file path.
func openStore(path string) store.Backend {
	return leaseless{store.Open(path, store.Options{})}
}

type leaseless struct{ *store.File }

func (leaseless) Lease(context.Context, string) (store.Lease, error) { panic("no lease") }
