package manager

import (
	"context"
	"strings"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

// AddResult says what became of a login that was added.
type AddResult string

// The results of [Manager.Add].
const (
	Added     AddResult = "added"     // it is a new account
	Updated   AddResult = "updated"   // it was there, and something of it is new
	Unchanged AddResult = "unchanged" // it was there, and all of it was known
	Skipped   AddResult = "skipped"   // by [Manager.Import] only: it cannot be taken in

	Reauthenticated AddResult = "re-authenticated" // it was there, and its person has logged in again
)

// Incoming is a login that is to be added.
type Incoming struct {
	// Account is what is known of it; empty fields are not known. Of an account that is there already only its
	// identity, its plan and its credential can replace what is stored.
	Account *store.Account
	// Label, Email and Plan are the user's own words, which win over what is stored; empty = none.
	Label, Email, Plan string
	// Fresh says that the person has just logged in: the login is newer than any that is stored, and its account is
	// enabled. It is not given up for a label that is taken: then there is none.
	Fresh bool
	// Of is the uuid of the account that it has to be a login of; empty = whichever it is of.
	Of string
	// New says that it becomes an account of its own, though one of the same person is there.
	New bool

	copied bool // it was found in some file, not just given: see [Manager.Import]
}

// AddedAccount is what became of an [Incoming].
type AddedAccount struct {
	Result  AddResult
	Account *store.Account
	// Why says in words why the credential was left as it is, where it is another than the stored one; or what
	// else the user should know.
	Why string

	parent string // hash of the refresh token that the login replaced
}

// Add adds logins, all in one locked step or none. One that is there already, by its refresh token, by the token that
// it was exchanged for, by uuid, or by e-mail and account id, is updated: it keeps its label, state and limits, and
// with a new credential it is no longer auth-disabled. A credential is never replaced by an older one. Errors:
// *[LabelTakenError], *[SpentLoginError], *[OtherPersonError], *store.AmbiguousAccountError, and the store's.
func (m *Manager) Add(ctx context.Context, logins ...Incoming) ([]AddedAccount, error) {
	if err := plainOnly(logins); err != nil {
		return nil, err
	}
	spent, err := m.successors(ctx, logins)
	if err != nil {
		return nil, err
	}
	results := make([]AddedAccount, len(logins))
	accounts, err := m.store.Update(ctx, func(accounts *store.Accounts) error {
		r := newRoster(accounts)
		for i, in := range logins {
			var err error
			if results[i], err = m.add(r, in, spent); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return m.written(accounts, results), nil
}

// written are the results with the accounts as they were written, of which is told.
func (m *Manager) written(accounts *store.Accounts, results []AddedAccount) []AddedAccount {
	written := make(map[string]*store.Account, len(accounts.List))
	for _, a := range accounts.List {
		written[a.UUID] = a
	}
	for i := range results {
		if results[i].Account == nil {
			continue
		}
		if a := written[results[i].Account.UUID]; a != nil {
			results[i].Account = a
		}
		m.tellAdded(results[i])
	}
	return results
}

// plainOnly refuses what was copied out of a file with sealed tokens.
func plainOnly(logins []Incoming) error {
	for _, in := range logins {
		if in.sealed() {
			return &store.SealedError{Path: "the input", Name: in.Account.Name(), Err: errSealedCopy}
		}
	}
	return nil
}

func (in Incoming) sealed() bool {
	return in.Account.RefreshToken.Sealed() || in.Account.AccessToken.Sealed()
}

// errSealedCopy is why a copy of a sealed token is refused.
var errSealedCopy error = sealedCopyError{}

type sealedCopyError struct{}

func (sealedCopyError) Error() string {
	return "it was copied out of a file in which tokens are sealed; kyoli export makes a copy that can be added"
}

// Hint is a command that makes a copy.
func (sealedCopyError) Hint() string { return "kyoli export --to accounts.age" }

func (m *Manager) add(r *roster, in Incoming, spent successors) (added AddedAccount, err error) {
	find := findIncoming
	if in.Fresh {
		find = findFresh
	}
	near := r.near(in, spent)
	f, err := find(near, in, spent)
	if err != nil {
		return AddedAccount{}, err
	}
	if f.account == nil {
		return m.addNew(r, in, near)
	}
	err = r.change(f.account, func() (err error) {
		added, err = update(r, in, f)
		return err
	})
	return added, err
}

func (m *Manager) addNew(accounts *roster, in Incoming, near *store.Accounts) (AddedAccount, error) {
	a := *in.Account
	now := store.MillisOf(m.now())
	if a.AddedAt == 0 {
		a.AddedAt = now
	}
	if a.LastUsed == 0 {
		a.LastUsed = now
	}
	if !in.copied {
		clearFailures(&a)
	}
	if in.New && near.Get(a.UUID) != nil {
		a.UUID = "" // the other account of the same person has it
	}
	r := AddedAccount{Result: Added, Account: &a}
	if a.Label != "" && in.Label == "" && labelFree(accounts.named(a.Label), &a, a.Label) != nil {
		r.Why = withoutLabel(a.Label)
		a.Label = ""
	}
	if _, err := in.say(accounts, &a); err != nil {
		return r, err
	}
	if in.Label != a.Label && in.Label != "" {
		r.Why = withoutLabel(in.Label)
	}
	accounts.add(&a)
	return r, nil
}

func withoutLabel(label string) string {
	return "without the label " + label + ", which names another account"
}

// update brings an account up to date with what came in.
func update(accounts *roster, in Incoming, f match) (AddedAccount, error) {
	a := f.account
	r := AddedAccount{Result: Unchanged, Account: a, Why: f.why}
	if f.newer {
		r.Result, r.parent = Updated, a.RefreshToken.Hash()
		a.SetCredential(in.Account.Credential())
		clearFailures(a)
	}
	if in.Fresh && f.newer {
		r.Result, a.Enabled = Reauthenticated, true
	}
	filled := fill(a, in.Account, f.newer)
	said, err := in.say(accounts, a)
	if err != nil {
		return r, err
	}
	if (filled || said) && r.Result == Unchanged {
		r.Result = Updated
	}
	if in.Label != a.Label && in.Label != "" {
		r.Why = withoutLabel(in.Label)
	}
	if a.IsAuthDisabled && r.Why == "" {
		r.Why = "still auth-disabled: this login is the one that no longer works"
	}
	return r, nil
}

// fill takes over what is not known yet of who the account is, and with a newer login what has changed of it.
func fill(a, from *store.Account, newer bool) (changed bool) {
	for _, t := range []struct {
		to        *string
		from      string
		overwrite bool
	}{
		{&a.AccountID, from.AccountID, newer},
		{&a.AccountUUID, from.AccountUUID, newer},
		{&a.Email, from.Email, newer},
		{&a.PlanTier, from.PlanTier, newer},
		{&a.DeviceID, from.DeviceID, false},
	} {
		if t.from != "" && t.from != *t.to && (t.overwrite || *t.to == "") {
			*t.to, changed = t.from, true
		}
	}
	return changed
}

// say writes the user's words over what is there.
func (in Incoming) say(accounts *roster, a *store.Account) (changed bool, err error) {
	if in.Label != "" && in.Label != a.Label {
		err := labelFree(accounts.named(in.Label), a, in.Label)
		if err != nil && !in.Fresh {
			return false, err
		}
		if err == nil {
			a.Label, changed = in.Label, true
		}
	}
	if in.Email != "" && !strings.EqualFold(in.Email, a.Email) {
		a.Email, changed = in.Email, true
	}
	if in.Plan != "" && in.Plan != a.PlanTier {
		a.PlanTier, changed = in.Plan, true
	}
	return changed, nil
}
