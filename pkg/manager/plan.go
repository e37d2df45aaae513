package manager

import (
	"fmt"
	"slices"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/manager/pools"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// PlanRequest says for whom a failover plan is made. The zero value plans from the start.
type PlanRequest struct {
	// Current is the uuid of the account that cannot go on; empty = none yet.
	Current string
	// Pool is the pool that the work goes on in; empty = the first enabled one that Current is a member of.
	Pool string
	// Chain is the only chain to follow; empty = all enabled ones, in the order of the file.
	Chain string
	// Tried are the uuids of accounts that were tried already for the same prompt.
	Tried []string
	// Exhausted are accounts that were found exhausted a moment ago; nil = none.
	Exhausted *Exhausted
}

// StepSource says why a step is in a plan.
type StepSource string

// Where steps come from.
const (
	FromPool  StepSource = "pool"  // the rest of the current account's pool
	FromChain StepSource = "chain" // an entry of a chain
)

// Step is one thing to try in a failover plan, or one that is not tried and why.
type Step struct {
	Source StepSource
	// Pool is the pool's name; Chain is the chain's, and Entry its entry's place, from 1.
	Pool  string
	Chain string
	Entry int
	// Model takes the place of the request's; empty leaves it.
	Model string
	// UUID is the account, empty where all of the pool is skipped. Account is the account itself, nil where there is
	// none of that uuid.
	UUID    string
	Account *store.Account
	// Skip says why it is not tried, in words; empty = it is.
	Skip string
}

// Plan returns the failover order: the rest of the current account's pool, from behind it and around, then the chains'
// entries in order, with what is skipped among them. It is a function of the snapshot, the pools and the request: it
// does no I/O and changes nothing. What it does not name is the strategy's to choose from, once all of it was tried.
// Errors: *[pools.NotFoundError] for the pool or chain that was asked for.
func (s *Snapshot) Plan(c *pools.Config, req PlanRequest) ([]Step, error) {
	p := planner{s: s, c: c, req: req, listed: map[string]bool{}}
	pool, err := p.pool()
	if err != nil {
		return nil, err
	}
	chains := c.Chains
	if req.Chain != "" {
		chain, err := c.Chain(req.Chain)
		if err != nil {
			return nil, err
		}
		chains = []*pools.Chain{chain}
	}
	if pool != nil {
		p.follow(Step{Source: FromPool, Pool: pool.Name}, pool, p.behind(pool.Members))
	}
	for _, chain := range chains {
		p.chain(chain)
	}
	return p.steps, nil
}

// Next returns the first step of a plan that is to be tried, nil for none.
func Next(steps []Step) *Step {
	for i := range steps {
		if steps[i].Skip == "" {
			return &steps[i]
		}
	}
	return nil
}

type planner struct {
	s      *Snapshot
	c      *pools.Config
	req    PlanRequest
	steps  []Step
	listed map[string]bool // accounts that are to be tried
}

// pool is the pool that the work goes on in, nil for none.
func (p *planner) pool() (*pools.Pool, error) {
	if p.req.Pool != "" {
		return p.c.Pool(p.req.Pool)
	}
	for _, pool := range p.c.Pools {
		if pool.Enabled && slices.ContainsFunc(pool.Members, p.isCurrent) {
			return pool, nil
		}
	}
	return nil, nil
}

// isCurrent tells whether a member is the current account.
func (p *planner) isCurrent(uuid string) bool {
	if p.req.Current == "" {
		return false
	}
	a := FindMember(p.s.Accounts, uuid)
	return uuid == p.req.Current || a != nil && a.UUID == p.req.Current
}

// behind are the members from behind the current one and around, without it; all where it is not among them.
func (p *planner) behind(members []string) []string {
	i := slices.IndexFunc(members, p.isCurrent)
	if i < 0 {
		return members
	}
	return append(slices.Clone(members[i+1:]), members[:i]...)
}

func (p *planner) chain(chain *pools.Chain) {
	if !chain.Enabled {
		p.steps = append(p.steps, Step{Source: FromChain, Chain: chain.Name, Skip: "the chain is disabled"})
		return
	}
	for i, e := range chain.Entries {
		step := Step{Source: FromChain, Chain: chain.Name, Entry: i + 1, Pool: e.Pool, Model: e.Model}
		pool, err := p.c.Pool(e.Pool)
		switch {
		case !e.Enabled:
			step.Skip = "the entry is disabled"
		case err != nil:
			step.Skip = "there is no such pool"
		default:
			p.follow(step, pool, pool.Members)
			continue
		}
		p.steps = append(p.steps, step)
	}
}

// follow adds a step for each of a pool's members, or one for all of them.
func (p *planner) follow(step Step, pool *pools.Pool, members []string) {
	switch {
	case !pool.Enabled:
		step.Skip = "the pool is disabled"
	case p.foreign(pool):
		step.Skip = "its accounts are those of " + pool.BaseProvider
	case len(pool.Members) == 0:
		step.Skip = "the pool has no members"
	default:
		for _, uuid := range members {
			step := step
			step.UUID, step.Account = uuid, FindMember(p.s.Accounts, uuid)
			if step.Account != nil {
				step.UUID = step.Account.UUID
			}
			step.Skip = p.skip(step.Account)
			if step.Skip == "" {
				p.listed[step.UUID] = true
			}
			p.steps = append(p.steps, step)
		}
		return
	}
	p.steps = append(p.steps, step)
}

// foreign tells whether a pool has accounts of another provider. A uuid says more than a provider's name, for which
// the plugins may have another one.
func (p *planner) foreign(pool *pools.Pool) bool {
	return p.s.provider != "" && pool.BaseProvider != p.s.provider &&
		!slices.ContainsFunc(pool.Members, func(uuid string) bool { return FindMember(p.s.Accounts, uuid) != nil })
}

// skip says why an account is not tried, empty = it is.
func (p *planner) skip(a *store.Account) string {
	switch {
	case a == nil:
		return "there is no such account"
	case a.UUID == p.req.Current:
		return "the current account"
	case slices.Contains(p.req.Tried, a.UUID):
		return "tried already"
	case p.listed[a.UUID]:
		return "comes earlier in the plan"
	}
	if until := p.req.Exhausted.Until(a.UUID, p.s.At); !until.IsZero() {
		return fmt.Sprintf("found exhausted, spared until %s", until.UTC().Format(time.RFC3339))
	}
	return p.s.unusable(a)
}
