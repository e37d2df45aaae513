package manager

import (
	"context"
	"errors"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

// ImportOptions are how [Manager.Import] goes about it. The zero value takes the logins in.
type ImportOptions struct {
	// DryRun changes nothing and tells what would be done.
	DryRun bool
	// Active is the uuid of the login that is the active account where the logins come from. Where there was no account
	// here it becomes so here.
	Active string
}

// Import takes in logins that were copied from elsewhere, such as another tool's file or a backup. It is [Manager.Add],
// all in one locked step, but a copy may be old: an account that is new keeps the state that the copy has, one that is
// there gets the copy's credential only where that expires later or the stored one has ended, and a login that cannot be
// taken in is [Skipped] and says why, rather than keep the others out.
func (m *Manager) Import(ctx context.Context, o ImportOptions, logins ...Incoming) ([]AddedAccount, error) {
	copies := make([]Incoming, len(logins))
	for i, in := range logins {
		copies[i] = in
		copies[i].copied = true
	}
	spent, err := m.successors(ctx, copies)
	if err != nil {
		return nil, err
	}
	var results []AddedAccount
	take := func(accounts *store.Accounts) (err error) {
		results, err = m.importInto(accounts, o, copies, spent)
		return err
	}
	if o.DryRun {
		accounts, err := m.store.Load(ctx)
		if err != nil {
			return nil, err
		}
		err = take(accounts)
		return results, err
	}
	accounts, err := m.store.Update(ctx, take)
	if err != nil {
		return nil, err
	}
	return m.written(accounts, results), nil
}

func (m *Manager) importInto(accounts *store.Accounts, o ImportOptions, copies []Incoming, spent successors) ([]AddedAccount, error) {
	first := len(accounts.List) == 0
	roster := newRoster(accounts)
	results := make([]AddedAccount, len(copies))
	for i, in := range copies {
		if in.sealed() {
			results[i] = AddedAccount{Result: Skipped, Why: errSealedCopy.Error()}
			continue
		}
		r, err := m.add(roster, in, spent)
		var used *SpentLoginError
		var several *store.AmbiguousAccountError
		switch {
		case errors.As(err, &used):
			r = AddedAccount{Result: Skipped, Why: "its refresh token was spent, and the account that has what came of it is gone"}
		case errors.As(err, &several):
			r = AddedAccount{Result: Skipped, Why: "it may be one of several accounts: " + err.Error()}
		case err != nil:
			return nil, err
		}
		results[i] = r
	}
	if first && accounts.Get(o.Active) != nil {
		accounts.Active = o.Active
	}
	return results, nil
}
