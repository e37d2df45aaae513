package manager

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kyoli-gam/kyoli/pkg/provider"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

func importInto(t *testing.T, b *memory, o ImportOptions, logins ...Incoming) []AddedAccount {
	t.Helper()
	m := New(Options{Adapter: &provider.Adapter{ID: "p"}, Store: b})
	got, err := m.Import(t.Context(), o, logins...)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// A copy has to show that it is newer: whatever is not sure leaves what is stored.
func TestImportComparesCopies(t *testing.T) {
	t.Parallel()
	email := func(in *Incoming) { in.Account.Email = "one@example.com" }
	ended := func(in *Incoming) { in.Account.IsAuthDisabled = true }
	for name, c := range map[string]struct {
		stored *store.Account
		in     Incoming
		spent  map[store.Secret]store.Secret
		result AddResult
		why    string
		token  store.Secret // that is stored then
	}{
		"newer":                         {in: incoming("rt-new", 6000, email), result: Updated, token: "rt-new"},
		"older":                         {in: incoming("rt-old", 4000, email), result: Unchanged, why: whyOlder, token: "rt-stored"},
		"of the same moment":            {in: incoming("rt-old", 5000, email), result: Unchanged, why: whyOlder, token: "rt-stored"},
		"of unknown age":                {in: incoming("rt-old", 0, email), result: Unchanged, why: whyNoAge, token: "rt-stored"},
		"newer, but ended":              {in: incoming("rt-new", 6000, email, ended), result: Unchanged, why: whyEnded, token: "rt-stored"},
		"the same, newer access token":  {in: incoming("rt-stored", 6000, email), result: Updated, token: "rt-stored"},
		"the same":                      {in: incoming("rt-stored", 5000, email), result: Unchanged, token: "rt-stored"},
		"older, where the stored ended": {stored: kept(dead), in: incoming("rt-old", 4000, email), result: Updated, token: "rt-old"},
		"ended, where the stored ended": {stored: kept(dead), in: incoming("rt-old", 6000, email, ended), result: Unchanged, why: whyEnded, token: "rt-stored"},
		"what the stored one came of": {
			in: incoming("rt-parent", 9000, email), spent: map[store.Secret]store.Secret{"rt-parent": "rt-stored"},
			result: Unchanged, why: whyRenewed, token: "rt-stored",
		},
		"spent, of nobody": {
			in: incoming("rt-parent", 9000), spent: map[store.Secret]store.Secret{"rt-parent": ""}, result: Skipped,
			why: "its refresh token was spent, and the account that has what came of it is gone", token: "rt-stored",
		},
	} {
		stored := c.stored
		if stored == nil {
			stored = kept()
		}
		for _, dry := range []bool{true, false} {
			b := newMemory(stored)
			b.spent = c.spent
			got := importInto(t, b, ImportOptions{DryRun: dry}, c.in)[0]
			token, updates := c.token, 0
			if dry {
				token = "rt-stored"
			} else if c.result == Updated {
				updates = 1
			}
			if got.Result != c.result || c.why != "" && got.Why != c.why {
				t.Errorf("%s, dry %v: %s, %q", name, dry, got.Result, got.Why)
			}
			if b.accounts[0].RefreshToken != token || b.updates != updates || len(b.accounts) != 1 {
				t.Errorf("%s, dry %v: stored %q, %d updates", name, dry, b.accounts[0].RefreshToken.Reveal(), b.updates)
			}
		}
	}
}

// One that cannot be taken in does not keep the others out, and a new account
// keeps its state.
func TestImportTakesWhatItCan(t *testing.T) {
	t.Parallel()
	b := newMemory()
	b.spent = map[store.Secret]store.Secret{"rt-spent": ""}
	state := func(uuid string) func(*Incoming) {
		return func(in *Incoming) {
			in.Account.UUID, in.Account.Enabled = uuid, false
			in.Account.IsAuthDisabled, in.Account.AuthDisabledReason, in.Account.ConsecutiveAuthFailures = true, "ended", 3
			in.Account.AddedAt, in.Account.LastUsed = 1, 2
		}
	}
	got := importInto(t, b, ImportOptions{Active: "u2"}, incoming("rt-spent", 1), incoming("rt-1", 1, state("u1")), incoming("rt-2", 1, state("u2")), incoming("rt-2", 1))
	var results []AddResult
	for _, r := range got {
		results = append(results, r.Result)
	}
	if d := cmp.Diff([]AddResult{Skipped, Added, Added, Unchanged}, results); d != "" {
		t.Error(d)
	}
	want := store.Account{
		UUID: "u1", RefreshToken: "rt-1", AccessToken: "at-of-rt-1", ExpiresAt: 1, AddedAt: 1, LastUsed: 2,
		IsAuthDisabled: true, AuthDisabledReason: "ended", ConsecutiveAuthFailures: 3,
	}
	if d := cmp.Diff(want, b.accounts[0], cmpopts.IgnoreUnexported(store.Account{})); d != "" {
		t.Error(d)
	}
	if b.active != "u2" || b.updates != 1 {
		t.Errorf("active %s, %d updates", b.active, b.updates)
	}
	// Where there are accounts the active one stays.
	importInto(t, b, ImportOptions{Active: "u1"}, incoming("rt-1", 1))
	if b.active != "u2" {
		t.Errorf("active %s", b.active)
	}
}

// One that was copied out of a file with sealed tokens does not keep the others
// out either.
func TestImportSkipsSealedCopies(t *testing.T) {
	t.Parallel()
	b := newMemory()
	got := importInto(t, b, ImportOptions{}, incoming("kyoli-sealed:1:age:abc", 1), incoming("rt-1", 1))
	if got[0].Result != Skipped || !strings.Contains(got[0].Why, "kyoli export") || got[1].Result != Added {
		t.Errorf("%+v", got)
	}
	if len(b.accounts) != 1 || b.accounts[0].RefreshToken != "rt-1" {
		t.Errorf("%d accounts", len(b.accounts))
	}
}

// A copy that fits two accounts goes to neither.
func TestImportOfOneThatFitsTwo(t *testing.T) {
	t.Parallel()
	b := newMemory(kept(), kept(func(a *store.Account) { a.UUID, a.RefreshToken, a.AccountID = "uuid-two", "rt-two", "acc2" }))
	got := importInto(t, b, ImportOptions{}, incoming("rt-new", 9000, func(in *Incoming) { in.Account.Email = "one@example.com" }))
	if got[0].Result != Skipped || got[0].Account != nil || b.updates != 0 {
		t.Errorf("%+v, %d updates", got[0], b.updates)
	}
}
