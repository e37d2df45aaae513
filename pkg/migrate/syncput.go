package migrate

import (
	"context"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

// pick chooses the account to put into auth.json.
func (o SyncOptions) pick(accounts *store.Accounts) (*store.Account, error) {
	if o.Account != "" {
		return accounts.Find(o.Account)
	}
	if a := accounts.Get(accounts.Active); a != nil && inService(a) {
		return a, nil
	}
	for _, a := range accounts.List {
		if inService(a) && o.Usable != nil && o.Usable(a) {
			return a, nil
		}
	}
	for _, a := range accounts.List {
		if inService(a) && a.AccessToken != "" && a.ExpiresAt != 0 {
			return a, nil
		}
	}
	for _, a := range accounts.List {
		if err := a.Opened(o.Backend.Path()); err != nil && a.Enabled && !a.IsAuthDisabled {
			return nil, err // with its key it could be
		}
	}
	return nil, &NoAccountError{Provider: o.Provider, Path: o.Backend.Path(), Some: len(accounts.List) > 0}
}

// inService tells whether a may be handed out at all.
func inService(a *store.Account) bool {
	return a.Enabled && !a.IsAuthDisabled && a.RefreshToken != "" && a.Opened("") == nil
}

// put writes the account into its entry.
func (s *session) put(ctx context.Context, o SyncOptions, uuid string, res *SyncResult) error {
	accounts, err := o.Backend.Load(ctx)
	if err != nil {
		return err
	}
	a := find(accounts, uuid)
	if a == nil {
		return errAgain
	}
	if err := a.Opened(o.Backend.Path()); err != nil {
		return err
	}
	if err := complete(a); err != nil {
		return err
	}
	next := s.place.markOf(a, a.Credential(), true)
	now, wrote, err := s.change(ctx, func(f *AuthFile) ([]change, error) {
		change, old, err := o.propose(f, s.ledger, accounts, a, res)
		if err != nil || change == nil {
			return nil, err
		}
		return change, s.intend(old, next)
	})
	res.Account = a
	if wrote {
		res.Result = ResultWritten
	}
	if err != nil {
		return err
	}
	return s.noted(now, o.Key, next)
}

// propose is the change that brings the entry to a's credential, and the entry
// as it is; no change where it has that already.
func (o SyncOptions) propose(f *AuthFile, book *ledger, accounts *store.Accounts, a *store.Account, res *SyncResult) ([]change, Entry, error) {
	v, err := o.judge(f, book, accounts)
	if err != nil {
		return nil, v.entry, err
	}
	change := []change{{o.Key, o.entryFor(v, a)}}
	after, err := (&AuthFile{Path: f.Path}).apply(change)
	if err != nil {
		return nil, v.entry, err
	}
	fresh, _ := after.Entry(o.Key)
	if v.relation != absent && fresh.same(v.entry) {
		return nil, v.entry, nil
	}
	res.Diff = diff(f.Path, v.entry, fresh)
	res.Overwritten = v.relation == foreign
	return change, v.entry, nil
}

// entryFor is a's entry. Where the file has an older one of the same account,
// what kyoli does not know in it stays.
func (o SyncOptions) entryFor(v verdict, a *store.Account) any {
	c, accountID := a.Credential(), a.AccountID
	if accountID == "" && o.Identify != nil {
		accountID = o.Identify(a.AccessToken).AccountID
	}
	if v.owner == nil || v.owner.UUID != a.UUID {
		return oauthEntry{
			Type: OAuth, Refresh: c.RefreshToken.Reveal(), Access: c.AccessToken.Reveal(),
			Expires: int64(c.ExpiresAt), AccountID: accountID,
		}
	}
	if accountID == "" {
		accountID = v.entry.AccountID
	}
	return v.entry.renewed(c, accountID)
}

// complete refuses an account whose entry OpenCode would ignore or, with an
// empty refresh token, could not renew.
func complete(a *store.Account) error {
	switch {
	case a.RefreshToken == "":
		return &IncompleteError{Account: a.Name(), Missing: "refresh token"}
	case a.AccessToken == "":
		return &IncompleteError{Account: a.Name(), Missing: "access token"}
	case a.ExpiresAt == 0:
		return &IncompleteError{Account: a.Name(), Missing: "expiry"}
	}
	return nil
}

// noted keeps the ledger true after a put. An entry that was right already
// stays known as what it was: written by kyoli, or taken over from OpenCode.
func (s *session) noted(now *AuthFile, key string, next mark) error {
	if err := s.finish(now, key); err != nil {
		return err
	}
	if base, ok := s.ledger.base(Entry{Key: key}); ok && base.Refresh == next.Refresh && base.Account == next.Account {
		return nil
	}
	next.Written = false
	s.ledger.settle(key, next)
	return s.saveLedger()
}
