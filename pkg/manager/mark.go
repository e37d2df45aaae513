package manager

import (
	"context"
	"fmt"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

// longestLimit is what an absurd retry-after is cut to: longer than any window of a provider.
const longestLimit = 31 * 24 * time.Hour

// The marks say what became of work with an account. Each is one locked step that starts from what
// is on disk; one that changes nothing writes nothing; one for an account that was removed
// meanwhile does nothing.

// MarkSuccess says that a request which began at started was answered well: failures and rate limit
// are cleared. A limit that was met after that stays. Where there is nothing to clear, it takes no
// lock.
func (m *Manager) MarkSuccess(ctx context.Context, uuid string, started time.Time) error {
	view, err := m.look(ctx)
	if err != nil {
		return err
	}
	accounts, err := m.store.Peek(ctx)
	if err != nil {
		return err
	}
	keepLimit := view.Last429(uuid).After(started)
	a, err := m.find(accounts, uuid)
	if err != nil || a.ConsecutiveAuthFailures == 0 && (keepLimit || a.RateLimitResetAt == 0) {
		return nil //nolint:nilerr // removed meanwhile
	}
	return m.mark(ctx, uuid, func(_ *store.Accounts, a *store.Account) {
		a.ConsecutiveAuthFailures = 0
		if !keepLimit {
			a.RateLimitResetAt = 0
		}
	})
}

// MarkLimited says that the account answered 429. retryAfter is how long the provider asked to
// wait; 0 = it did not say: then until the known reset of a used-up window, else the settings'
// default. The settings' shortest backoff is the floor. A longer limit that is known stays.
func (m *Manager) MarkLimited(ctx context.Context, uuid string, retryAfter time.Duration) error {
	if m.claims != nil {
		if err := m.claims.Mark429(ctx, uuid); err != nil {
			return err
		}
	}
	var limited *store.Account
	err := m.mark(ctx, uuid, func(_ *store.Accounts, a *store.Account) {
		a.RateLimitResetAt = max(a.RateLimitResetAt, store.MillisOf(m.limit(a, retryAfter)))
		limited = a
	})
	if err != nil {
		return err
	}
	if limited != nil {
		m.tell(EventLimited, limited, "until "+limited.RateLimitResetAt.Time().UTC().Format(time.RFC3339))
	}
	_, err = m.look(ctx)
	return err
}

// limit is when a limit ends that was met now.
func (m *Manager) limit(a *store.Account, retryAfter time.Duration) time.Time {
	now := m.now()
	until := now.Add(min(retryAfter, longestLimit))
	if retryAfter <= 0 {
		until = firstReset(a.CachedUsage, now)
	}
	if until.IsZero() {
		until = now.Add(m.settings.DefaultRetryAfter)
	}
	if floor := now.Add(m.settings.RateLimitMinBackoff); until.Before(floor) {
		return floor
	}
	return until
}

// MarkAuthFailure says that the provider refused this access token of the account, though it is
// fresh. Too many failures in a row disable the account while another one can take over. A token
// that was renewed meanwhile is not blamed.
func (m *Manager) MarkAuthFailure(ctx context.Context, uuid string, access store.Secret, reason string) error {
	return m.blame(ctx, uuid, reason,
		func(a *store.Account) bool { return a.AccessToken == access },
		func(accounts *store.Accounts, a *store.Account) { m.addFailure(accounts, a, reason, true) })
}

// MarkRevoked says that the provider named this access token of the account as revoked: the account
// is auth-disabled, never removed. A token that was renewed meanwhile is not blamed.
func (m *Manager) MarkRevoked(ctx context.Context, uuid string, access store.Secret, reason string) error {
	return m.blame(ctx, uuid, reason,
		func(a *store.Account) bool { return a.AccessToken == access },
		func(_ *store.Accounts, a *store.Account) { a.IsAuthDisabled, a.AuthDisabledReason = true, reason })
}

// SetUsage stores what the provider said at the time at of the account's use, and sets the rate
// limit to the earliest reset of the used-up windows, or clears it. An answer older than the stored
// one is dropped, and one older than the last 429 leaves the limit alone. One that follows a 429 at
// once does not shorten what the 429 said: not every limit shows in the windows.
func (m *Manager) SetUsage(ctx context.Context, uuid string, usage *store.Usage, at time.Time) error {
	view, err := m.look(ctx)
	if err != nil {
		return err
	}
	var limited *store.Account
	err = m.mark(ctx, uuid, func(_ *store.Accounts, a *store.Account) {
		limited = nil
		if a.CachedUsageAt > store.MillisOf(at) {
			return
		}
		before := a.RateLimitResetAt
		a.CachedUsage, a.CachedUsageAt = usage, store.MillisOf(at)
		last := view.Last429(uuid)
		if last.After(at) {
			return
		}
		a.RateLimitResetAt = store.MillisOf(firstReset(usage, m.now()))
		if at.Sub(last) < cooldown {
			a.RateLimitResetAt = max(a.RateLimitResetAt, before)
		}
		if a.RateLimitResetAt != 0 && a.RateLimitResetAt != before {
			limited = a
		}
	})
	if err == nil && limited != nil {
		m.tell(EventLimited, limited, "used up until "+limited.RateLimitResetAt.Time().UTC().Format(time.RFC3339))
	}
	return err
}

// SetProfile stores what the provider said of the account; an empty value leaves what is stored.
func (m *Manager) SetProfile(ctx context.Context, uuid, email, plan string) error {
	return m.mark(ctx, uuid, func(_ *store.Accounts, a *store.Account) {
		if email != "" {
			a.Email = email
		}
		if plan != "" {
			a.PlanTier = plan
		}
	})
}

// mark changes one account, where it is still there.
func (m *Manager) mark(ctx context.Context, uuid string, change func(*store.Accounts, *store.Account)) error {
	_, err := m.store.Update(ctx, func(accounts *store.Accounts) error {
		if a, err := m.find(accounts, uuid); err == nil {
			change(accounts, a)
		}
		return nil
	})
	return err
}

// blame changes an account for a failure of the credential that it still has, and tells when that
// disabled it.
func (m *Manager) blame(ctx context.Context, uuid, reason string, still func(*store.Account) bool, change func(*store.Accounts, *store.Account)) error {
	var disabled *store.Account
	err := m.mark(ctx, uuid, func(accounts *store.Accounts, a *store.Account) {
		disabled = nil
		if !still(a) {
			return
		}
		was := a.IsAuthDisabled
		change(accounts, a)
		if a.IsAuthDisabled && !was {
			disabled = a
		}
	})
	if err == nil && disabled != nil {
		m.tell(EventDisabled, disabled, reason)
	}
	return err
}

// addFailure counts a failure that says nothing sure about the account. Too many in a row disable
// it, but only while another account is usable and itself without failures: where all fail, it is
// the network or the provider. answered says that the provider was reached; a request that never
// left is counted and disables nobody.
func (m *Manager) addFailure(accounts *store.Accounts, a *store.Account, reason string, answered bool) {
	a.ConsecutiveAuthFailures++
	if a.ConsecutiveAuthFailures < m.settings.MaxConsecutiveAuthFailures || !answered || !m.spare(accounts, a) {
		return
	}
	a.IsAuthDisabled = true
	a.AuthDisabledReason = fmt.Sprintf("%d failures in a row: %s", a.ConsecutiveAuthFailures, reason)
}

// spare tells whether another account can take over: usable and without failures.
func (m *Manager) spare(accounts *store.Accounts, a *store.Account) bool {
	for _, b := range accounts.List {
		if b != a && b.ConsecutiveAuthFailures == 0 && m.Usable(b) {
			return true
		}
	}
	return false
}
