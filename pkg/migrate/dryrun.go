package migrate

import (
	"context"
	"slices"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

// peek is what auth.json should hold, without a lock and without any write.
func (p Place) peek(ctx context.Context) (*session, *AuthFile, error) {
	target, err := p.target()
	if err != nil {
		return nil, nil, err
	}
	s := &session{place: p, target: target}
	if err := s.load(); err != nil {
		return nil, nil, err
	}
	seen, file, err := p.settled(ctx, target)
	if err != nil {
		return nil, nil, err
	}
	seen.close()
	m, err := s.remembered(file, nil)
	if err != nil {
		return nil, nil, err
	}
	return s, m.truth, nil
}

// dryRun is Sync with all that it would change left as it is.
func dryRun(ctx context.Context, p Place, o SyncOptions) (*SyncResult, error) {
	s, f, err := p.peek(ctx)
	if err != nil {
		return nil, err
	}
	accounts, err := o.Backend.Load(ctx)
	if err != nil {
		return nil, err
	}
	res := &SyncResult{Result: ResultUnchanged, Path: p.AuthPath, Key: o.Key}
	if e, ok := f.Entry(o.Key); ok {
		if r, a := o.classify(e, s.ledger, accounts); r == rotated {
			accounts, res.Adopted = o.imagine(accounts, a, e)
		}
	}
	a, err := o.pick(accounts)
	if err != nil {
		return nil, err
	}
	res.Account = a
	res.Refresh = o.Stale != nil && o.Stale(a)
	if err := complete(a); err != nil && !res.Refresh {
		return nil, err
	}
	changes, _, err := o.propose(f, s.ledger, accounts, a, res)
	if err != nil {
		return nil, err
	}
	if len(changes) > 0 || res.Refresh {
		res.Result = ResultWouldWrite
	}
	return res, nil
}

// imagine is accounts as if a had adopted e.
func (o SyncOptions) imagine(accounts *store.Accounts, a *store.Account, e Entry) (*store.Accounts, *store.Account) {
	adopted := *a
	o.take(e, &adopted)
	imagined := *accounts
	imagined.List = slices.Clone(accounts.List)
	for i := range imagined.List {
		if imagined.List[i] == a {
			imagined.List[i] = &adopted
		}
	}
	return &imagined, &adopted
}
