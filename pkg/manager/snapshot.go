package manager

import (
	"context"
	"slices"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/claims"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// Snapshot is the pool at one moment: the accounts, who holds them, and what state they are in.
type Snapshot struct {
	// Accounts are those of the file.
	Accounts *store.Accounts
	// Claims are who holds what.
	Claims claims.View
	// At is when it was taken.
	At time.Time

	settings Settings
	provider string
}

// Snapshot reads accounts and claims, without a lock and without the key of sealed tokens. Errors are those of the store
// and the claims.
func (m *Manager) Snapshot(ctx context.Context) (*Snapshot, error) {
	accounts, err := m.store.List(ctx)
	if err != nil {
		return nil, err
	}
	view, err := m.look(ctx)
	if err != nil {
		return nil, err
	}
	return m.snapshot(accounts, view), nil
}

// Later is a snapshot of now with the accounts of an earlier one: for those who know that the account
// file has not changed, while processes end, limits pass and windows are reset all the same.
func (m *Manager) Later(ctx context.Context, s *Snapshot) (*Snapshot, error) {
	view, err := m.look(ctx)
	if err != nil {
		return nil, err
	}
	return m.snapshot(s.Accounts, view), nil
}

func (m *Manager) snapshot(accounts *store.Accounts, view claims.View) *Snapshot {
	return &Snapshot{Accounts: accounts, Claims: view, At: m.now(), settings: m.settings, provider: m.adapter.ID}
}

// look reads the claims and remembers them for Status.
func (m *Manager) look(ctx context.Context) (claims.View, error) {
	if m.claims == nil {
		return claims.View{}, nil
	}
	view, err := m.claims.View(ctx)
	if err != nil {
		return claims.View{}, err
	}
	m.remember(view)
	return view, nil
}

func (m *Manager) remember(view claims.View) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.view = view
}

// Status tells the account's state at the time of the snapshot.
func (s *Snapshot) Status(a *store.Account) Status {
	return s.settings.status(a, s.Claims.Last429(a.UUID), s.At)
}

// LabelFree tells whether an account, nil for a new one, can be called so. The error is a *[LabelTakenError].
func (s *Snapshot) LabelFree(label string, a *store.Account) error {
	return labelFree(s.Accounts, a, label)
}

// Usable tells whether the account can be chosen.
func (s *Snapshot) Usable(a *store.Account) bool { return s.Status(a).Usable() }

// members are all accounts as a strategy sees them. The claims of the session that asks do not
// count.
func (s *Snapshot) members(req Request) []*Member {
	list := make([]*Member, 0, len(s.Accounts.List))
	for i, a := range s.Accounts.List {
		m := &Member{
			Account: a, Status: s.Status(a), Index: i,
			Active: a.UUID != "" && a.UUID == s.Accounts.Active,
			Taken:  !s.Claims.Free(a.UUID, req.self, req.Exclusive),
		}
		if s.settings.CrossProcessClaims {
			m.Claims = s.Claims.Count(a.UUID, req.self)
		}
		m.Score = s.settings.score(a, m.Active, m.Claims > 0, s.At)
		list = append(list, m)
	}
	return list
}

// pool is what a strategy may choose from: all but the disabled, the taken and the left out.
func (s *Snapshot) pool(members []*Member, req Request) *Pool {
	p := &Pool{Last: s.last()}
	for _, m := range members {
		if eligible(m) && !m.Taken && req.Among.has(m.Account) && !slices.Contains(req.Exclude, m.Account.UUID) {
			p.Members = append(p.Members, m)
		}
	}
	if req.bound != "" {
		p.Bound = p.first(func(m *Member) bool { return m.Account.OwnerID() == req.bound })
	} else if uuid, ok := s.Claims.Sticky(req.SessionKey); ok && req.SessionKey != "" {
		p.Bound = p.first(func(m *Member) bool { return m.Account.UUID == uuid })
	}
	return p
}

// last is the place in the file of the account that round-robin gave out last. Where that one was
// removed, it is the place before, as those behind it have moved up.
func (s *Snapshot) last() int {
	c := s.Claims.Cursor
	if c.UUID == "" {
		return -1
	}
	at := func(a *store.Account) bool { return a.UUID == c.UUID }
	if i := slices.IndexFunc(s.Accounts.List, at); i >= 0 {
		return i
	}
	return c.Index - 1
}

func eligible(m *Member) bool {
	return m.Status != StatusDisabled && m.Status != StatusAuthDisabled
}
