package migrate

import (
	"context"
	"errors"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

// errAgain says that what a decision was based on has changed meanwhile.
var errAgain = errors.New("auth.json or the account file changed meanwhile")

// Adopt takes a newer credential, one that OpenCode rotated by itself, from
// auth.json into the account that it belongs to, so that kyoli does not send
// the spent one. It returns the account, nil where there is nothing newer. It
// takes no lock and writes nothing in that case.
func Adopt(ctx context.Context, p Place, l Login) (*store.Account, error) {
	if may, err := p.mayRotate(ctx, l); err != nil || !may {
		return nil, err
	}
	var adopted *store.Account
	err := p.under(ctx, func(s *session) (err error) {
		adopted, err = s.adopt(ctx, l)
		return err
	})
	return adopted, err
}

// mayRotate tells, without a lock, whether auth.json may have a newer
// credential. One that cannot be read may be torn: it is waited for under the
// lock.
func (p Place) mayRotate(ctx context.Context, l Login) (bool, error) {
	f, err := ReadAuth(p.AuthPath)
	var torn *AuthDamagedError
	if errors.As(err, &torn) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	e, ok := f.Entry(l.Key)
	if !ok || e.Type != OAuth || e.Refresh == "" {
		return false, nil
	}
	target, err := p.target()
	if err != nil {
		return false, err
	}
	book, err := readLedger(p.ledgerPath(target), target)
	if err != nil {
		return false, err
	}
	accounts, err := l.Backend.Load(ctx)
	if err != nil {
		return false, err
	}
	r, _ := l.classify(e, book, accounts)
	return r == rotated, nil
}

// adopt heals auth.json, and takes what is newer there into the store.
func (s *session) adopt(ctx context.Context, l Login) (*store.Account, error) {
	now, _, err := s.change(ctx, nothing)
	if err != nil {
		return nil, err
	}
	e, ok := now.Entry(l.Key)
	if !ok || e.Type != OAuth {
		return nil, nil
	}
	var adopted *store.Account
	parent := ""
	_, err = l.Backend.Update(ctx, func(accounts *store.Accounts) error {
		adopted = nil
		if r, a := l.classify(e, s.ledger, accounts); r == rotated {
			parent = a.RefreshToken.Hash()
			l.take(e, a)
			adopted = a
		}
		return nil
	})
	if err != nil || adopted == nil {
		return nil, err
	}
	l.taken(adopted, parent)
	s.ledger.settle(l.Key, s.seen(adopted, e))
	return adopted, s.saveLedger()
}

// seen says that the entry has a's credential, and keeps whether kyoli wrote
// the one before it.
func (s *session) seen(a *store.Account, e Entry) mark {
	base, _ := s.ledger.base(e)
	return s.place.markOf(a, e.Credential(), base.Written && base.Account == a.UUID)
}

// take puts the entry's credential into the account. It works, so what was
// held against the account no longer does.
func (l Login) take(e Entry, a *store.Account) {
	a.RefreshToken, a.AccessToken, a.ExpiresAt = e.Refresh, e.Access, e.Expires
	a.ConsecutiveAuthFailures, a.IsAuthDisabled, a.AuthDisabledReason = 0, false, ""
	id := l.identity(e)
	if a.AccountID == "" {
		a.AccountID = id.AccountID
	}
	if a.Email == "" {
		a.Email = id.Email
	}
}
