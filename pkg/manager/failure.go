package manager

import (
	"context"
	"errors"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/provider"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// restUntil is the rest after a failed refresh.
type restUntil struct {
	until time.Time
	err   error
}

// refused handles an answer without a token. The caller holds the lease.
func (m *Manager) refused(ctx context.Context, lease store.Lease, rotation store.Rotation, a *store.Account, answer error) (*store.Account, error) {
	if err := rotation.Refused(ctx, answer.Error()); err != nil {
		m.tell(EventWarning, a, "the provider's refusal could not be written to the journal: "+err.Error())
	}
	var why *provider.TokenError
	switch errors.As(answer, &why); {
	case why != nil && why.Kind == provider.InvalidGrant:
		return m.dead(ctx, lease, a, "the provider refused its refresh token ("+describe(why)+")")
	case why != nil && why.Kind == provider.Misconfigured:
		return nil, m.failed(a, false, answer)
	}
	m.countFailure(ctx, a, "the provider's answers brought no token", true)
	return nil, m.failed(a, true, answer)
}

func describe(e *provider.TokenError) string {
	if e.Description == "" {
		return e.Code
	}
	return e.Code + ": " + e.Description
}

// dead handles a refresh token that will never work again: what is stored by now is adopted where
// it is another one, then an answer that the journal has to spare is tried, and else the account is
// auth-disabled. It is never removed. The caller holds the lease.
func (m *Manager) dead(ctx context.Context, lease store.Lease, a *store.Account, reason string) (*store.Account, error) {
	ctx = context.WithoutCancel(ctx)
	if m.lookElsewhere != nil {
		m.lookElsewhere(ctx, a)
	}
	spare, err := lease.Spare(ctx)
	if err != nil {
		m.tell(EventWarning, a, "the journal could not be searched for another token: "+err.Error())
	}
	if spare {
		return nil, errStartOver
	}
	disabled := false
	err = m.blame(ctx, a.UUID, reason,
		func(b *store.Account) bool { disabled = b.RefreshToken == a.RefreshToken; return disabled },
		func(_ *store.Accounts, b *store.Account) {
			b.IsAuthDisabled, b.AuthDisabledReason = true, reason
			b.ConsecutiveAuthFailures = max(b.ConsecutiveAuthFailures+1, m.settings.MaxConsecutiveAuthFailures)
		})
	switch {
	case err != nil:
		return nil, errors.Join(m.loginNeeded(a, reason), err)
	case !disabled:
		return nil, errStartOver
	}
	return nil, m.loginNeeded(a, reason)
}

// countFailure notes a failure that says nothing sure about the account (see addFailure).
func (m *Manager) countFailure(ctx context.Context, a *store.Account, reason string, answered bool) {
	err := m.blame(ctx, a.UUID, reason,
		func(b *store.Account) bool { return b.RefreshToken == a.RefreshToken },
		func(accounts *store.Accounts, b *store.Account) { m.addFailure(accounts, b, reason, answered) })
	if err != nil {
		m.tell(EventWarning, a, "a failed refresh could not be noted: "+err.Error())
	}
}

// failed makes the error, and has the account rest where trying again at once would not help.
func (m *Manager) failed(a *store.Account, transient bool, err error) error {
	e := &RefreshError{UUID: a.UUID, Account: a.Name(), Transient: transient, Err: err}
	m.tell(EventFailed, a, err.Error())
	if transient {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.rest[a.OwnerID()] = restUntil{until: m.now().Add(m.settings.TokenFailureBackoff), err: e}
	}
	return e
}

// resting returns the last failure while the account rests from it.
func (m *Manager) resting(a *store.Account) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.rest[a.OwnerID()]
	if !ok || !m.now().Before(r.until) {
		return nil
	}
	return r.err
}

// rested ends a rest: the token is good again.
func (m *Manager) rested(a *store.Account) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.rest, a.OwnerID())
}
