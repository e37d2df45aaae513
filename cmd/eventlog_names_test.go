package cmd

import (
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

// A long run learns of accounts that come and of names that change.
func TestAccountNamerForgets(t *testing.T) {
	t.Parallel()
	backend := store.Open(t.TempDir()+"/accounts.json", store.Options{})
	label := func(name string) {
		t.Helper()
		if _, err := backend.Update(t.Context(), func(accounts *store.Accounts) error {
			accounts.Add(&store.Account{UUID: "u", Label: name, RefreshToken: "rt", AddedAt: 1, LastUsed: 1, Enabled: true})
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	n := &accountNamer{backend: backend, now: func() time.Time { return now }}
	for _, want := range []string{"", "one", "two"} {
		if want != "" {
			label(want)
		}
		if got := n.of("u"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		now = now.Add(nameAge)
	}
}
