package manager

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kyoli-gam/kyoli/pkg/provider"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// kept is a working account that was added a while ago.
func kept(edits ...func(*store.Account)) *store.Account {
	a := &store.Account{
		UUID: "uuid-one", AccountID: "acc", Label: "one", Email: "One@example.com", PlanTier: "pro",
		RefreshToken: "rt-stored", AccessToken: "at-stored", ExpiresAt: 5000, AddedAt: 1, LastUsed: 2,
		Enabled: true, RateLimitResetAt: 77,
	}
	for _, edit := range edits {
		edit(a)
	}
	return a
}

func incoming(refresh store.Secret, expires store.Millis, edits ...func(*Incoming)) Incoming {
	in := Incoming{Account: &store.Account{
		Enabled: true, RefreshToken: refresh, AccessToken: "at-of-" + refresh, ExpiresAt: expires,
	}}
	for _, edit := range edits {
		edit(&in)
	}
	return in
}

func addTo(t *testing.T, b *memory, logins ...Incoming) ([]AddedAccount, error) {
	t.Helper()
	m := New(Options{Adapter: &provider.Adapter{ID: "p"}, Store: b})
	return m.Add(t.Context(), logins...)
}

func TestAddUpdates(t *testing.T) {
	t.Parallel()
	email := func(in *Incoming) { in.Account.Email = "one@EXAMPLE.com" }
	takes := func(refresh store.Secret, expires store.Millis) func(*store.Account) {
		return func(a *store.Account) {
			a.SetCredential(store.Credential{RefreshToken: refresh, AccessToken: "at-of-" + refresh, ExpiresAt: expires})
		}
	}
	both := func(edits ...func(*store.Account)) func(*store.Account) {
		return func(a *store.Account) {
			for _, edit := range edits {
				edit(a)
			}
		}
	}
	const sameEmail, otherID = "one@example.com", "other"
	tests := map[string]struct {
		stored *store.Account
		in     Incoming
		spent  map[store.Secret]store.Secret
		result AddResult
		why    string
		change func(*store.Account)
	}{
		"the very same": {
			in: incoming("rt-stored", 5000, func(in *Incoming) { in.Account.AccessToken = "at-stored" }), result: Unchanged,
		},
		"the same refresh token alone": {
			in: incoming("rt-stored", 0, func(in *Incoming) { in.Account.AccessToken = "" }), result: Unchanged,
		},
		"the same refresh token, an older access token": {in: incoming("rt-stored", 4000), result: Unchanged},
		"the same refresh token, a newer access token": {
			in: incoming("rt-stored", 6000), result: Updated, change: takes("rt-stored", 6000),
		},
		"the same token of a dead login": {
			stored: kept(dead), in: incoming("rt-stored", 5000), result: Unchanged,
			why: "still auth-disabled: this login is the one that no longer works",
		},
		"a newer login, by e-mail": {
			in: incoming("rt-new", 6000, email), result: Updated, change: both(takes("rt-new", 6000), func(a *store.Account) { a.Email = "one@EXAMPLE.com" }),
		},
		"a newer login, by uuid": {
			in:     incoming("rt-new", 6000, func(in *Incoming) { in.Account.UUID, in.Account.Email = "uuid-one", "new@example.com" }),
			result: Updated, change: both(takes("rt-new", 6000), func(a *store.Account) { a.Email = "new@example.com" }),
		},
		"a newer login, by the uuid that the account had at first": {
			stored: kept(func(a *store.Account) { a.CredentialOwnerID = "uuid-first" }),
			in:     incoming("rt-new", 6000, func(in *Incoming) { in.Account.UUID = "uuid-first" }),
			result: Updated, change: takes("rt-new", 6000),
		},
		"a newer login, by account id where an e-mail is not known": {
			in: incoming("rt-new", 6000, func(in *Incoming) { in.Account.AccountID = "acc" }), result: Updated, change: takes("rt-new", 6000),
		},
		"of the same moment": {in: incoming("rt-new", 5000, email, sayEmail(sameEmail)), result: Updated, change: both(takes("rt-new", 5000), func(a *store.Account) { a.Email = "one@EXAMPLE.com" })},
		"a login of unknown age": {
			in: incoming("rt-new", 0, sayEmail(sameEmail)), result: Updated, change: takes("rt-new", 0),
		},
		"an older login": {in: incoming("rt-old", 4000, email), result: Unchanged, why: whyOlder},
		"an older login for a dead one": {
			stored: kept(dead, off), in: incoming("rt-old", 4000, sayEmail(sameEmail)), result: Updated,
			change: both(takes("rt-old", 4000), func(a *store.Account) { a.IsAuthDisabled, a.AuthDisabledReason = false, "" }),
		},
		"the token that the stored one came of": {
			in:    incoming("rt-parent", 9000, func(in *Incoming) { in.Account.Email = "somebody@example.com" }),
			spent: map[store.Secret]store.Secret{"rt-parent": "rt-stored"}, result: Unchanged, why: whyRenewed,
		},
		"a spent token whose successor is not known": {
			in: incoming("rt-parent", 9000, email), spent: map[store.Secret]store.Secret{"rt-parent": ""},
			result: Unchanged, why: whyOlder + "; this one was spent",
		},
		"an older login with a new label": {
			in: incoming("rt-old", 4000, email, func(in *Incoming) { in.Label = "office" }), result: Updated, why: whyOlder,
			change: func(a *store.Account) { a.Label = "office" },
		},
		"the user's own words win": {
			in: incoming("rt-new", 6000, sayEmail(sameEmail), func(in *Incoming) {
				in.Account.Label, in.Account.PlanTier, in.Plan, in.Label = "no", "free", "team", "office"
			}),
			result: Updated, change: both(takes("rt-new", 6000), func(a *store.Account) { a.PlanTier, a.Label = "team", "office" }),
		},
		"a newer login brings a new plan and no label": {
			in: incoming("rt-new", 6000, sayEmail(sameEmail), func(in *Incoming) {
				in.Account.PlanTier, in.Account.Label, in.Account.DeviceID = "free", "theirs", "dev"
			}),
			result: Updated, change: both(takes("rt-new", 6000), func(a *store.Account) { a.PlanTier, a.DeviceID = "free", "dev" }),
		},
		"an older one only fills in": {
			stored: kept(func(a *store.Account) { a.PlanTier = "" }),
			in:     incoming("rt-old", 4000, email, func(in *Incoming) { in.Account.PlanTier, in.Account.AccountID = "free", "acc" }),
			result: Updated, why: whyOlder, change: func(a *store.Account) { a.PlanTier = "free" },
		},
		"another account of the same person": {
			in: incoming("rt-new", 6000, email, func(in *Incoming) { in.Account.AccountID = otherID }), result: Added,
		},
		"somebody else in the same workspace": {
			in: incoming("rt-new", 6000, func(in *Incoming) { in.Account.AccountID, in.Account.Email = "acc", "two@example.com" }), result: Added,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			was := tt.stored
			if was == nil {
				was = kept()
			}
			want := *was
			if tt.change != nil {
				tt.change(&want)
			}
			b := newMemory(was)
			b.spent = tt.spent
			got, err := addTo(t, b, tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if got[0].Result != tt.result || got[0].Why != tt.why {
				t.Errorf("%s (%s), want %s (%s)", got[0].Result, got[0].Why, tt.result, tt.why)
			}
			if diff := cmp.Diff(&want, b.get("uuid-one"), cmpopts.IgnoreUnexported(store.Account{})); diff != "" {
				t.Errorf("the stored account (-want +got)\n%s", diff)
			}
			if n := len(b.accounts); (n == 2) != (tt.result == Added) || n > 2 {
				t.Errorf("%d accounts", n)
			}
			if wrote := b.updates > 0; wrote != (tt.result != Unchanged) {
				t.Errorf("wrote: %v", wrote)
			}
		})
	}
}

