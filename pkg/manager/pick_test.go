package manager

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kyoli-gam/kyoli/pkg/claims"
	"github.com/kyoli-gam/kyoli/pkg/provider"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// pooled is a manager over accounts in memory and claims on disk, with the clock of the tests of
// pure functions.
func pooled(t *testing.T, s Settings, accounts ...*store.Account) (*Manager, *memory, *claims.Store) {
	t.Helper()
	c := claims.Open(t.TempDir()+"/accounts.json", claims.Options{Now: func() time.Time { return now }})
	b := newMemory(accounts...)
	return New(Options{
		Adapter: &provider.Adapter{ID: "openai"}, Store: b, Claims: c, Settings: s,
		Now: func() time.Time { return now },
	}), b, c
}

func holder(id string) claims.Holder { return claims.Holder{ID: id, Command: "test"} }

func limitedFor(d time.Duration) func(*store.Account) {
	return func(a *store.Account) { a.RateLimitResetAt = in(d) }
}

func off(a *store.Account) { a.Enabled = false }

func dead(a *store.Account) { a.IsAuthDisabled, a.AuthDisabledReason = true, "revoked" }

func TestPickWithoutAnAccount(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		accounts []*store.Account
		req      Request
		want     error
		text     string
	}{
		"none at all": {nil, Request{}, &NoAccountsError{Provider: "openai"}, "no accounts for provider openai"},
		"all limited": {
			[]*store.Account{acct("a", limitedFor(2*time.Hour)), acct("b", limitedFor(time.Hour)), acct("c", off)},
			Request{},
			&NoUsableError{Provider: "openai", Until: in(time.Hour).Time(), Limited: 2, Disabled: 1},
			"no usable account for provider openai: 2 rate-limited, 1 disabled, the first limit ends at ",
		},
		"all disabled": {
			[]*store.Account{acct("a", off)},
			Request{},
			&NoUsableError{Provider: "openai", Disabled: 1},
			"no usable account for provider openai: 1 disabled",
		},
		"all need a login": {
			[]*store.Account{acct("a", off), acct("b", dead)},
			Request{},
			&LoginNeededError{Provider: "openai", UUID: "b", Account: "label-b", Reason: "revoked"},
			"account label-b needs a new login: revoked",
		},
		"some need a login, others are limited": {
			[]*store.Account{acct("a", dead), acct("b", limitedFor(time.Hour))},
			Request{},
			&NoUsableError{Provider: "openai", Until: in(time.Hour).Time(), Limited: 1, Disabled: 1},
			"no usable account for provider openai: 1 rate-limited, 1 disabled, the first",
		},
		"all tried": {
			[]*store.Account{acct("a"), acct("b")},
			Request{Exclude: []string{"a", "b"}},
			&NoUsableError{Provider: "openai", Tried: 2}, "no usable account for provider openai: 2 tried already",
		},
		"named, limited": {
			[]*store.Account{acct("a", limitedFor(time.Hour)), acct("b")},
			Request{Account: "label-a"},
			&NoUsableError{Provider: "openai", Account: "label-a", Until: in(time.Hour).Time(), Limited: 1},
			"account label-a is not usable: rate-limited, the first limit ends at ",
		},
		"named, disabled": {
			[]*store.Account{acct("a", off), acct("b")},
			Request{Account: "label-a"},
			&NoUsableError{Provider: "openai", Account: "label-a", Disabled: 1}, "account label-a is not usable: disabled",
		},
		"named, needs a login": {
			[]*store.Account{acct("a", dead), acct("b")},
			Request{Account: "label-a"},
			&LoginNeededError{Provider: "openai", UUID: "a", Account: "label-a", Reason: "revoked"}, "",
		},
		"named, unknown": {
			[]*store.Account{acct("a")}, Request{Account: "zzz"}, &store.UnknownAccountError{Name: "zzz"}, "",
		},
		"a strategy that there is not": {
			[]*store.Account{acct("a")},
			Request{Strategy: "best"},
			&UnknownStrategyError{Name: "best", Allowed: []string{"sticky", "round-robin", "hybrid"}},
			`unknown strategy "best" (one of sticky, round-robin, hybrid)`,
		},
	}
	for title, tt := range tests {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			m, b, _ := pooled(t, Settings{}, tt.accounts...)
			_, err := m.Pick(t.Context(), tt.req)
			if diff := cmp.Diff(tt.want, err, cmpopts.IgnoreUnexported(NoUsableError{})); diff != "" {
				t.Fatal(diff)
			}
			if !strings.HasPrefix(err.Error(), tt.text) {
				t.Errorf("message %q, want %q", err, tt.text)
			}
			// Acquire says the same, and claims nothing.
			_, claim, err := m.Acquire(t.Context(), tt.req, holder("s"))
			if diff := cmp.Diff(tt.want, err, cmpopts.IgnoreUnexported(NoUsableError{})); diff != "" || claim != nil || b.updates != 0 {
				t.Errorf("Acquire: %s, claim %v, %d updates", diff, claim, b.updates)
			}
		})
	}
}

