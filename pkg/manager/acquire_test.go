package manager

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kyoli-gam/kyoli/pkg/provider"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

func TestAcquireAgreesWithPick(t *testing.T) {
	t.Parallel()
	for _, strategy := range Strategies() {
		t.Run(strategy, func(t *testing.T) {
			t.Parallel()
			m, _, _ := pooled(t, Settings{}, acct("a"), acct("b"), acct("c", limitedFor(time.Hour)), acct("d"))
			req := Request{Strategy: strategy, SessionKey: "key"}
			for i := range 6 {
				picked, err := m.Pick(t.Context(), req)
				if err != nil {
					t.Fatal(err)
				}
				got, _, err := m.Acquire(t.Context(), req, holder(string(rune('p'+i))))
				if err != nil {
					t.Fatal(err)
				}
				if got.Account.UUID != picked.Account.UUID || got.Why != picked.Why {
					t.Errorf("%d: picked %s (%s), acquired %s (%s)", i, picked.Account.UUID, picked.Why, got.Account.UUID, got.Why)
				}
			}
		})
	}
}

func acquired(t *testing.T, m *Manager, req Request, session string) string {
	t.Helper()
	d, _, err := m.Acquire(t.Context(), req, holder(session))
	if err != nil {
		t.Fatal(err)
	}
	return d.Account.UUID
}

func TestAcquireSpreadsOverTheAccounts(t *testing.T) {
	t.Parallel()
	for _, strategy := range Strategies() {
		m, _, _ := pooled(t, Settings{}, acct("a"), acct("b"), acct("c"))
		var got []string
		for i := range 6 {
			got = append(got, acquired(t, m, Request{Strategy: strategy}, string(rune('p'+i))))
		}
		slices.Sort(got[:3])
		slices.Sort(got[3:])
		want := []string{"a", "b", "c", "a", "b", "c"}
		if strategy == StrategyHybrid {
			got, want = got[:3], want[:3] // its penalty does not grow with the holders
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", strategy, diff)
		}
	}
}

func TestTheCursorOutlivesTheManager(t *testing.T) {
	t.Parallel()
	accounts := []*store.Account{acct("a"), acct("b"), acct("c"), acct("d")}
	m, b, c := pooled(t, Settings{Strategy: StrategyRoundRobin}, accounts...)
	got := acquired(t, m, Request{}, "s1") + acquired(t, m, Request{}, "s2")
	again := New(Options{Adapter: m.adapter, Store: b, Claims: c, Settings: m.settings, Now: m.now})
	if got += acquired(t, again, Request{}, "s3"); got != "abc" {
		t.Errorf("took %s", got)
	}
	// The one given out last is removed: those behind it have moved up, none is passed over.
	if _, err := again.Remove(t.Context(), "c"); err != nil {
		t.Fatal(err)
	}
	if got = acquired(t, again, Request{}, "s4"); got != "d" {
		t.Errorf("took %s after the removal", got)
	}
}

func TestASessionIsBound(t *testing.T) {
	t.Parallel()
	m, _, _ := pooled(t, DefaultSettings(), acct("a"), acct("b"))
	if got := acquired(t, m, Request{}, "other"); got != "a" {
		t.Fatalf("took %s", got)
	}
	req := Request{SessionKey: "chat 1"}
	if got := acquired(t, m, req, "s1"); got != "b" {
		t.Fatalf("took %s, want the free one", got)
	}
	for _, session := range []string{"s2", "s3"} {
		if got := acquired(t, m, req, session); got != "b" {
			t.Errorf("session left its account for %s", got)
		}
	}
	if got := acquired(t, m, Request{SessionKey: "chat 2"}, "s4"); got != "a" {
		t.Errorf("another session took %s, want the less claimed one", got)
	}
}

func TestWithClaimsTurnedOff(t *testing.T) {
	t.Parallel()
	s := DefaultSettings()
	s.CrossProcessClaims = false
	m, _, c := pooled(t, s, acct("a"), acct("b"))
	claim(t, c, "other", "a", false)
	d, held, err := m.Acquire(t.Context(), Request{}, holder("s"))
	if err != nil || d.Account.UUID != "a" || held != nil {
		t.Errorf("took %+v with claim %v, %v: others' claims do not count", d, held, err)
	}
	view, err := c.View(t.Context())
	if err != nil || len(view.Holders["a"]) != 1 || view.Holders["a"][0].ID != "other" {
		t.Errorf("a claim was left behind: %+v, %v", view.Holders, err)
	}
	m.claims = nil
	if d, held, err = m.Acquire(t.Context(), Request{}, holder("s")); err != nil || d.Account.UUID != "a" || held != nil {
		t.Errorf("without claims: %+v, %v, %v", d, held, err)
	}
}

