package manager

import (
	"context"
	"errors"

	"github.com/kyoli-gam/kyoli/pkg/provider"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// usageLimit is how many accounts are asked about at a time.
const usageLimit = 5

// UsageOutcome is what became of one account in [Manager.RefreshUsage].
type UsageOutcome struct {
	// UUID is the account as it was asked for.
	UUID string
	// Errs are the endpoints that did not answer well, and what could not be stored; none = all is
	// well. One endpoint's failure leaves what the other one said in force.
	Errs []error
}

// UsageOptions say how [Manager.RefreshUsage] goes about it.
type UsageOptions struct {
	// Limit is how many accounts are asked about at a time; 0 = 5.
	Limit int
	// OnDone is told of each account that is done, one at a time. nil = nobody listens.
	OnDone func(UsageOutcome)
}

// HasUsage tells whether the provider has an endpoint for usage or profile.
func (m *Manager) HasUsage() bool { return m.adapter.UsageURL != "" || m.adapter.ProfileURL != "" }

// RefreshUsage asks the provider for usage and profile of these accounts, several at a time, and
// stores what it says. Tokens that have expired are renewed first, and one that the provider refuses
// is renewed once. A failure changes nothing of what is stored. The outcomes are in the order asked
// for; their errors are *[provider.ProbeError], those of [Manager.Valid], and the store's.
func (m *Manager) RefreshUsage(ctx context.Context, uuids []string, o UsageOptions) []UsageOutcome {
	if o.Limit <= 0 {
		o.Limit = usageLimit
	}
	return bounded(len(uuids), o.Limit, func(i int) UsageOutcome {
		return UsageOutcome{UUID: uuids[i], Errs: m.refreshUsage(ctx, uuids[i])}
	}, func(_ int, outcome UsageOutcome) {
		if o.OnDone != nil {
			o.OnDone(outcome)
		}
	})
}

func (m *Manager) refreshUsage(ctx context.Context, uuid string) []error {
	if err := ctx.Err(); err != nil {
		return []error{err}
	}
	a, _, err := m.Valid(ctx, uuid, ValidOptions{})
	if err != nil {
		return []error{err}
	}
	q := &inquiry{m: m, account: a}
	var errs []error
	if m.adapter.UsageURL != "" || m.adapter.ProfileURL == "" {
		errs = appendError(errs, q.usage(ctx))
	}
	var login *LoginNeededError
	if m.adapter.ProfileURL != "" && !errors.As(errors.Join(errs...), &login) {
		errs = appendError(errs, q.profile(ctx))
	}
	return errs
}

func appendError(errs []error, err error) []error {
	if err == nil {
		return errs
	}
	return append(errs, err)
}

// inquiry asks about one account, and renews its token once where that is refused.
type inquiry struct {
	m       *Manager
	account *store.Account
	renewed bool
}

func (q *inquiry) usage(ctx context.Context) error {
	at := q.m.now()
	var usage *provider.Usage
	err := q.ask(ctx, func(access, accountID string) (err error) {
		usage, err = q.m.client.Usage(ctx, q.m.adapter, access, accountID)
		return err
	})
	if err != nil {
		return err
	}
	if err := q.m.SetUsage(ctx, q.account.UUID, stored(usage), at); err != nil || usage.Plan == "" {
		return err
	}
	return q.m.SetProfile(ctx, q.account.UUID, "", usage.Plan)
}

func (q *inquiry) profile(ctx context.Context) error {
	var profile *provider.Profile
	err := q.ask(ctx, func(access, accountID string) (err error) {
		profile, err = q.m.client.Profile(ctx, q.m.adapter, access, accountID)
		return err
	})
	if err != nil {
		return err
	}
	return q.m.SetProfile(ctx, q.account.UUID, profile.Email, profile.Plan)
}

func (q *inquiry) ask(ctx context.Context, probe func(access, accountID string) error) error {
	err := probe(q.account.AccessToken.Reveal(), q.account.AccountID)
	var refused *provider.ProbeError
	if !errors.As(err, &refused) || !refused.Unauthorized() || q.renewed {
		return err
	}
	a, _, rerr := q.m.Valid(ctx, q.account.UUID, ValidOptions{Rejected: q.account.AccessToken})
	if rerr != nil {
		return rerr
	}
	q.account, q.renewed = a, true
	return probe(a.AccessToken.Reveal(), a.AccountID)
}

// stored is a provider's usage in the form of the account file.
func stored(u *provider.Usage) *store.Usage {
	window := func(w *provider.Window) *store.Window {
		if w == nil {
			return nil
		}
		return &store.Window{Utilization: w.Utilization, ResetsAt: w.ResetsAt}
	}
	return &store.Usage{FiveHour: window(u.FiveHour), SevenDay: window(u.SevenDay), SevenDaySonnet: window(u.SevenDaySonnet)}
}
