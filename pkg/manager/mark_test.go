package manager

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/pkg/claims"
	"github.com/kyoli-gam/kyoli/pkg/provider"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

func TestMarkLimited(t *testing.T) {
	t.Parallel()
	usage := func(w *store.Window) func(*store.Account) {
		return func(a *store.Account) { a.CachedUsage = &store.Usage{FiveHour: w} }
	}
	tests := map[string]struct {
		account    *store.Account
		retryAfter time.Duration
		want       time.Duration
	}{
		"as long as the provider asks":            {acct("a"), 5 * time.Minute, 5 * time.Minute},
		"the shortest backoff at least":           {acct("a"), time.Second, 30 * time.Second},
		"no word: the default":                    {acct("a"), 0, time.Minute},
		"no word, a used-up window: its reset":    {acct("a", usage(window(100, 3*time.Hour))), 0, 3 * time.Hour},
		"no word, a window with room left":        {acct("a", usage(window(99, 3*time.Hour))), 0, time.Minute},
		"a word goes before the window":           {acct("a", usage(window(100, 3*time.Hour))), 5 * time.Minute, 5 * time.Minute},
		"nonsense is cut":                         {acct("a"), 1 << 62, longestLimit},
		"below zero is no word":                   {acct("a"), -time.Hour, time.Minute},
		"a longer limit that is known stays":      {acct("a", limitedFor(time.Hour)), time.Minute, time.Hour},
		"a window that is reset this very moment": {acct("a", usage(window(100, time.Second))), 0, 30 * time.Second},
	}
	for title, tt := range tests {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			m, b, c := pooled(t, Settings{}, tt.account, acct("b"))
			var told []Event
			m.onEvent = func(e Event) { told = append(told, e) }
			if err := m.MarkLimited(t.Context(), "a", tt.retryAfter); err != nil {
				t.Fatal(err)
			}
			if got := b.get("a").RateLimitResetAt; got != in(tt.want) {
				t.Errorf("limited for %s, want %s", got.Time().Sub(now), tt.want)
			}
			if len(told) != 1 || told[0].Kind != EventLimited || told[0].UUID != "a" {
				t.Errorf("told %+v", told)
			}
			view, err := c.View(t.Context())
			if err != nil || !view.Last429("a").Equal(now) {
				t.Errorf("the 429 is not remembered: %v, %v", view.Last429("a"), err)
			}
			if b.get("b").RateLimitResetAt != 0 {
				t.Error("another account is limited")
			}
		})
	}
}

func TestALimitedAccountCoolsDownEvenWhenItsLimitIsGone(t *testing.T) {
	t.Parallel()
	m, b, _ := pooled(t, Settings{}, acct("a"))
	if err := m.MarkLimited(t.Context(), "a", 0); err != nil {
		t.Fatal(err)
	}
	b.set("a", func(a *store.Account) { a.RateLimitResetAt = 0 })
	if s := m.Status(b.get("a")); s != StatusCoolingDown {
		t.Errorf("status %s: the manager has forgotten its own 429", s)
	}
}

func TestMarkSuccess(t *testing.T) {
	t.Parallel()
	m, b, _ := pooled(t, Settings{}, acct("a", limitedFor(time.Hour), func(a *store.Account) { a.ConsecutiveAuthFailures = 2 }), acct("b"))
	if err := m.MarkSuccess(t.Context(), "a", now); err != nil {
		t.Fatal(err)
	}
	if a := b.get("a"); a.RateLimitResetAt != 0 || a.ConsecutiveAuthFailures != 0 {
		t.Errorf("stored %+v", a)
	}
	b.updateErr = &store.WriteError{Path: "f"}
	if err := m.MarkSuccess(t.Context(), "a", now); err != nil {
		t.Errorf("a lock is taken for nothing: %v", err)
	}
}

