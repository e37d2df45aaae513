package migrate

import (
	"context"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

// AfterRotate brings the entry key of auth.json up to date after a refresh, if
// its refresh token is the one that was just spent, so that an OpenCode which
// kyoli did not start goes on working (the npm core's syncToOpenCode). Any
// other entry is left alone. It returns whether the file was written, and
// errors that should be told and ignored: the account itself is safe.
func AfterRotate(ctx context.Context, p Place, key string, parent, child store.Credential, a *store.Account) (bool, error) {
	if !p.mayHold(key, parent) {
		return false, nil
	}
	wrote := false
	err := p.under(ctx, func(s *session) error {
		next := p.markOf(a, child, true)
		now, changed, err := s.change(ctx, func(f *AuthFile) ([]change, error) {
			e, ok := f.Entry(key)
			if !ok || e.Type != OAuth || e.Refresh == "" || e.Refresh != parent.RefreshToken {
				return nil, nil
			}
			return []change{{key, e.renewed(child, e.AccountID)}}, s.intend(e, next)
		})
		wrote = changed
		if err != nil {
			return err
		}
		return s.finish(now, key)
	})
	return wrote, err
}

// mayHold tells, without a lock, whether the entry may have the spent token:
// most refreshes are none of auth.json's business. Behind a vault the file may
// not show what it should hold, and a file that cannot be read may be torn.
func (p Place) mayHold(key string, spent store.Credential) bool {
	if exists(vaultDir(p.StateDir)) {
		return true
	}
	f, err := ReadAuth(p.AuthPath)
	if err != nil {
		return true
	}
	e, ok := f.Entry(key)
	return ok && e.Refresh == spent.RefreshToken
}

// markOf says that an entry has a's credential.
func (p Place) markOf(a *store.Account, c store.Credential, written bool) mark {
	return mark{Account: a.UUID, Refresh: c.RefreshToken.Hash(), Written: written, At: store.MillisOf(p.now())}
}

// intend notes on disk what is about to be written in the place of old.
func (s *session) intend(old Entry, next mark) error {
	s.ledger.intend(old, next)
	return s.saveLedger()
}

// finish notes that what was intended is what the file has now.
func (s *session) finish(now *AuthFile, key string) error {
	known := s.ledger.Entries[key]
	e, _ := now.Entry(key)
	if known == nil || known.Next == nil || known.Next.Refresh != e.Refresh.Hash() {
		return nil
	}
	s.ledger.settle(key, *known.Next)
	return s.saveLedger()
}

// ClearIfOurs takes the entry key out of auth.json if it is the one that kyoli
// wrote last, unchanged since; it returns whether it did. It is for the removal
// of a provider's last account.
func ClearIfOurs(ctx context.Context, p Place, key string) (bool, error) {
	if ours, err := p.mayBeOurs(key); err != nil || !ours {
		return false, err
	}
	cleared := false
	err := p.under(ctx, func(s *session) error {
		var gone Entry
		_, wrote, err := s.change(ctx, func(f *AuthFile) ([]change, error) {
			e, ok := f.Entry(key)
			base, known := s.ledger.base(e)
			if !ok || !known || !base.Written || e.Type != OAuth || e.Refresh.Hash() != base.Refresh {
				return nil, nil
			}
			gone = e
			return []change{{key: key}}, nil
		})
		if err != nil || gone.Key == "" {
			return err
		}
		cleared = wrote
		s.ledger.forget(gone)
		return s.saveLedger()
	})
	return cleared, err
}

// mayBeOurs tells, without a lock, whether kyoli wrote the entry last, or was
// about to.
func (p Place) mayBeOurs(key string) (bool, error) {
	target, err := p.target()
	if err != nil {
		return false, err
	}
	book, err := readLedger(p.ledgerPath(target), target)
	if err != nil {
		return false, err
	}
	known := book.Entries[key]
	return known != nil && (known.Written || known.Next != nil), nil
}
