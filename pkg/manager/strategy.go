package manager

import (
	"slices"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

// Strategy chooses one account of a pool. It is a function of the pool alone: it does no I/O, keeps
// nothing between calls, and changes nothing.
//
// It never returns an account that is not usable while a usable one exists, and a rate-limited one
// never. A strategy is one file that registers itself.
type Strategy interface {
	// Name is its value of account_selection_strategy.
	Name() string
	// Choose returns the choice; a nil Member where no account can be had.
	Choose(p *Pool) Choice
}

// Pool is what a strategy sees.
type Pool struct {
	// Members are the accounts that are neither disabled nor left out, in the order of the file.
	Members []*Member
	// Bound is the account that the session is bound to, nil for none.
	Bound *Member
	// Last is the place in the account file of the account that round-robin gave out last, -1 at
	// the start.
	Last int
}

// Member is one account of a pool.
type Member struct {
	Account *store.Account
	Status  Status
	// Index is its place in the account file.
	Index int
	// Active marks the active account.
	Active bool
	// Claims is how many other sessions hold it.
	Claims int
	// Taken says that another session has it for itself alone, or that it is wanted so and held.
	Taken bool
	// Score is what hybrid goes by.
	Score Score
}

// Usable tells whether the member can be chosen.
func (m *Member) Usable() bool { return m.Status.Usable() }

// free is usable and held by nobody else.
func (m *Member) free() bool { return m.Usable() && m.Claims == 0 }

// notLimited is the last resort: it may be cooling down or over its quota.
func (m *Member) notLimited() bool { return m.Status != StatusRateLimited }

// Choice is what a strategy chose.
type Choice struct {
	// Member is the account, nil for none.
	Member *Member
	// Why says why this one, Others why not the other usable ones, in words.
	Why, Others string
	// Bind binds the session to the account, Advance moves the round-robin cursor to it.
	Bind, Advance bool
}

// first returns the first member that fits, nil for none.
func (p *Pool) first(fits func(*Member) bool) *Member {
	if i := slices.IndexFunc(p.Members, fits); i >= 0 {
		return p.Members[i]
	}
	return nil
}

// active returns the active account, nil where it is not in the pool.
func (p *Pool) active() *Member { return p.first(func(m *Member) bool { return m.Active }) }

// leastClaimed returns the usable member with the fewest holders, the first of equals.
func (p *Pool) leastClaimed() *Member {
	var least *Member
	for _, m := range p.Members {
		if m.Usable() && (least == nil || m.Claims < least.Claims) {
			least = m
		}
	}
	return least
}

// lastResort takes the first account that is not rate-limited, where no usable one is left.
func (p *Pool) lastResort() Choice {
	return Choice{Member: p.first((*Member).notLimited), Why: "no usable account is left, and this one is not rate-limited"}
}

var strategies []Strategy

// register adds a strategy; the first one is the default of the list that [Strategies] returns.
func register(s Strategy) {
	strategies = append(strategies, s)
	slices.SortFunc(strategies, func(a, b Strategy) int {
		return slices.Index(order, a.Name()) - slices.Index(order, b.Name())
	})
}

// order is how the strategies are listed; others come first.
var order = []string{StrategySticky, StrategyRoundRobin, StrategyHybrid}

// Strategies are the names of all strategies.
func Strategies() []string {
	names := make([]string, 0, len(strategies))
	for _, s := range strategies {
		names = append(names, s.Name())
	}
	return names
}

// StrategyNamed returns a strategy, or an *[UnknownStrategyError].
func StrategyNamed(name string) (Strategy, error) {
	for _, s := range strategies {
		if s.Name() == name {
			return s, nil
		}
	}
	return nil, &UnknownStrategyError{Name: name, Allowed: Strategies()}
}

// secondsSince is how long ago t was, in seconds; 0 for a time ahead (another machine's clock).
func secondsSince(t store.Millis, now time.Time) float64 {
	return max(0, now.Sub(t.Time()).Seconds())
}
