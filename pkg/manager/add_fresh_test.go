package manager

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

// A person has just logged in: nothing that is stored is newer, whatever the
// expiries say, and the account works again.
func TestAddFresh(t *testing.T) {
	t.Parallel()
	who := func(edits ...func(*Incoming)) Incoming {
		in := incoming("rt-fresh", 3000, func(in *Incoming) { in.Account.Email, in.Fresh = "one@example.com", true })
		for _, edit := range edits {
			edit(&in)
		}
		return in
	}
	off := func(a *store.Account) { a.Enabled = false }
	fresh := func(a *store.Account) {
		a.SetCredential(store.Credential{RefreshToken: "rt-fresh", AccessToken: "at-of-rt-fresh", ExpiresAt: 3000})
		a.Email, a.Enabled = "one@example.com", true
		clearFailures(a)
	}
	for name, tt := range map[string]struct {
		stored *store.Account
		in     Incoming
		spent  map[store.Secret]store.Secret
		result AddResult
		why    string
		change func(*store.Account)
	}{
		"an earlier expiry than what is stored": {in: who(), result: Reauthenticated, change: fresh},
		"disabled":                              {stored: kept(off), in: who(), result: Reauthenticated, change: fresh},
		"auth-disabled":                         {stored: kept(dead), in: who(), result: Reauthenticated, change: fresh},
		"for the account": {
			in: who(func(in *Incoming) { in.Of = "uuid-one" }), result: Reauthenticated, change: fresh,
		},
		"for an account of which the login says nothing": {
			in: who(func(in *Incoming) { in.Of, in.Account.Email = "uuid-one", "" }), result: Reauthenticated,
			change: func(a *store.Account) { fresh(a); a.Email = "One@example.com" },
		},
		"refreshed by somebody since": {
			in: who(), spent: map[store.Secret]store.Secret{"rt-fresh": "rt-stored"}, result: Unchanged, why: whyRenewed,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tt.stored == nil {
				tt.stored = kept()
			}
			want := *tt.stored
			if tt.change != nil {
				tt.change(&want)
			}
			b := newMemory(tt.stored)
			b.spent = tt.spent
			added, err := addTo(t, b, tt.in)
			if err != nil || len(added) != 1 || added[0].Result != tt.result || added[0].Why != tt.why {
				t.Fatalf("Add = %+v, %v; want %s %q", added, err, tt.result, tt.why)
			}
			if d := cmp.Diff(&want, b.get("uuid-one"), cmpopts.IgnoreUnexported(store.Account{})); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

func TestAddFreshNew(t *testing.T) {
	t.Parallel()
	in := incoming("rt-fresh", 9000, func(in *Incoming) {
		in.Account.UUID, in.Account.Email, in.Fresh, in.New, in.Label = "uuid-one", "one@example.com", true, true, "one"
	})
	b := newMemory(kept())
	added, err := addTo(t, b, in)
	if err != nil || added[0].Result != Added || added[0].Account.UUID == "uuid-one" || added[0].Account.Label != "" ||
		!strings.Contains(added[0].Why, "without the label one") {
		t.Fatalf("Add = %+v, %v", added, err)
	}
	if first := b.get("uuid-one"); first.RefreshToken != "rt-stored" {
		t.Error("the first account has lost its login")
	}
	// The very token that is there is no second account, whatever was asked for.
	in.Account.RefreshToken = "rt-stored"
	if added, err = addTo(t, b, in); err != nil || added[0].Result != Reauthenticated || len(b.view().List) != 2 {
		t.Errorf("the same token again: %+v, %v", added, err)
	}
}

func TestAddFreshOfSomebodyElse(t *testing.T) {
	t.Parallel()
	other := kept(func(a *store.Account) {
		a.UUID, a.Label, a.Email, a.AccountID, a.RefreshToken = "uuid-two", "two", "two@example.com", "acc-two", "rt-two"
	})
	for name, tt := range map[string]struct {
		email, id string
		want      OtherPersonError
		text      string
	}{
		"a stranger": {
			"eve@example.com", "",
			OtherPersonError{Account: "one", Email: "One@example.com", Who: "eve@example.com"},
			"account one (One@example.com) is somebody else's",
		},
		"another account": {
			"TWO@example.com", "acc-two",
			OtherPersonError{Account: "one", Email: "One@example.com", Who: "TWO@example.com", Other: "two"},
			"that login is account two's",
		},
		"another workspace": {
			"one@example.com", "acc-team",
			OtherPersonError{Account: "one", Email: "One@example.com", Who: "one@example.com"},
			"another workspace than account one is of",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newMemory(kept(), other)
			_, err := addTo(t, b, incoming("rt-fresh", 9000, func(in *Incoming) {
				in.Account.Email, in.Account.AccountID, in.Fresh, in.Of = tt.email, tt.id, true, "uuid-one"
			}))
			var got *OtherPersonError
			if !errors.As(err, &got) || *got != tt.want || !strings.Contains(got.Error(), tt.text) || got.Hint() == "" {
				t.Fatalf("err = %v (%+v)", err, got)
			}
			if b.get("uuid-one").RefreshToken != "rt-stored" || b.get("uuid-two").RefreshToken != "rt-two" {
				t.Error("something was changed")
			}
		})
	}
}

// With the wrong one of two a login would be lost.
func TestAddFreshOfTwo(t *testing.T) {
	t.Parallel()
	second := kept(func(a *store.Account) { a.UUID, a.Label, a.RefreshToken = "uuid-two", "two", "rt-two" })
	b := newMemory(kept(), second)
	in := incoming("rt-fresh", 9000, func(in *Incoming) { in.Account.Email, in.Fresh = "one@example.com", true })
	var several *store.AmbiguousAccountError
	if _, err := addTo(t, b, in); !errors.As(err, &several) || len(several.Candidates) != 2 {
		t.Fatalf("err = %v", err)
	}
	in.Of = "uuid-two"
	if added, err := addTo(t, b, in); err != nil || added[0].Account.UUID != "uuid-two" || b.get("uuid-one").RefreshToken != "rt-stored" {
		t.Errorf("for one of them: %+v, %v", added, err)
	}
	in.Of, in.Account.RefreshToken = "uuid-gone", "rt-other"
	var unknown *store.UnknownAccountError
	if _, err := addTo(t, b, in); !errors.As(err, &unknown) {
		t.Errorf("for one that is gone: %v", err)
	}
}