func TestHintsCanBePasted(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]interface{ Hint() string }{
		"kyoli accounts add --provider acme < account.json": &NoAccountsError{Provider: "acme"},
		"kyoli accounts enable 'it'\\''s mine'":             &NoUsableError{Provider: "acme", Account: "it's mine", Disabled: 1},
		"kyoli claims list --provider acme":                 &NoUsableError{Provider: "acme", Held: 2, Limited: 1},
		"kyoli accounts list --provider acme":               &NoUsableError{Provider: "acme", Account: "a", Limited: 1},
	} {
		if got := err.Hint(); got != want {
			t.Errorf("hint %q, want %q", got, want)
		}
	}
}

func TestPickExplains(t *testing.T) {
	t.Parallel()
	s := DefaultSettings()
	s.SoftQuotaThresholdPercent = 80
	m, _, c := pooled(t, s,
		acct("a"), acct("b", off), acct("c", dead), acct("d", limitedFor(time.Hour)),
		acct("e", func(a *store.Account) { a.CachedUsage = &store.Usage{FiveHour: window(85, time.Hour)} }),
		acct("f"), acct("g"), acct("h"), acct("i"), acct("j", func(a *store.Account) { a.ExpiresAt = in(-time.Hour) }))
	ctx := t.Context()
	if err := c.Mark429(ctx, "f"); err != nil {
		t.Fatal(err)
	}
	claim(t, c, "s1", "g", false)
	claim(t, c, "s2", "h", true)
	d, err := m.Pick(ctx, Request{Exclude: []string{"i"}})
	if err != nil {
		t.Fatal(err)
	}
	if d.Account.UUID != "a" || d.Why != "the active account" || d.Strategy != "sticky" {
		t.Errorf("chose %s by %s: %s", d.Account.UUID, d.Strategy, d.Why)
	}
	got := map[string]string{}
	for _, c := range d.Candidates {
		got[c.Account.UUID] = string(c.Status) + ": " + c.Why
		if c.Chosen != (c.Account.UUID == "a") || c.Active != c.Chosen || c.Usable != c.Status.Usable() {
			t.Errorf("candidate %+v", c)
		}
	}
	want := map[string]string{
		"a": "ready: the active account",
		"b": "disabled: disabled",
		"c": "auth-disabled: needs a new login: revoked",
		"d": "rate-limited: rate-limited until 2026-03-01T13:00:00Z",
		"e": "over-quota: 85 % used, the soft quota is 80 %",
		"f": "cooling-down: answered 429 0 s ago",
		"g": "ready: held by 1, the chosen one by 0",
		"h": "ready: held by another session, and one of the two wants it for itself alone",
		"i": "ready: tried already",
		"j": "expired: the active account comes first",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if total := d.Candidates[0].Score.Total; total != 467.5+120 {
		t.Errorf("the score is told under any strategy: %v", total)
	}
}

// claim has a session hold an account.
func claim(t *testing.T, c *claims.Store, session, uuid string, exclusive bool) {
	t.Helper()
	h := holder(session)
	h.Exclusive = exclusive
	_, err := c.Select(t.Context(), h, func(claims.View) (claims.Choice, error) {
		return claims.Choice{UUID: uuid}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