func TestASuccessThatBeganBeforeALimitLeavesIt(t *testing.T) {
	t.Parallel()
	m, b, _ := pooled(t, Settings{}, acct("a", func(a *store.Account) { a.ConsecutiveAuthFailures = 2 }))
	if err := m.MarkLimited(t.Context(), "a", time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := m.MarkSuccess(t.Context(), "a", now.Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	if a := b.get("a"); a.RateLimitResetAt != in(time.Hour) || a.ConsecutiveAuthFailures != 0 {
		t.Errorf("stored %+v", a)
	}
	if err := m.MarkSuccess(t.Context(), "a", now.Add(time.Second)); err != nil || b.get("a").RateLimitResetAt != 0 {
		t.Errorf("a later success: %v, %v", b.get("a").RateLimitResetAt, err)
	}
}

func TestMarkAuthFailure(t *testing.T) {
	t.Parallel()
	m, b, _ := pooled(t, Settings{}, acct("a"), acct("b"))
	var told []EventKind
	m.onEvent = func(e Event) { told = append(told, e.Kind) }
	for range 2 {
		if err := m.MarkAuthFailure(t.Context(), "a", "at-a", "401"); err != nil {
			t.Fatal(err)
		}
	}
	if a := b.get("a"); a.ConsecutiveAuthFailures != 2 || a.IsAuthDisabled || len(told) != 0 {
		t.Errorf("stored %+v, told %v", a, told)
	}
	if err := m.MarkAuthFailure(t.Context(), "a", "an-earlier-token", "401"); err != nil || b.get("a").ConsecutiveAuthFailures != 2 {
		t.Errorf("an earlier token's failure counts: %v", err)
	}
	if err := m.MarkAuthFailure(t.Context(), "a", "at-a", "401"); err != nil {
		t.Fatal(err)
	}
	a := b.get("a")
	if !a.IsAuthDisabled || a.AuthDisabledReason != "3 failures in a row: 401" || !slices.Equal(told, []EventKind{EventDisabled}) {
		t.Errorf("stored %+v, told %v", a, told)
	}
	for range 4 {
		if err := m.MarkAuthFailure(t.Context(), "b", "at-b", "401"); err != nil {
			t.Fatal(err)
		}
	}
	if b.get("b").IsAuthDisabled {
		t.Error("the last usable account was disabled")
	}
}

func TestMarkRevoked(t *testing.T) {
	t.Parallel()
	m, b, _ := pooled(t, Settings{}, acct("a"))
	var told []Event
	m.onEvent = func(e Event) { told = append(told, e) }
	if err := m.MarkRevoked(t.Context(), "a", "an-earlier-token", "token_revoked"); err != nil || b.get("a").IsAuthDisabled {
		t.Errorf("an earlier token's end disables: %v", err)
	}
	for range 2 {
		if err := m.MarkRevoked(t.Context(), "a", "at-a", "token_revoked"); err != nil {
			t.Fatal(err)
		}
	}
	if a := b.get("a"); !a.IsAuthDisabled || a.AuthDisabledReason != "token_revoked" || a.RefreshToken == "" {
		t.Errorf("stored %+v", a)
	}
	if len(told) != 1 || told[0].Detail != "token_revoked" {
		t.Errorf("told %+v, want it once", told)
	}
}

func TestSetUsage(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		usage store.Usage
		at    time.Duration
		want  store.Millis
		kept  bool // the earlier usage
	}{
		"room left: the limit is cleared":  {store.Usage{FiveHour: window(50, time.Hour), SevenDay: window(99, time.Hour)}, time.Minute, 0, false},
		"one used up":                      {store.Usage{FiveHour: window(100, time.Hour), SevenDay: window(50, 2*time.Hour)}, time.Minute, in(time.Hour), false},
		"both used up: the earliest reset": {store.Usage{FiveHour: window(100, 3*time.Hour), SevenDay: window(100, 2*time.Hour)}, time.Minute, in(2 * time.Hour), false},
		"sonnet does not limit":            {store.Usage{SevenDaySonnet: window(100, time.Hour)}, time.Minute, 0, false},
		"just after a 429: it stays":       {store.Usage{FiveHour: window(50, time.Hour)}, 0, in(5 * time.Minute), false},
		"just after a 429: it is longer":   {store.Usage{FiveHour: window(100, time.Hour)}, 29 * time.Second, in(time.Hour), false},
		"just after a 429: not shorter":    {store.Usage{FiveHour: window(100, time.Minute)}, 29 * time.Second, in(5 * time.Minute), false},
		"older than the last 429":          {store.Usage{FiveHour: window(50, time.Hour)}, -time.Minute, in(5 * time.Minute), false},
		"older than what is stored":        {store.Usage{FiveHour: window(50, time.Hour)}, -2 * time.Hour, in(5 * time.Minute), true},
	}
	for title, tt := range tests {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			earlier := &store.Usage{FiveHour: window(1, time.Hour)}
			m, b, _ := pooled(t, Settings{}, acct("a", func(a *store.Account) { a.CachedUsage, a.CachedUsageAt = earlier, in(-time.Hour) }))
			if err := m.MarkLimited(t.Context(), "a", 5*time.Minute); err != nil {
				t.Fatal(err)
			}
			if err := m.SetUsage(t.Context(), "a", &tt.usage, now.Add(tt.at)); err != nil {
				t.Fatal(err)
			}
			a := b.get("a")
			if a.RateLimitResetAt != tt.want {
				t.Errorf("limited until %v, want %v", a.RateLimitResetAt.Time(), tt.want.Time())
			}
			wantUsage, wantAt := &tt.usage, in(tt.at)
			if tt.kept {
				wantUsage, wantAt = earlier, in(-time.Hour)
			}
			if diff := cmp.Diff(wantUsage, a.CachedUsage); diff != "" || a.CachedUsageAt != wantAt {
				t.Errorf("at %v: %s", a.CachedUsageAt.Time(), diff)
			}
		})
	}
}

