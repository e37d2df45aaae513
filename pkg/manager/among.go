package manager

import (
	"slices"

	"github.com/kyoli-gam/kyoli/pkg/manager/pools"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// Among restricts a [Request] to groups of accounts, in their order: one of a later group is chosen only where no
// account of the earlier ones is usable.
type Among struct {
	// Kind is "pool" or "chain", Name what it is called.
	Kind, Name string
	// Groups are the pools to choose from.
	Groups []Group
}

// Group is a pool to choose from.
type Group struct {
	// Pool is its name.
	Pool string
	// Model takes the place of a request's; empty leaves it.
	Model string
	// Members are uuids.
	Members []string
}

// AmongPool restricts to one pool. Errors: *[pools.NotFoundError], *[PoolUnusableError].
func AmongPool(c *pools.Config, name string) (*Among, error) {
	p, err := c.Pool(name)
	if err != nil {
		return nil, err
	}
	switch {
	case !p.Enabled:
		return nil, &PoolUnusableError{Kind: "pool", Name: name, Reason: "is disabled", Do: "enable " + quote(name)}
	case len(p.Members) == 0:
		return nil, &PoolUnusableError{Kind: "pool", Name: name, Reason: "has no members", Do: "add " + quote(name) + " ACCOUNT"}
	}
	return &Among{Kind: "pool", Name: name, Groups: []Group{{Pool: name, Members: p.Members}}}, nil
}

// AmongChain restricts to the pools of a chain, in its order. Entries and pools that are disabled, and pools that
// there are not, are left out. Errors: *[pools.NotFoundError], *[PoolUnusableError].
func AmongChain(c *pools.Config, name string) (*Among, error) {
	ch, err := c.Chain(name)
	if err != nil {
		return nil, err
	}
	if !ch.Enabled {
		return nil, &PoolUnusableError{Kind: "chain", Name: name, Reason: "is disabled", Do: "enable " + quote(name)}
	}
	among := &Among{Kind: "chain", Name: name}
	for _, e := range ch.Entries {
		p, err := c.Pool(e.Pool)
		if err == nil && e.Enabled && p.Enabled && len(p.Members) > 0 {
			among.Groups = append(among.Groups, Group{Pool: p.Name, Model: e.Model, Members: p.Members})
		}
	}
	if len(among.Groups) == 0 {
		return nil, &PoolUnusableError{Kind: "chain", Name: name, Reason: "has no pool that is enabled and has members", Do: "plan " + quote(name)}
	}
	return among, nil
}

// has tells whether an account may be chosen at all.
func (a *Among) has(x *store.Account) bool {
	return a == nil || slices.ContainsFunc(a.Groups, func(g Group) bool { return g.has(x) })
}

func (g Group) has(x *store.Account) bool {
	return slices.ContainsFunc(g.Members, func(uuid string) bool { return isMember(x, uuid) })
}

// isMember tells whether a uuid in a pool is the account's: the one that it has, or the first one that it had, for a
// refresh may bring another one, of which the pool knows nothing.
func isMember(x *store.Account, uuid string) bool {
	return uuid != "" && (x.UUID == uuid || x.CredentialOwnerID == uuid)
}

// FindMember returns the account that a uuid in a pool stands for, nil for none.
func FindMember(accounts *store.Accounts, uuid string) *store.Account {
	if x := accounts.Get(uuid); x != nil {
		return x
	}
	i := slices.IndexFunc(accounts.List, func(x *store.Account) bool { return isMember(x, uuid) })
	if i < 0 {
		return nil
	}
	return accounts.List[i]
}

// groups are what to choose from; one group without members = from all.
func (a *Among) groups() []Group {
	if a == nil {
		return []Group{{}}
	}
	return a.Groups
}

// choose lets the strategy choose from each group in turn. An account that a session is bound to comes before the
// order of the groups.
func (s *Snapshot) choose(strategy Strategy, members []*Member, req Request) (Choice, Group) {
	if req.Among != nil {
		all := s.pool(members, req)
		if c := strategy.Choose(all); c.Bind && c.Member != nil && c.Member == all.Bound {
			return c, req.Among.groupOf(c.Member.Account)
		}
	}
	var resort Choice
	var from Group
	for _, g := range req.Among.groups() {
		c := strategy.Choose(s.pool(within(members, g), req))
		if c.Member == nil {
			continue
		}
		if c.Member.Usable() {
			return c, g
		}
		if resort.Member == nil {
			resort, from = c, g
		}
	}
	return resort, from
}

func (a *Among) groupOf(x *store.Account) Group {
	i := slices.IndexFunc(a.Groups, func(g Group) bool { return g.has(x) })
	return a.Groups[max(i, 0)]
}

// within are the members that belong to a group.
func within(members []*Member, g Group) []*Member {
	if g.Members == nil {
		return members
	}
	var some []*Member
	for _, m := range members {
		if g.has(m.Account) {
			some = append(some, m)
		}
	}
	return some
}