func sayEmail(email string) func(*Incoming) { return func(in *Incoming) { in.Email = email } }

func TestAddNew(t *testing.T) {
	t.Parallel()
	b := newMemory()
	got, err := addTo(t, b,
		incoming("rt-1", 10, func(in *Incoming) {
			in.Account.UUID, in.Account.Label, in.Account.AddedAt, in.Account.LastUsed = "u1", "one", 3, 4
			in.Account.IsAuthDisabled, in.Account.ConsecutiveAuthFailures, in.Account.Enabled = true, 9, false
		}),
		incoming("rt-2", 20, func(in *Incoming) { in.Account.UUID, in.Account.Label, in.Email = "u2", "one", "two@example.com" }),
		incoming("rt-2", 20, func(in *Incoming) { in.Email = "two@example.com" }),
	)
	if err != nil {
		t.Fatal(err)
	}
	results := []AddResult{got[0].Result, got[1].Result, got[2].Result}
	if diff := cmp.Diff([]AddResult{Added, Added, Unchanged}, results); diff != "" {
		t.Error(diff)
	}
	if a := b.get("u1"); a.IsAuthDisabled || a.ConsecutiveAuthFailures != 0 || a.Enabled || a.AddedAt != 3 || a.LastUsed != 4 {
		t.Errorf("a disabled account with a new login: %+v", a)
	}
	if a := b.get("u2"); a.Label != "" || a.Email != "two@example.com" || a.AddedAt == 0 || a.LastUsed == 0 || got[1].Why == "" {
		t.Errorf("an account whose label is taken: %+v (%s)", a, got[1].Why)
	}
}

func TestAddRefuses(t *testing.T) {
	t.Parallel()
	twin := kept(func(a *store.Account) {
		a.UUID, a.Label, a.RefreshToken, a.AccountID = "uuid-two", "two", "rt-two", "acc2"
	})
	var ambiguous *store.AmbiguousAccountError
	var taken *LabelTakenError
	var spent *SpentLoginError
	tests := map[string]struct {
		in   Incoming
		want any
	}{
		"an e-mail of two accounts":            {incoming("rt-new", 9000, sayEmail("one@example.com")), &ambiguous},
		"another account's label":              {incoming("rt-two", 0, func(in *Incoming) { in.Label = "one" }), &taken},
		"a new account, a label that is taken": {incoming("rt-new", 9000, func(in *Incoming) { in.Label = "two" }), &taken},
		"a spent token of nobody":              {incoming("rt-spent", 9000), &spent},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newMemory(kept(), twin)
			b.spent = map[store.Secret]store.Secret{"rt-spent": "rt-gone"}
			_, err := addTo(t, b, incoming("rt-fine", 9000, sayEmail("fine@example.com")), tt.in)
			if !errors.As(err, tt.want) || b.updates != 0 {
				t.Errorf("%v, %d updates", err, b.updates)
			}
		})
	}
}
