package manager

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/kyoli-gam/kyoli/pkg/provider"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// Few words of each kind, so that accounts meet by all that they can meet by. Some are the same but for case, one of
// them with a letter that is longer in the other case, and some are cut in the middle of a character.
var (
	rosterUUIDs  = []string{"", "", "", "", "uuid-one", "UUID-one", "uuid-two", "uui", "uuid", "key-1", "\u212Aey-1", "\u212Aey-2", "ééé", "éé\xc3", "Éééé"}
	rosterEmails = []string{"", "", "", "one@example.com", "ONE@example.com", "kim@example.com", "\u212Aim@example.com", "uuid-one", "s\xffx", "\u017F\xfeX"}
	rosterLabels = []string{"", "one", "One", "uuid-", "UUID", "uuid-one", "one@EXAMPLE.com", "key-", "\u212Aey-", "éé", "ééé", "\u212Aey"}
	rosterIDs    = []string{"", "acc", "acc2"}
	rosterTokens = []store.Secret{"", "rt-1", "rt-2", "rt-3", "rt-4"}
)

func drawRosterAccount(t *rapid.T) *store.Account {
	return &store.Account{
		UUID: rapid.SampledFrom(rosterUUIDs).Draw(t, "uuid"), CredentialOwnerID: rapid.SampledFrom(rosterUUIDs).Draw(t, "owner"),
		Label: rapid.SampledFrom(rosterLabels).Draw(t, "label"), Email: rapid.SampledFrom(rosterEmails).Draw(t, "email"),
		AccountID: rapid.SampledFrom(rosterIDs).Draw(t, "id"), RefreshToken: rapid.SampledFrom(rosterTokens).Draw(t, "token"),
		AccessToken: rapid.SampledFrom([]store.Secret{"", "at-1", "at-2"}).Draw(t, "access"), Enabled: true,
		ExpiresAt: store.Millis(rapid.IntRange(0, 3).Draw(t, "expires")), IsAuthDisabled: rapid.Bool().Draw(t, "dead"), AddedAt: 1, LastUsed: 1,
	}
}

func drawRosterLogin(t *rapid.T) Incoming {
	return Incoming{
		Account: drawRosterAccount(t), Label: rapid.SampledFrom(rosterLabels).Draw(t, "say label"), Email: rapid.SampledFrom(rosterEmails).Draw(t, "say email"),
		Fresh: rapid.Bool().Draw(t, "fresh"), Of: rapid.SampledFrom(rosterUUIDs).Draw(t, "of"), New: rapid.Bool().Draw(t, "new"), copied: rapid.Bool().Draw(t, "copied"),
	}
}

func drawRosterAccounts(t *rapid.T) *store.Accounts {
	accounts := &store.Accounts{}
	for range rapid.IntRange(0, 8).Draw(t, "accounts") {
		if a := drawRosterAccount(t); a.UUID != "" && accounts.Get(a.UUID) == nil {
			accounts.List = append(accounts.List, a)
		}
	}
	return accounts
}

// copyAccounts copies the accounts, to be changed in another way.
func copyAccounts(accounts *store.Accounts) *store.Accounts {
	c := &store.Accounts{Active: accounts.Active}
	for _, a := range accounts.List {
		b := *a
		c.List = append(c.List, &b)
	}
	return c
}

// addSearching is add as it is without a roster: it looks at all accounts.
func addSearching(m *Manager, accounts *store.Accounts, in Incoming, spent successors) (AddedAccount, error) {
	find := findIncoming
	if in.Fresh {
		find = findFresh
	}
	f, err := find(accounts, in, spent)
	switch {
	case err != nil:
		return AddedAccount{}, err
	case f.account == nil:
		return m.addNew(newRoster(accounts), in, accounts)
	}
	return update(newRoster(accounts), in, f)
}

