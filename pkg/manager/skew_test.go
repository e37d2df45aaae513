package manager

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/provider"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// The provider's clock and ours may be an hour apart: the token is good for an hour by
// our clock, neither expired at once nor taken for good when it no longer is.
func TestClocksAnHourApart(t *testing.T) {
	t.Parallel()
	for _, skew := range []time.Duration{-time.Hour, time.Hour} {
		t.Run(fmt.Sprint(skew), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, []string{"a"})
			ours := func() time.Time { return time.Now().Add(skew) }
			w.store.set("uuid-a", func(a *store.Account) { a.ExpiresAt = store.MillisOf(ours().Add(-time.Minute)) })
			w.Manager = w.manager(Options{Now: ours, Client: &provider.Client{Now: ours}})
			a, result, err := w.Valid(t.Context(), "uuid-a", ValidOptions{})
			if err != nil || result != ResultRefreshed {
				t.Fatalf("Valid = %s, %v", result, err)
			}
			if left := a.ExpiresAt.Time().Sub(ours()); left < 59*time.Minute || left > time.Hour {
				t.Errorf("good for %s by our clock, want an hour", left)
			}
			if _, result, _ = w.Valid(t.Context(), a.UUID, ValidOptions{}); result != ResultFresh {
				t.Errorf("a second call: %s", result)
			}
		})
	}
}

func TestNoSecretIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, []string{"a", "b"})
	secrets := []string{}
	for _, uuid := range []string{"uuid-a", "uuid-b"} {
		a := w.store.get(uuid)
		secrets = append(secrets, a.RefreshToken.Reveal(), a.AccessToken.Reveal())
	}
	w.provider.Rotate(w.store.get("uuid-b").RefreshToken.Reveal())
	a, _, err := w.Valid(t.Context(), "uuid-a", ValidOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = w.Valid(t.Context(), "uuid-b", ValidOptions{})
	told := fmt.Sprintf("%v %+v %#v", err, w.events, w.events)
	for _, s := range append(secrets, a.RefreshToken.Reveal(), a.AccessToken.Reveal()) {
		if strings.Contains(told, s) {
			t.Errorf("a token is told in %s", told)
		}
	}
}
