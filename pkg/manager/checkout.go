package manager

import (
	"context"
	"errors"

	"github.com/kyoli-gam/kyoli/pkg/claims"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// Checkout is an account that is ready for work.
type Checkout struct {
	// Decision says why this account.
	Decision *Decision
	// Claim is this process's lease on it, nil where claims are turned off.
	Claim *claims.Claim
	// Account has the valid token, Result says how it came to be valid.
	Account *store.Account
	Result  Result
}

// Checkout acquires an account and makes its token valid. An account whose token cannot be had is
// given back and the next one tried, unless it was asked for by name. Errors are those of
// [Manager.Acquire] and [Manager.Valid]; where no account worked, the first failure of a token, but
// the time until which the others are limited where there is one.
func (m *Manager) Checkout(ctx context.Context, req Request, h claims.Holder, o ValidOptions) (*Checkout, error) {
	var first error
	for {
		d, claim, err := m.Acquire(ctx, req, h)
		if err != nil {
			return nil, worse(first, err)
		}
		a, result, err := m.Valid(ctx, d.Account.UUID, o)
		if err == nil {
			return &Checkout{Decision: d, Claim: claim, Account: a, Result: result}, nil
		}
		m.giveBack(ctx, d.Account, claim)
		if req.Account != "" || !othersMayWork(err) {
			return nil, err
		}
		if first == nil {
			first = err
		}
		req.Exclude = append(req.Exclude[:len(req.Exclude):len(req.Exclude)], d.Account.UUID)
	}
}

// othersMayWork tells whether the failure is one account's.
func othersMayWork(err error) bool {
	var login *LoginNeededError
	var refresh *RefreshError
	return errors.As(err, &login) || errors.As(err, &refresh) && refresh.Transient
}

// worse chooses what to report when no account is left after tokens have failed.
func worse(first, err error) error {
	var none *NoUsableError
	if first == nil || errors.As(err, &none) && !none.Until.IsZero() {
		return err
	}
	return first
}

// giveBack releases a claim also where ctx has ended.
func (m *Manager) giveBack(ctx context.Context, a *store.Account, claim *claims.Claim) {
	if claim == nil {
		return
	}
	if err := claim.Release(context.WithoutCancel(ctx)); err != nil {
		m.tell(EventWarning, a, "its claim could not be released: "+err.Error())
	}
}