// However accounts come and change, a search among the few that the roster gives finds what a search among all does.
func TestRosterFindsWhatSearchingFinds(t *testing.T) {
	t.Parallel()
	m := New(Options{Adapter: &provider.Adapter{ID: "p"}, Store: newMemory()})
	rapid.Check(t, func(t *rapid.T) {
		accounts := drawRosterAccounts(t)
		spent := successors{}
		for _, token := range rosterTokens {
			if rapid.IntRange(0, 3).Draw(t, "spent") == 0 {
				spent[token.Hash()] = rapid.SampledFrom(rosterTokens).Draw(t, "child").Hash()
			}
		}
		r := newRoster(accounts)
		for range rapid.IntRange(1, 8).Draw(t, "logins") {
			in := drawRosterLogin(t)
			for _, name := range append(rosterLabels[1:], rosterUUIDs[4:]...) {
				want, wantErr := accounts.Find(name)
				if got, err := r.Find(name); got != want || !reflect.DeepEqual(wantErr, err) {
					t.Fatalf("%q: %v, %v instead of %v, %v", name, got, err, want, wantErr)
				}
				for _, a := range append(accounts.List, in.Account) {
					if want, got := labelFree(accounts, a, name), labelFree(r.named(name), a, name); !reflect.DeepEqual(want, got) {
						t.Fatalf("%q: %v instead of %v", name, got, want)
					}
				}
			}
			want := copyAccounts(accounts)
			slow, wantErr := addSearching(m, want, in, spent)
			fast, err := m.add(r, in, spent)
			if !reflect.DeepEqual(wantErr, err) {
				t.Fatalf("%v instead of %v", err, wantErr)
			}
			sameAccounts(t, want, accounts)
			if slow.Result != fast.Result || slow.Why != fast.Why || slow.parent != fast.parent ||
				slow.Account != nil && slow.Account.UUID != fast.Account.UUID || (slow.Account == nil) != (fast.Account == nil) {
				t.Fatalf("%+v instead of %+v", fast, slow)
			}
		}
	})
}

// sameAccounts holds accounts against others. A uuid that was made up is another in each, and is brought in line.
func sameAccounts(t *rapid.T, want, got *store.Accounts) {
	if len(want.List) == len(got.List) && len(got.List) > 0 {
		w, g := want.List[len(want.List)-1], got.List[len(got.List)-1]
		if len(w.UUID) == 36 && len(g.UUID) == 36 {
			if want.Active == w.UUID {
				want.Active = g.UUID
			}
			w.UUID = g.UUID
		}
	}
	if want.Active != got.Active {
		t.Fatalf("active %q instead of %q", got.Active, want.Active)
	}
	if d := cmp.Diff(want.List, got.List, cmpopts.IgnoreUnexported(store.Account{})); d != "" {
		t.Fatal(d)
	}
}

// An account that takes another's place is found there by what is its own.
func TestRosterReplaces(t *testing.T) {
	t.Parallel()
	accounts := &store.Accounts{List: []*store.Account{kept(), kept(func(a *store.Account) { a.UUID, a.Label = "uuid-two", "two" })}}
	r := newRoster(accounts)
	r.add(kept(func(a *store.Account) { a.Label = "new" }))
	if a, err := r.named("new").Find("new"); err != nil || a != accounts.List[0] || len(accounts.List) != 2 {
		t.Errorf("%v, %v, %d accounts", a, err, len(accounts.List))
	}
	if _, err := r.named("one").Find("one"); err == nil {
		t.Error("the account that was replaced is still found")
	}
}

// A change of thousands of accounts finds them by their names.
func TestManyNames(t *testing.T) {
	t.Parallel()
	b, names := newMemory(), []string{}
	for i := range 2 * manyNames {
		a := kept(func(a *store.Account) {
			a.UUID, a.Label, a.Email = fmt.Sprint("uuid-", i), fmt.Sprint("seat-", i), fmt.Sprintf("%d@example.com", i)
		})
		b.accounts = append(b.accounts, *a)
		names = append(names, []string{a.UUID, a.Label, a.Email}[i%3])
	}
	m := New(Options{Adapter: &provider.Adapter{ID: "p"}, Store: b})
	disabled, err := m.Disable(t.Context(), names...)
	if err != nil || len(disabled) != len(names) || slices.ContainsFunc(b.accounts, func(a store.Account) bool { return a.Enabled }) {
		t.Errorf("%d disabled, %v", len(disabled), err)
	}
	var unknown *store.UnknownAccountError
	if _, err := m.Disable(t.Context(), append(names, "nobody")...); !errors.As(err, &unknown) || unknown.Name != "nobody" {
		t.Error(err)
	}
}

// What is the same to strings.EqualFold folds to the same, or the roster would not find it.
func TestFold(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		letters := rapid.SampledFrom([]rune("aAkK\u212AsS\u017Fß\u1E9Eσςµμ\u01C4\u01C5\u01C6\u0130ıi1é\u00C9\uFFFD"))
		a, b := rapid.SliceOfN(letters, 0, 4).Draw(t, "a"), rapid.SliceOfN(letters, 0, 4).Draw(t, "b")
		if x, y := string(a), string(b); strings.EqualFold(x, y) != (fold(x) == fold(y)) {
			t.Fatalf("%q and %q fold to %q and %q", x, y, fold(x), fold(y))
		}
	})
	if fold("\xff") != fold("\xfe") || !strings.EqualFold("\xff", "\xfe") {
		t.Error("what is no UTF-8 is not all the same")
	}
}