func TestWithClaimsTurnedOffAnExclusiveOneStillCounts(t *testing.T) {
	t.Parallel()
	s := DefaultSettings()
	s.CrossProcessClaims = false
	m, _, c := pooled(t, s, acct("a"), acct("b"))
	claim(t, c, "other", "a", true)
	if got := acquired(t, m, Request{}, "s"); got != "b" {
		t.Errorf("took %s", got)
	}
}

func TestExclusive(t *testing.T) {
	t.Parallel()
	m, _, c := pooled(t, DefaultSettings(), acct("a"), acct("b"), acct("c"))
	claim(t, c, "s1", "a", false)
	claim(t, c, "s2", "b", true)
	d, _, err := m.Acquire(t.Context(), Request{Exclusive: true}, holder("s3"))
	if err != nil || d.Account.UUID != "c" {
		t.Fatalf("took %+v, %v", d, err)
	}
	_, _, err = m.Acquire(t.Context(), Request{Exclusive: true}, holder("s4"))
	want := &NoUsableError{Provider: "openai", Held: 3}
	if diff := cmp.Diff(error(want), err, cmpopts.IgnoreUnexported(NoUsableError{})); diff != "" {
		t.Error(diff)
	}
	_, _, err = m.Acquire(t.Context(), Request{Account: "b"}, holder("s5"))
	want = &NoUsableError{Provider: "openai", Account: "label-b", Held: 1}
	if diff := cmp.Diff(error(want), err, cmpopts.IgnoreUnexported(NoUsableError{})); diff != "" {
		t.Error(diff)
	}
	for _, strategy := range Strategies() {
		if got := acquired(t, m, Request{Strategy: strategy}, "shared-"+strategy); got != "a" {
			t.Errorf("%s took %s, which another has for itself alone", strategy, got)
		}
	}
}

func TestAcquireKeepsTheActiveAccountAndUsedNotesTheUse(t *testing.T) {
	t.Parallel()
	m, b, _ := pooled(t, DefaultSettings(), acct("a"), acct("b"))
	d, held, err := m.Acquire(t.Context(), Request{Account: "label-b"}, holder("s"))
	if err != nil {
		t.Fatal(err)
	}
	b.updateErr = errors.New("read-only")
	var told []Event
	m.onEvent = func(e Event) { told = append(told, e) }
	m.Used(t.Context(), d.Account)
	if b.get("b").LastUsed == in(0) || len(told) != 1 || told[0].Kind != EventWarning {
		t.Errorf("last used %v, told %+v", b.get("b").LastUsed, told)
	}
	b.updateErr = nil
	m.Used(t.Context(), d.Account)
	if b.get("b").LastUsed != in(0) || b.get("a").LastUsed == in(0) || b.active != "a" {
		t.Errorf("last used %v, active %s", b.get("b").LastUsed, b.active)
	}
	if held.UUID != "b" || held.ID != "s" {
		t.Errorf("claim %+v", held)
	}
}

func TestPickChangesNothing(t *testing.T) {
	t.Parallel()
	m, b, c := pooled(t, Settings{Strategy: StrategyRoundRobin}, acct("a"), acct("b"))
	for range 3 {
		d, err := m.Pick(t.Context(), Request{SessionKey: "k"})
		if err != nil || d.Account.UUID != "a" {
			t.Fatalf("picked %+v, %v", d, err)
		}
	}
	view, err := c.View(t.Context())
	if err != nil || len(view.Holders) != 0 || view.Cursor.UUID != "" || b.updates != 0 {
		t.Errorf("view %+v, %v, %d updates", view, err, b.updates)
	}
}

func TestAcquireWaitsForALimitToEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		limited := func(d time.Duration) func(*store.Account) {
			return func(a *store.Account) { a.RateLimitResetAt = store.MillisOf(start.Add(d)) }
		}
		b := newMemory(acct("a", limited(time.Hour)), acct("b", limited(10*time.Minute)))
		m := New(Options{Adapter: &provider.Adapter{ID: "openai"}, Store: b})
		_, _, err := m.Acquire(t.Context(), Request{MaxWait: 9 * time.Minute}, holder("s"))
		var none *NoUsableError
		if !errors.As(err, &none) || time.Since(start) != 0 {
			t.Errorf("err = %v after %s: that is longer than it may wait", err, time.Since(start))
		}
		d, _, err := m.Acquire(t.Context(), Request{MaxWait: 15 * time.Minute}, holder("s"))
		if err != nil || d.Account.UUID != "b" || time.Since(start) != 10*time.Minute {
			t.Errorf("got %+v, %v after %s", d, err, time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		b.set("b", func(a *store.Account) { a.RateLimitResetAt = store.MillisOf(time.Now().Add(time.Hour)) })
		if _, _, err = m.Acquire(ctx, Request{MaxWait: 24 * time.Hour}, holder("s")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("err = %v", err)
		}
	})
}