func TestSetProfile(t *testing.T) {
	t.Parallel()
	m, b, _ := pooled(t, Settings{}, acct("a", func(a *store.Account) { a.Email, a.PlanTier = "old@example.com", "go" }))
	if err := m.SetProfile(t.Context(), "a", "", "pro"); err != nil {
		t.Fatal(err)
	}
	if a := b.get("a"); a.Email != "old@example.com" || a.PlanTier != "pro" {
		t.Errorf("stored %q, %q: an empty value wipes nothing", a.Email, a.PlanTier)
	}
	if err := m.SetProfile(t.Context(), "a", "new@example.com", ""); err != nil {
		t.Fatal(err)
	}
	if a := b.get("a"); a.Email != "new@example.com" || a.PlanTier != "pro" {
		t.Errorf("stored %q, %q", a.Email, a.PlanTier)
	}
}

func TestMarksOfARemovedAccountDoNothing(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	m, b, _ := pooled(t, Settings{}, acct("a"))
	for name, err := range map[string]error{
		"success": m.MarkSuccess(ctx, "gone", now),
		"limited": m.MarkLimited(ctx, "gone", time.Hour),
		"failure": m.MarkAuthFailure(ctx, "gone", "at", "401"),
		"revoked": m.MarkRevoked(ctx, "gone", "at", "403"),
		"usage":   m.SetUsage(ctx, "gone", &store.Usage{}, now),
		"profile": m.SetProfile(ctx, "gone", "e", "p"),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if b.updates != 0 {
		t.Errorf("%d changes", b.updates)
	}
}

// An account that has been given another uuid is still known by its first one.
func TestMarksFollowANewUUID(t *testing.T) {
	t.Parallel()
	b := newMemory(acct("new", func(a *store.Account) { a.CredentialOwnerID = "first" }))
	m := New(Options{Adapter: &provider.Adapter{ID: "openai"}, Store: b, Claims: claims.Open(t.TempDir()+"/a.json", claims.Options{})})
	if err := m.MarkRevoked(t.Context(), "first", "at-new", "revoked"); err != nil || !b.get("new").IsAuthDisabled {
		t.Errorf("err = %v, stored %+v", err, b.get("new"))
	}
}
