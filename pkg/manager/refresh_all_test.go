package manager

import (
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/pkg/provider"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

func TestRefreshAllReportsEachInOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, []string{"a", "b", "c", "d"})
	w.store.set("uuid-b", func(b *store.Account) { b.RefreshToken = "unknown to the provider" })
	w.store.set("uuid-c", endsIn(2*time.Hour))
	w.store.set("uuid-d", endsIn(20*time.Minute)) // within the buffer of half an hour
	var got []string
	for _, o := range w.RefreshAll(t.Context(), []string{"uuid-c", "uuid-b", "gone", "uuid-a", "uuid-d"}, false, 0) {
		got = append(got, o.UUID+" "+string(o.Result))
		if (o.Err != nil) != (o.Result == ResultFailed) || (o.Account == nil) != (o.Err != nil) {
			t.Errorf("outcome %+v", o)
		}
	}
	want := []string{"uuid-c fresh", "uuid-b failed", "gone failed", "uuid-a refreshed", "uuid-d refreshed"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRefreshAllByForce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, []string{"a"}, endsIn(time.Hour))
	if o := w.RefreshAll(t.Context(), []string{"uuid-a"}, true, 1)[0]; o.Result != ResultRefreshed {
		t.Errorf("outcome %+v", o)
	}
}

func TestRefreshAllIsBounded(t *testing.T) {
	for limit, want := range map[int]int{0: 3, 2: 2, 100: 8} {
		synctest.Test(t, func(t *testing.T) {
			var asked crowd
			var accounts []*store.Account
			var uuids []string
			for _, n := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
				accounts = append(accounts, acct(n, endsIn(-time.Minute)))
				uuids = append(uuids, n)
			}
			m := New(Options{
				Adapter: &provider.Adapter{ID: "openai", ClientID: "c", TokenRequest: "form", TokenURL: "http://127.0.0.1/token"},
				Store:   newMemory(accounts...),
				Client: &provider.Client{HTTP: &http.Client{Transport: direct{http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
					asked.stay()
					rw.WriteHeader(http.StatusBadGateway)
				})}}},
			})
			m.RefreshAll(t.Context(), uuids, false, limit)
			if asked.most != want {
				t.Errorf("limit %d: %d at a time, want %d", limit, asked.most, want)
			}
		})
	}
}

func TestDue(t *testing.T) {
	t.Parallel()
	m, _, _ := pooled(t, Settings{},
		acct("fresh"), acct("soon", func(a *store.Account) { a.ExpiresAt = in(30 * time.Minute) }),
		acct("expired", func(a *store.Account) { a.ExpiresAt = in(-time.Hour) }),
		acct("limited", limitedFor(time.Hour), func(a *store.Account) { a.ExpiresAt = in(-time.Hour) }),
		acct("off", off, func(a *store.Account) { a.ExpiresAt = in(-time.Hour) }),
		acct("dead", dead, func(a *store.Account) { a.ExpiresAt = in(-time.Hour) }),
		acct("tokenless", func(a *store.Account) { a.AccessToken = "" }))
	due, err := m.Due(t.Context(), 30*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range due {
		got = append(got, a.UUID)
	}
	if want := []string{"soon", "expired", "limited", "tokenless"}; !slices.Equal(got, want) {
		t.Errorf("due %v, want %v", got, want)
	}
}
