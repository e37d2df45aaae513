package manager

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/internal/fakeprovider"
	"github.com/kyoli-gam/kyoli/pkg/claims"
	"github.com/kyoli-gam/kyoli/pkg/manager/pools"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// TestSessionFollowsARename: a refresh gives the account another uuid; the session goes on with it,
// bound as before, with one claim.
func TestSessionFollowsARename(t *testing.T) {
	t.Parallel()
	renamed := fakeprovider.Account{ID: "id-a"}.UUID()
	w := newWorld(t, []string{"a", "b"})
	c := claims.Open(t.TempDir()+"/accounts.json", claims.Options{})
	followed := make(chan struct{}) // the refresh may be the request's or the one ahead of time
	m := w.manager(Options{Claims: c, OnEvent: func(e Event) {
		if e.Kind == EventRenamed {
			close(followed)
		}
	}})
	s := m.Session(SessionOptions{Holder: holder("me")})
	defer func() { _ = s.Close(context.WithoutCancel(t.Context())) }()
	for range 2 {
		u, err := s.Take(t.Context(), Take{Key: "chat"})
		if err != nil {
			t.Fatal(err)
		}
		if err := u.Valid(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
		if u.Account.UUID != renamed || Expired(u.Account, time.Now()) {
			t.Errorf("got %s, expired: %v", u.Account.UUID, Expired(u.Account, time.Now()))
		}
		u.End()
	}
	<-followed
	v, err := c.View(t.Context())
	if err != nil || len(v.Holders) != 1 || len(v.Holders[renamed]) != 1 {
		t.Errorf("claims %+v, %v", v.Holders, err)
	}
	if n := w.tokenRequests(); n != 1 {
		t.Errorf("%d token requests", n)
	}
}

func TestUseRenewsARefusedToken(t *testing.T) {
	t.Parallel()
	renamed := fakeprovider.Account{ID: "id-a"}.UUID()
	w := newWorld(t, []string{"a"}, func(a *store.Account) { a.ExpiresAt = store.MillisOf(time.Now().Add(time.Hour)) })
	s := w.Session(SessionOptions{Holder: holder("me")})
	defer func() { _ = s.Close(context.WithoutCancel(t.Context())) }()
	u, err := s.Take(t.Context(), Take{Key: ""})
	if err != nil {
		t.Fatal(err)
	}
	old := u.Account.AccessToken
	if err := u.Valid(t.Context(), ""); err != nil || u.Account.AccessToken != old || w.tokenRequests() != 0 {
		t.Errorf("a good token was renewed: %v", err)
	}
	if err := u.Valid(t.Context(), old); err != nil || u.Account.AccessToken == old {
		t.Errorf("a refused token was kept: %v", err)
	}
	if err := u.Refused(t.Context(), "401"); err != nil || w.store.get(renamed).ConsecutiveAuthFailures != 1 {
		t.Errorf("failures %+v, %v", w.store.get(renamed), err)
	}
	if err := u.Revoked(t.Context(), "revoked"); err != nil || !w.store.get(renamed).IsAuthDisabled {
		t.Errorf("account %+v, %v", w.store.get(renamed), err)
	}
}

func TestBindingsHaveABound(t *testing.T) {
	t.Parallel()
	b := bindings{}
	for i := range 3 * claims.StickyMost {
		b.set(string(rune(i)), "a", now.Add(time.Duration(i)*time.Millisecond))
	}
	if len(b) > claims.StickyMost || len(b) < claims.StickyMost*8/10 {
		t.Errorf("%d are kept", len(b))
	}
	if b.owner(string(rune(0)), now) != "" || b.owner(string(rune(3*claims.StickyMost-1)), now) != "a" {
		t.Error("not the oldest were dropped")
	}
}

// TestSessionFollowsThePlan: what comes after an account that cannot go on is the failover plan's to
// say, the strategy's after that; an account with another model does not take the session over.
func TestSessionFollowsThePlan(t *testing.T) {
	t.Parallel()
	on := func(pool, model string) *pools.Entry { return &pools.Entry{Pool: pool, Model: model, Enabled: true} }
	config := &pools.Config{
		Pools: []*pools.Pool{
			{Name: "work", BaseProvider: "openai", Members: []string{"a", "d"}, Enabled: true},
			{Name: "spare", BaseProvider: "openai", Members: []string{"c"}, Enabled: true},
		},
		Chains: []*pools.Chain{{Name: "all", Enabled: true, Entries: []*pools.Entry{on("spare", "small")}}},
	}
	s := begun(t, Settings{}, Request{}, acct("a"), acct("b"), acct("c"), acct("d"))
	s.o.Pools = func() (*pools.Config, error) { return config, nil }
	var got []string
	take := func(w Take) *Use {
		t.Helper()
		u, err := s.Take(t.Context(), w)
		if err != nil {
			t.Fatal(err)
		}
		u.End()
		got = append(got, strings.TrimSpace(u.Account.UUID+" "+u.Model))
		return u
	}
	w := Take{Key: "chat"}
	for range 4 {
		u := take(w)
		w.Failed, w.Exclude = u.Account.UUID, append(w.Exclude, u.Account.UUID)
		if err := u.Limited(t.Context(), time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"a", "d", "c small", "b"}, got); diff != "" {
		t.Error(diff)
	}

	got = nil
	s = begun(t, Settings{}, Request{}, acct("a"), acct("b"), acct("c"), acct("d", off))
	s.o.Pools = func() (*pools.Config, error) { return config, nil }
	u := take(Take{Key: "chat"})
	if err := u.Limited(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	take(Take{Key: "chat"})
	take(Take{Key: "chat"})
	s.later(2 * time.Hour)
	take(Take{Key: "chat"})
	if diff := cmp.Diff([]string{"a", "c small", "c small", "a"}, got); diff != "" {
		t.Errorf("the next prompts:\n%s", diff)
	}
}

func TestSessionWithoutReadablePools(t *testing.T) {
	t.Parallel()
	var told []Event
	s := begun(t, Settings{}, Request{}, acct("a"), acct("b"))
	s.m.onEvent = func(e Event) { told = append(told, e) }
	s.o.Pools = func() (*pools.Config, error) { return nil, errors.New("damaged") }
	if got := s.took("chat"); got != "a" {
		t.Errorf("took %s", got)
	}
	s.later(time.Minute)
	if got := s.took("chat", "a"); got != "b" {
		t.Errorf("took %s", got)
	}
	n := 0
	for _, e := range told {
		if e.Kind == EventWarning {
			n++
		}
	}
	if n != 1 {
		t.Errorf("told %+v", told)
	}
}

// TestSessionPlanMeetsAnother: an account of the plan that somebody takes for himself meanwhile is
// passed over.
func TestSessionPlanMeetsAnother(t *testing.T) {
	t.Parallel()
	s := begun(t, Settings{}, Request{}, acct("a"), acct("b"), acct("c"))
	s.o.Pools = func() (*pools.Config, error) {
		return &pools.Config{Pools: []*pools.Pool{{Name: "p", BaseProvider: "openai", Members: []string{"a", "b", "c"}, Enabled: true}}}, nil
	}
	s.took("chat")
	s.took("chat")
	if _, _, err := s.m.Acquire(t.Context(), Request{Account: "b", Exclusive: true}, holder("other")); err != nil {
		t.Fatal(err)
	}
	u, err := s.Take(t.Context(), Take{Key: "chat", Failed: "a", Exclude: []string{"a"}})
	if err != nil || u.Account.UUID != "c" {
		t.Errorf("got %+v, %v", u, err)
	}
}
