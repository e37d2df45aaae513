package manager

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

// refreshLimit is how many accounts are refreshed at a time.
const refreshLimit = 3

// Outcome is what became of one account in [Manager.RefreshAll].
type Outcome struct {
	// UUID is the account as it was asked for; Account is what it is now, nil where it failed.
	UUID    string
	Account *store.Account
	// Result is one of fresh, refreshed, adopted and failed.
	Result Result
	// Err is why it failed.
	Err error
}

// RefreshAll makes the tokens of these accounts valid beyond the proactive buffer, limit at a time
// (0 = 3), in any order, and returns the outcomes in the order asked for. force renews valid tokens
// too. One account's failure does not stop the others.
func (m *Manager) RefreshAll(ctx context.Context, uuids []string, force bool, limit int) []Outcome {
	if limit <= 0 {
		limit = refreshLimit
	}
	outcomes := make([]Outcome, len(uuids))
	var g errgroup.Group
	g.SetLimit(limit)
	for i, uuid := range uuids {
		g.Go(func() error {
			outcomes[i] = m.refreshOne(ctx, uuid, force)
			return nil
		})
	}
	_ = g.Wait() // each outcome has its own error
	return outcomes
}

func (m *Manager) refreshOne(ctx context.Context, uuid string, force bool) Outcome {
	a, result, err := m.Valid(ctx, uuid, ValidOptions{MinTTL: m.settings.ProactiveRefreshBuffer, Force: force})
	if err != nil {
		return Outcome{UUID: uuid, Result: ResultFailed, Err: err}
	}
	return Outcome{UUID: uuid, Account: a, Result: result}
}

// Due returns the enabled accounts whose token has expired or ends within d. Those that need a new
// login are left out; limited ones are not, as they are wanted again when their limit ends.
func (m *Manager) Due(ctx context.Context, d time.Duration) ([]*store.Account, error) {
	accounts, err := m.store.Load(ctx)
	if err != nil {
		return nil, err
	}
	var due []*store.Account
	for _, a := range accounts.List {
		if a.Enabled && !a.IsAuthDisabled && !livesFor(a, d, m.now()) {
			due = append(due, a)
		}
	}
	return due, nil
}
