package manager

import (
	"context"
	"slices"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/claims"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// Request says what account is wanted. The zero value leaves it to the settings.
type Request struct {
	// Account names one account; empty = by strategy.
	Account string
	// Strategy is taken in place of the settings'; empty = the settings'.
	Strategy string
	// SessionKey binds a session to its account; empty = no binding.
	SessionKey string
	// Among restricts the choice to a pool or a chain; nil = all accounts. An account that is named need not be in it.
	Among *Among
	// Exclude are the uuids of accounts that were tried already.
	Exclude []string
	// Exclusive wants an account that nobody else holds.
	Exclusive bool
	// Wait is how long [Manager.Acquire] queues for an account that others hold; 0 = not at all. Those who came first
	// are served first.
	Wait time.Duration
	// OnQueue is told, while no lock is held, how many who came before are still waiting; nil = nobody is.
	OnQueue func(ahead int)
	// MaxWait is how long [Manager.Acquire] waits for a limit to end, where all are limited; 0 = not.
	MaxWait time.Duration

	self       string    // the session that asks
	bound      string    // the credential owner that the session key is known to be bound to
	brief      bool      // nobody asks for the candidates
	queueUntil time.Time // when the wait in the queue ends
}

// Decision is the account chosen, and why.
type Decision struct {
	// Account is the account chosen.
	Account *store.Account
	// Strategy is what chose it; empty where it was named.
	Strategy string
	// Pool is the pool that it was chosen from, empty where the request names none, and Model what the chain's entry
	// puts in the place of a request's model.
	Pool, Model string
	// Why says why, in words.
	Why string
	// Candidates are all accounts, in the order of the file.
	Candidates []Candidate
}

// Candidate is one account in a decision.
type Candidate struct {
	Account *store.Account
	Status  Status
	Usable  bool
	// Active marks the active account, Chosen the one chosen.
	Active, Chosen bool
	// Claims is how many other sessions hold it.
	Claims int
	// Score is its score under the hybrid strategy, whatever the strategy in force.
	Score Score
	// Why says why it was chosen or passed over, in words.
	Why string
}

// Pick tells what [Manager.Acquire] would choose. It changes nothing. Errors: *[NoAccountsError],
// *[NoUsableError], *[LoginNeededError], *[UnknownStrategyError], and those of the store: an account
// that is not there, a file that cannot be read. Where no account can be had, the decision has no
// account, but tells of each why.
func (m *Manager) Pick(ctx context.Context, req Request) (*Decision, error) {
	s, err := m.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return m.PickFrom(s, req)
}

// PickFrom is [Manager.Pick] as of a snapshot.
func (m *Manager) PickFrom(s *Snapshot, req Request) (*Decision, error) {
	d, _, err := m.decide(s, req)
	return d, err
}

// decide is the one way in which an account is chosen, for Pick and Acquire alike.
func (m *Manager) decide(s *Snapshot, req Request) (*Decision, claims.Choice, error) {
	if len(s.Accounts.List) == 0 {
		return nil, claims.Choice{}, &NoAccountsError{Provider: m.adapter.ID, CanLogIn: m.adapter.CanLogIn()}
	}
	members := s.members(req)
	if req.Account != "" {
		return m.named(s, members, req.Account)
	}
	name := req.Strategy
	if name == "" {
		name = m.settings.Strategy
	}
	strategy, err := StrategyNamed(name)
	if err != nil {
		return nil, claims.Choice{}, err
	}
	c, group := s.choose(strategy, members, req)
	d := &Decision{Strategy: name}
	if !req.brief {
		d.Candidates = s.candidates(members, c, group, req)
	}
	if c.Member == nil {
		return d, claims.Choice{}, m.nobody(s, members, req)
	}
	d.Account, d.Pool, d.Model, d.Why = c.Member.Account, group.Pool, group.Model, c.Why
	return d, m.choice(c, req), nil
}

func (m *Manager) choice(c Choice, req Request) claims.Choice {
	choice := claims.Choice{UUID: c.Member.Account.UUID}
	if c.Advance {
		choice.Cursor = &claims.Cursor{UUID: choice.UUID, Index: c.Member.Index}
	}
	if c.Bind {
		choice.StickyKey = req.SessionKey
	}
	return choice
}

// named takes the account that was asked for, unless it cannot be used at all.
func (m *Manager) named(s *Snapshot, members []*Member, name string) (*Decision, claims.Choice, error) {
	a, err := s.Accounts.Find(name)
	if err != nil {
		return nil, claims.Choice{}, err
	}
	i := slices.IndexFunc(members, func(mb *Member) bool { return mb.Account == a })
	c := Choice{Member: members[i], Why: "asked for by name", Others: "another one was asked for"}
	d := &Decision{}
	if err := m.refusal(s, c.Member); err != nil {
		c.Why = s.passedOver(c.Member, Choice{}, Group{}, Request{})
		d.Candidates = s.candidates(members, c, Group{}, Request{})
		d.Candidates[i].Chosen = false
		return d, claims.Choice{}, err
	}
	d.Account, d.Why, d.Candidates = a, c.Why, s.candidates(members, c, Group{}, Request{})
	return d, claims.Choice{UUID: a.UUID}, nil
}

// refusal says why an account that was asked for cannot be had.
func (m *Manager) refusal(s *Snapshot, mb *Member) error {
	a := mb.Account
	refused := &NoUsableError{Provider: m.adapter.ID, Account: a.Name()}
	switch {
	case mb.Status == StatusDisabled:
		refused.Disabled = 1
	case mb.Status == StatusAuthDisabled:
		return m.loginNeeded(a, a.AuthDisabledReason)
	case mb.Status == StatusRateLimited:
		refused.Limited, refused.Until = 1, LimitedUntil(a, s.At)
	case mb.Taken:
		refused.Held, refused.wants = 1, []string{a.UUID}
	default:
		return nil
	}
	return refused
}

// nobody says why no account can be had, and until when.
func (m *Manager) nobody(s *Snapshot, members []*Member, req Request) error {
	e := &NoUsableError{Provider: m.adapter.ID, Among: req.Among}
	var login *store.Account
	for _, mb := range members {
		switch {
		case !req.Among.has(mb.Account):
		case slices.Contains(req.Exclude, mb.Account.UUID):
			e.Tried++
		case mb.Status == StatusRateLimited:
			e.Limited++
			if until := LimitedUntil(mb.Account, s.At); e.Until.IsZero() || until.Before(e.Until) {
				e.Until = until
			}
		case eligible(mb) && mb.Taken:
			e.Held++
		default:
			e.Disabled++
			if mb.Status == StatusAuthDisabled && login == nil {
				login = mb.Account
			}
		}
	}
	e.wants = wanted(members, req)
	// Nothing but a login helps where no account is limited: say so, as it was said when the login
	// was found to be dead.
	if login != nil && e.Limited == 0 && e.Held == 0 && e.Tried == 0 {
		return m.loginNeeded(login, login.AuthDisabledReason)
	}
	return e
}

// wanted are the accounts that would do if nobody held them, the usable ones first, of each kind in
// the order of the groups.
func wanted(members []*Member, req Request) []string {
	var uuids []string
	for _, usable := range []bool{true, false} {
		for _, g := range req.Among.groups() {
			for _, mb := range within(members, g) {
				if eligible(mb) && mb.notLimited() && mb.Usable() == usable && mb.Taken &&
					!slices.Contains(req.Exclude, mb.Account.UUID) && !slices.Contains(uuids, mb.Account.UUID) {
					uuids = append(uuids, mb.Account.UUID)
				}
			}
		}
	}
	return uuids
}

func (m *Manager) loginNeeded(a *store.Account, reason string) *LoginNeededError {
	if reason == "" {
		reason = "its login no longer works"
	}
	return &LoginNeededError{
		Provider: m.adapter.ID, UUID: a.UUID, Account: a.Name(), Reason: reason, CanLogIn: m.adapter.CanLogIn(),
	}
}
