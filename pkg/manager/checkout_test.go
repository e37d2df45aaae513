package manager

import (
	"errors"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/internal/fakeprovider"
	"github.com/kyoli-gam/kyoli/pkg/claims"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// claimed gives the world's manager claims on disk.
func (w *world) claimed() *claims.Store {
	c := claims.Open(w.t.TempDir()+"/accounts.json", claims.Options{})
	w.Manager = w.manager(Options{Claims: c})
	return c
}

func (w *world) holders(c *claims.Store) map[string]int {
	w.t.Helper()
	view, err := c.View(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	n := map[string]int{}
	for uuid, holders := range view.Holders {
		n[uuid] = len(holders)
	}
	return n
}

func unknownToken(a *store.Account) { a.RefreshToken = "unknown to the provider" }

func TestCheckoutGoesOnToTheNextAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t, []string{"a", "b", "c"})
	c := w.claimed()
	w.store.set("uuid-a", unknownToken)
	w.store.set("uuid-b", func(b *store.Account) { b.RateLimitResetAt = store.MillisOf(time.Now().Add(time.Hour)) })
	got, err := w.Checkout(t.Context(), Request{}, holder("s"), ValidOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got.Decision.Account.UUID != "uuid-c" || got.Account.UUID != "id-c" || got.Result != ResultRefreshed || Expired(got.Account, time.Now()) {
		t.Errorf("got %+v", got)
	}
	if h := w.holders(c); len(h) != 1 || h["id-c"] != 1 {
		t.Errorf("claims are left on %v, want one on id-c, the account's new uuid", h)
	}
	if err := got.Claim.Release(t.Context()); err != nil || len(w.holders(c)) != 0 {
		t.Errorf("the claim is lost by the renaming: %v, %v", err, w.holders(c))
	}
}

func TestCheckoutOfANamedAccountTriesNoOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t, []string{"a", "b"})
	c := w.claimed()
	w.store.set("uuid-a", unknownToken)
	_, err := w.Checkout(t.Context(), Request{Account: "a"}, holder("s"), ValidOptions{})
	var login *LoginNeededError
	if !errors.As(err, &login) || login.UUID != "uuid-a" || len(w.holders(c)) != 0 {
		t.Errorf("err = %v, claims %v", err, w.holders(c))
	}
}

func TestCheckoutSaysWhyNoneWorked(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		setup func(*world)
		check func(error) bool
	}{
		"the first failure": {
			func(w *world) {
				w.provider.Behave(fakeprovider.Behaviour{Endpoint: "token", Status: 500, Times: 9})
			},
			func(err error) bool {
				var e *RefreshError
				return errors.As(err, &e) && e.Transient && e.UUID == "uuid-a"
			},
		},
		"but that others are only limited": {
			func(w *world) {
				w.store.set("uuid-a", unknownToken)
				w.store.set("uuid-b", func(b *store.Account) { b.RateLimitResetAt = store.MillisOf(time.Now().Add(time.Hour)) })
			},
			func(err error) bool {
				var e *NoUsableError
				return errors.As(err, &e) && !e.Until.IsZero()
			},
		},
		"an adapter that is wrong stops at once": {
			func(w *world) {
				w.provider.Behave(fakeprovider.Behaviour{Endpoint: "token", Status: 401, Body: `{"error":"invalid_client"}`, Times: 9})
			},
			func(err error) bool {
				var e *RefreshError
				return errors.As(err, &e) && !e.Transient
			},
		},
	}
	for title, tt := range tests {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, []string{"a", "b"})
			c := w.claimed()
			tt.setup(w)
			_, err := w.Checkout(t.Context(), Request{}, holder("s"), ValidOptions{})
			if !tt.check(err) || len(w.holders(c)) != 0 {
				t.Errorf("err = %v, claims %v", err, w.holders(c))
			}
		})
	}
}
