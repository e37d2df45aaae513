package migrate

import (
	"context"
	"errors"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

// SyncOptions say which account [Sync] puts into auth.json, and how.
type SyncOptions struct {
	Login
	// Account names the account; empty lets Sync pick: the active account,
	// else the first usable, else the first complete one.
	Account string
	// Usable tells whether an account can be used now.
	Usable func(*store.Account) bool
	// Valid makes an account's access token valid, by a refresh if need be,
	// and returns the account as it is then.
	Valid func(ctx context.Context, uuid string) (*store.Account, error)
	// Stale tells whether Valid would have to ask the provider; only DryRun
	// needs it.
	Stale func(*store.Account) bool
	// Force overwrites a foreign login.
	Force bool
	// DryRun changes nothing, and asks the provider nothing.
	DryRun bool
	// KeepRemoved leaves an entry removed that kyoli had put there and
	// somebody took out.
	KeepRemoved bool
}

// The results of [Sync].
const (
	// ResultWritten: auth.json has the account now.
	ResultWritten = "written"
	// ResultWouldWrite: it would have, without DryRun.
	ResultWouldWrite = "would-write"
	// ResultUnchanged: it had it already, and was not touched.
	ResultUnchanged = "unchanged"
	// ResultRemoved: somebody logged out there, and KeepRemoved respected it.
	ResultRemoved = "removed"
)

// SyncResult is what [Sync] did, or with DryRun would do.
type SyncResult struct {
	// Result is one of the Result constants.
	Result string
	// Path is auth.json, Key the entry in it.
	Path, Key string
	// Account is the account that the entry has.
	Account *store.Account
	// Adopted is the account whose newer credential was taken from auth.json,
	// nil where there was none.
	Adopted *store.Account
	// Refresh is whether the account's token is to be refreshed first; only
	// told by DryRun.
	Refresh bool
	// Overwritten is whether a foreign login was overwritten.
	Overwritten bool
	// Diff shows the change of the entry, tokens redacted; empty without one.
	Diff string
}

// Sync puts an account into auth.json, as a three-way merge of what kyoli
// wrote there last, what is there now, and what the store has. A newer
// credential of one of kyoli's accounts is adopted into the store first, so
// that none is overwritten and no spent token is sent. A login that is not one
// of kyoli's is a *[ForeignLoginError] unless forced. A file that has the
// account already is not touched.
func Sync(ctx context.Context, p Place, o SyncOptions) (*SyncResult, error) {
	if o.DryRun {
		return dryRun(ctx, p, o)
	}
	first, _ := ReadAuth(p.AuthPath) // nil while it is torn; the passes look until it settles
	res := &SyncResult{Result: ResultUnchanged, Path: p.AuthPath, Key: o.Key}
	for range tries {
		err := o.attempt(ctx, p, res)
		if res.Adopted != nil {
			ctx = context.WithoutCancel(ctx) // what was done is to be told, too
		}
		if errors.Is(err, errAgain) {
			continue
		}
		if errors.Is(err, errRemoved) {
			res.Result = ResultRemoved
			return res, nil
		}
		if err != nil {
			return nil, err
		}
		return res.compare(first), nil
	}
	return nil, &BusyError{Path: p.AuthPath}
}

// errRemoved says that somebody logged out in auth.json.
var errRemoved = errors.New("the login was removed from auth.json")

// compare completes the result of a sync with the file as it was before: the
// refresh may have brought it up to date already.
func (r *SyncResult) compare(first *AuthFile) *SyncResult {
	if first == nil || r.Result != ResultUnchanged {
		return r
	}
	if old, ok := first.Entry(r.Key); !ok || old.Credential() != r.Account.Credential() {
		r.Result = ResultWritten
	}
	return r
}

// attempt is one pass: adopt, pick, make valid, write. The steps take the lock
// one by one, because there is a network call between them.
func (o SyncOptions) attempt(ctx context.Context, p Place, res *SyncResult) error {
	err := p.under(ctx, func(s *session) error {
		adopted, err := s.adopt(ctx, o.Login)
		if adopted != nil {
			res.Adopted = adopted
		}
		return err
	})
	if err != nil {
		return err
	}
	if res.Adopted != nil {
		ctx = context.WithoutCancel(ctx)
	}
	accounts, err := o.Backend.Load(ctx)
	if err != nil {
		return err
	}
	chosen, err := o.pick(accounts)
	if err != nil {
		return err
	}
	if err := o.permitted(p, accounts); err != nil {
		return err
	}
	// A refresh that was sent has to be heard to the end.
	if chosen, err = o.Valid(context.WithoutCancel(ctx), chosen.UUID); err != nil {
		return err
	}
	return p.under(ctx, func(s *session) error { return s.put(ctx, o, chosen.UUID, res) })
}

// permitted refuses a foreign login before a token is refreshed for nothing.
func (o SyncOptions) permitted(p Place, accounts *store.Accounts) error {
	f, err := ReadAuth(p.AuthPath)
	if err != nil {
		return nil // put sees it settled
	}
	target, err := p.target()
	if err != nil {
		return err
	}
	book, err := readLedger(p.ledgerPath(target), target)
	if err != nil {
		return err
	}
	_, err = o.judge(f, book, accounts)
	if errors.Is(err, errAgain) {
		return nil
	}
	return err
}

// verdict is an entry, what it is to kyoli's accounts, and to which.
type verdict struct {
	entry Entry
	relation
	owner *store.Account
}

// judge classifies the entry in f, and says no where it may not be replaced.
func (o SyncOptions) judge(f *AuthFile, book *ledger, accounts *store.Accounts) (v verdict, err error) {
	var ok bool
	if v.entry, ok = f.Entry(o.Key); !ok {
		if _, based := book.base(v.entry); based && o.KeepRemoved {
			err = errRemoved
		}
		return v, err
	}
	v.relation, v.owner = o.classify(v.entry, book, accounts)
	switch {
	case v.relation == rotated:
		err = errAgain
	case v.relation == foreign && !o.Force:
		err = &ForeignLoginError{Path: f.Path, Key: o.Key, Type: v.entry.Type, Provider: o.Provider}
	}
	return v, err
}
