package manager

import (
	"context"
	"errors"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

// What follows changes accounts that are named by label, e-mail, uuid or uuid prefix, each call in
// one locked step that starts from what is on disk. Names that are unknown or ambiguous give the
// store's errors, and nothing is changed then.

// Use makes the account the active one.
func (m *Manager) Use(ctx context.Context, name string) (*store.Account, error) {
	before := ""
	a, err := m.one(ctx, name, func(accounts *store.Accounts, a *store.Account) error {
		before, accounts.Active = accounts.Active, a.UUID
		return nil
	})
	if err == nil && before != a.UUID {
		m.tell(EventSwitched, a, "made the active account")
	}
	return a, err
}

// Enable enables the accounts, and clears their auth-disabled state and failures.
func (m *Manager) Enable(ctx context.Context, names ...string) ([]*store.Account, error) {
	enabled, err := m.each(ctx, names, enable)
	m.tellEach(EventEnabled, enabled)
	return enabled, err
}

// Disable disables the accounts: they are not chosen, and not refreshed ahead of time.
func (m *Manager) Disable(ctx context.Context, names ...string) ([]*store.Account, error) {
	disabled, err := m.each(ctx, names, func(a *store.Account) { a.Enabled = false })
	m.tellEach(EventDisabled, disabled)
	return disabled, err
}

// Toggle enables the disabled accounts, those that need a new login among them, and disables the
// others.
func (m *Manager) Toggle(ctx context.Context, names ...string) ([]*store.Account, error) {
	toggled, err := m.each(ctx, names, func(a *store.Account) {
		if a.Enabled && !a.IsAuthDisabled {
			a.Enabled = false
			return
		}
		enable(a)
	})
	for _, a := range toggled {
		kind := EventDisabled
		if a.Enabled {
			kind = EventEnabled
		}
		m.tell(kind, a, whyByHand)
	}
	return toggled, err
}

// Reset clears limits and failures: also the auth-disabled state, and a cached usage that says the
// account is used up. An account that the user disabled stays so.
func (m *Manager) Reset(ctx context.Context, names ...string) ([]*store.Account, error) {
	now := m.now()
	reset, err := m.each(ctx, names, func(a *store.Account) {
		clearFailures(a)
		a.RateLimitResetAt = 0
		if !firstReset(a.CachedUsage, now).IsZero() {
			a.CachedUsage, a.CachedUsageAt = nil, 0
		}
	})
	m.tellEach(EventReset, reset)
	return reset, err
}

// SetLabel gives the account a label; the empty one takes it away. A label that names another
// account by its label, e-mail, uuid or uuid prefix gives a *[LabelTakenError].
func (m *Manager) SetLabel(ctx context.Context, name, label string) (*store.Account, error) {
	return m.one(ctx, name, func(accounts *store.Accounts, a *store.Account) error {
		if label != "" {
			if err := labelFree(accounts, a, label); err != nil {
				return err
			}
		}
		a.Label = label
		return nil
	})
}

// Remove takes the accounts out of the store, their secrets with them. Where the active one goes,
// the first that is left becomes active. It returns what was removed.
func (m *Manager) Remove(ctx context.Context, names ...string) ([]*store.Account, error) {
	var removed []*store.Account
	before := ""
	left, err := m.store.Update(ctx, func(accounts *store.Accounts) error {
		var err error
		before = accounts.Active
		if removed, err = findAll(accounts, names); err != nil {
			return err
		}
		for _, a := range removed {
			accounts.Remove(a.UUID)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	m.tellEach(EventRemoved, removed)
	if a := left.Get(left.Active); a != nil && left.Active != before {
		m.tell(EventSwitched, a, "the active account was removed")
	}
	return removed, nil
}

func enable(a *store.Account) {
	a.Enabled = true
	clearFailures(a)
}

func clearFailures(a *store.Account) {
	a.ConsecutiveAuthFailures = 0
	a.IsAuthDisabled, a.AuthDisabledReason = false, ""
}

func labelFree(accounts *store.Accounts, a *store.Account, label string) error {
	other, err := accounts.Find(label)
	var unknown *store.UnknownAccountError
	switch {
	case errors.As(err, &unknown):
		return nil
	case err != nil: // it is ambiguous already
		return &LabelTakenError{Label: label, Account: "several"}
	case other != a:
		return &LabelTakenError{Label: label, Account: other.Name()}
	}
	return nil
}

// manyNames is from how many names on it pays to build a roster.
const manyNames = 16

// findAll finds all the names, each account once.
func findAll(accounts *store.Accounts, names []string) ([]*store.Account, error) {
	find := accounts.Find
	if len(names) > manyNames {
		find = newRoster(accounts).Find
	}
	var found []*store.Account
	seen := map[*store.Account]bool{}
	for _, name := range names {
		a, err := find(name)
		if err != nil {
			return nil, err
		}
		if !seen[a] {
			seen[a] = true
			found = append(found, a)
		}
	}
	return found, nil
}

func (m *Manager) one(ctx context.Context, name string, change func(*store.Accounts, *store.Account) error) (*store.Account, error) {
	var changed *store.Account
	_, err := m.store.Update(ctx, func(accounts *store.Accounts) error {
		var err error
		if changed, err = accounts.Find(name); err != nil {
			return err
		}
		return change(accounts, changed)
	})
	if err != nil {
		return nil, err
	}
	return changed, nil
}

func (m *Manager) each(ctx context.Context, names []string, change func(*store.Account)) ([]*store.Account, error) {
	var changed []*store.Account
	_, err := m.store.Update(ctx, func(accounts *store.Accounts) error {
		var err error
		if changed, err = findAll(accounts, names); err != nil {
			return err
		}
		for _, a := range changed {
			change(a)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return changed, nil
}
