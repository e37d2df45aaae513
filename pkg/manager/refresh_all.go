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
	return bounded(len(uuids), limit, func(i int) Outcome {
		return m.refreshOne(ctx, uuids[i], ValidOptions{MinTTL: m.settings.ProactiveRefreshBuffer, Force: force})
	}, func(int, Outcome) {})
}

func (m *Manager) refreshOne(ctx context.Context, uuid string, o ValidOptions) Outcome {
	if err := ctx.Err(); err != nil {
		return Outcome{UUID: uuid, Result: ResultFailed, Err: err}
	}
	a, result, err := m.Valid(ctx, uuid, o)
	if err != nil {
		return Outcome{UUID: uuid, Result: ResultFailed, Err: err}
	}
	return Outcome{UUID: uuid, Account: a, Result: result}
}

// bounded does n things, limit at a time, and returns what came of them in their order. done is
// told of each, one at a time.
func bounded[T any](n, limit int, do func(i int) T, done func(i int, result T)) []T {
	results := make([]T, n)
	finished := make(chan int)
	go func() {
		defer close(finished)
		var g errgroup.Group
		g.SetLimit(limit)
		for i := range n {
			g.Go(func() error {
				results[i] = do(i)
				finished <- i
				return nil
			})
		}
		_ = g.Wait() // the results have their own errors
	}()
	for i := range finished {
		done(i, results[i])
	}
	return results
}

// Due returns the enabled accounts whose token has expired or ends within d. Those that need a new
// login are left out; limited ones are not, as they are wanted again when their limit ends.
func (m *Manager) Due(ctx context.Context, d time.Duration) ([]*store.Account, error) {
	accounts, err := m.store.List(ctx)
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
