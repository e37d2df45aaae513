package manager

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/pkg/claims"
	"github.com/kyoli-gam/kyoli/pkg/manager/pools"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

func over(percent float64) func(*store.Account) {
	return func(a *store.Account) { a.CachedUsage = &store.Usage{FiveHour: &store.Window{Utilization: percent}} }
}

// amongTwo is a chain of the pools {b, c} and, with a model of its own, {c, a}.
var amongTwo = &Among{Kind: "chain", Name: "all", Groups: []Group{
	{Pool: "one", Members: []string{"b", "c"}},
	{Pool: "two", Model: "small", Members: []string{"c", "a"}},
}}

func TestPickAmong(t *testing.T) {
	t.Parallel()
	soft := DefaultSettings()
	soft.SoftQuotaThresholdPercent = 80
	for name, tt := range map[string]struct {
		accounts []*store.Account
		strategy string
		want     string // account, pool, model
	}{
		"the first pool, not the active account":  {[]*store.Account{acct("a"), acct("b"), acct("c")}, "sticky", "b one "},
		"the strategy chooses within a pool":      {[]*store.Account{acct("a"), acct("b", over(70)), acct("c", over(10))}, "hybrid", "c one "},
		"the next pool where none is usable":      {[]*store.Account{acct("a"), acct("b", limitedFor(time.Hour)), acct("c", off)}, "sticky", "a two small"},
		"a usable one before a last resort":       {[]*store.Account{acct("a"), acct("b", over(90)), acct("c", over(90))}, "round-robin", "a two small"},
		"a last resort of the first pool":         {[]*store.Account{acct("a", over(90)), acct("b", over(90)), acct("c", over(90))}, "sticky", "b one "},
		"a last resort that is not rate-limited":  {[]*store.Account{acct("a", over(90)), acct("b", limitedFor(time.Hour)), acct("c", off)}, "hybrid", "a two small"},
		"members that there are not are no harm":  {[]*store.Account{acct("a")}, "sticky", "a two small"},
		"another account is not taken for it":     {[]*store.Account{acct("x"), acct("a", limitedFor(time.Hour))}, "sticky", ""},
		"not even where nothing in it is known":   {[]*store.Account{acct("x")}, "hybrid", ""},
		"round-robin goes on within the pool":     {[]*store.Account{acct("a"), acct("b"), acct("c")}, "round-robin", "b one "},
		"by the uuid that it had first":           {[]*store.Account{acct("new", func(a *store.Account) { a.CredentialOwnerID = "c" }), acct("a")}, "sticky", "new one "},
		"an expired token does not matter either": {[]*store.Account{acct("b", func(a *store.Account) { a.ExpiresAt = 1 })}, "sticky", "b one "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, _, _ := pooled(t, soft, tt.accounts...)
			d, err := m.Pick(t.Context(), Request{Strategy: tt.strategy, Among: amongTwo})
			if tt.want == "" {
				none, ok := errors.AsType[*NoUsableError](err)
				if !ok || none.Disabled+none.Limited > 1 || !strings.Contains(err.Error(), "in chain all") || !strings.Contains(none.Hint(), "kyoli chains plan 'all'") {
					t.Errorf("got %v, %v", d, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := d.Account.UUID + " " + d.Pool + " " + d.Model; got != tt.want {
				t.Errorf("chose %q, want %q", got, tt.want)
			}
			for _, c := range d.Candidates {
				if c.Account.UUID == "x" && c.Why != "not in chain all" {
					t.Errorf("x: %s", c.Why)
				}
			}
		})
	}
}

// A session stays with its account even where a pool before its own has one again.
func TestASessionStaysInAChain(t *testing.T) {
	t.Parallel()
	m, b, _ := pooled(t, DefaultSettings(), acct("a"), acct("b", limitedFor(time.Hour)), acct("c", limitedFor(time.Hour)))
	req := Request{SessionKey: "k", Among: amongTwo}
	for i, want := range []string{"a two small", "a two small"} {
		d, c, err := m.Acquire(t.Context(), req, holder("h"))
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Account.UUID + " " + d.Pool + " " + d.Model; got != want {
			t.Errorf("%d: chose %q, want %q", i, got, want)
		}
		if err := c.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.set("b", func(a *store.Account) { a.RateLimitResetAt = 0 })
	}
	// But not with one that is not in the chain.
	d, err := m.Pick(t.Context(), Request{SessionKey: "k", Among: &Among{Kind: "pool", Name: "one", Groups: amongTwo.Groups[:1]}})
	if err != nil || d.Account.UUID != "b" {
		t.Errorf("got %+v, %v", d, err)
	}
}

func TestExclusiveGoesToTheNextPool(t *testing.T) {
	t.Parallel()
	m, _, c := pooled(t, DefaultSettings(), acct("a"), acct("b"), acct("c"))
	for _, uuid := range []string{"b", "c"} {
		if _, err := c.Select(t.Context(), holder("other-"+uuid), func(claims.View) (claims.Choice, error) {
			return claims.Choice{UUID: uuid}, nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	d, err := m.Pick(t.Context(), Request{Exclusive: true, Among: amongTwo})
	if err != nil || d.Account.UUID != "a" {
		t.Errorf("got %+v, %v", d, err)
	}
}

func TestAmong(t *testing.T) {
	t.Parallel()
	c := planConfig()
	got, err := AmongPool(c, "home")
	want := &Among{Kind: "pool", Name: "home", Groups: []Group{{Pool: "home", Members: []string{"d", "b", "gone"}}}}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("%v %s", err, d)
	}
	got, err = AmongChain(c, "all")
	want = &Among{Kind: "chain", Name: "all", Groups: []Group{
		{Pool: "work", Members: []string{"a", "b", "c"}},
		{Pool: "home", Model: "small", Members: []string{"d", "b", "gone"}},
		{Pool: "far", Members: []string{"x"}},
	}}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("%v %s", err, d)
	}
	c.Chains = append(c.Chains, &pools.Chain{Name: "vain", Enabled: true, Entries: []*pools.Entry{{Pool: "off", Enabled: true}}})
	for _, tt := range []struct {
		of   func(*pools.Config, string) (*Among, error)
		name string
		hint string
	}{
		{AmongPool, "off", "kyoli pools enable 'off'"},
		{AmongPool, "empty", "kyoli pools add 'empty' ACCOUNT"},
		{AmongChain, "resting", "kyoli chains enable 'resting'"},
		{AmongChain, "vain", "kyoli chains plan 'vain'"},
		{AmongPool, "no", "kyoli pools list"},
		{AmongChain, "no", "kyoli chains list"},
	} {
		among, err := tt.of(c, tt.name)
		h, ok := err.(interface{ Hint() string })
		if among != nil || !ok || h.Hint() != tt.hint {
			t.Errorf("%s: %+v, %v", tt.name, among, err)
		}
	}
}

// What is said of each account, also where none can be had.
func TestWhyEachAccountWasPassedOver(t *testing.T) {
	t.Parallel()
	accounts := func() []*store.Account {
		return []*store.Account{acct("a"), acct("b", off), acct("c", limitedFor(time.Hour)), acct("d", dead), acct("e"), acct("f")}
	}
	for name, tt := range map[string]struct {
		req  Request
		want []string // by account; the chosen one with an arrow
	}{
		"among all": {
			Request{},
			[]string{"→ the active account", "disabled", "rate-limited until 2026-03-01T13:00:00Z", "needs a new login: revoked", "the active account comes first", "the active account comes first"},
		},
		"in a chain": {
			Request{Exclude: []string{"f"}, Among: &Among{Kind: "chain", Name: "x", Groups: []Group{
				{Pool: "one", Members: []string{"b", "e", "f"}}, {Pool: "two", Members: []string{"a", "c"}},
			}}},
			[]string{"pool one comes first", "disabled", "rate-limited until 2026-03-01T13:00:00Z", "not in chain x", "→ the first usable account that nobody holds", "tried already"},
		},
		"by name": {
			Request{Account: "e"},
			[]string{"another one was asked for", "disabled", "rate-limited until 2026-03-01T13:00:00Z", "needs a new login: revoked", "→ asked for by name", "another one was asked for"},
		},
		"by name, refused": {
			Request{Account: "b"},
			[]string{"another one was asked for", "disabled", "rate-limited until 2026-03-01T13:00:00Z", "needs a new login: revoked", "another one was asked for", "another one was asked for"},
		},
		"none": {
			Request{Among: &Among{Kind: "pool", Name: "x", Groups: []Group{{Pool: "x", Members: []string{"b", "c"}}}}},
			[]string{"not in pool x", "disabled", "rate-limited until 2026-03-01T13:00:00Z", "not in pool x", "not in pool x", "not in pool x"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, _, _ := pooled(t, DefaultSettings(), accounts()...)
			d, err := m.Pick(t.Context(), tt.req)
			var got []string
			chosen := ""
			for _, c := range d.Candidates {
				why := c.Why
				if c.Chosen {
					why, chosen = "→ "+why, c.Account.UUID
				}
				got = append(got, why)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if (err == nil) != (chosen != "") || err == nil && d.Account.UUID != chosen || err != nil && d.Account != nil {
				t.Errorf("%s is marked, %+v chosen, %v", chosen, d.Account, err)
			}
		})
	}
}
