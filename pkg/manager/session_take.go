package manager

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/claims"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// Take says for what an account is taken.
type Take struct {
	// Key is the session key of the request; empty = that of the session's options.
	Key string
	// Failed is the uuid of the account that has just failed the request; empty = none has.
	Failed string
	// Exclude are the uuids of all accounts that were tried already.
	Exclude []string
}

// picked is an account that was chosen for a request.
type picked struct {
	account *store.Account
	model   string
	planned bool // by the failover plan
}

// Take chooses an account for one request and claims it where the session does not hold it yet. After
// an account that failed, or where the one that the session key is bound to cannot be used, the
// failover plan comes first, and the strategy after it. The use is to be ended. Errors are those of
// [Manager.Acquire]; the token may still have to be made valid (see [Use.Valid]).
func (s *Session) Take(ctx context.Context, t Take) (*Use, error) {
	u, err := s.take(ctx, t)
	if err == nil && t.Failed != "" && t.Failed != u.Account.UUID {
		s.m.tell(EventSwitched, u.Account, "took over from "+s.nameOf(t.Failed))
	}
	return u, err
}

// nameOf is what an account was called at the last look.
func (s *Session) nameOf(uuid string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a, err := s.m.find(s.snap.Accounts, uuid); err == nil {
		return a.Name()
	}
	return uuid
}

func (s *Session) take(ctx context.Context, t Take) (*Use, error) {
	req := s.o.Request
	req.Exclude = slices.Clone(t.Exclude)
	if t.Key != "" {
		req.SessionKey = t.Key
	}
	for fresh := false; ; {
		looked, err := s.look(ctx, fresh)
		if err != nil {
			return nil, err
		}
		p, err := s.choose(t.Failed, req)
		if err != nil {
			if looked {
				return nil, err
			}
			fresh = true // what is a second old is not enough to say no
			continue
		}
		u, err := s.use(ctx, p, req)
		if err == nil {
			return u, nil
		}
		var none *NoUsableError
		if !p.planned || !errors.As(err, &none) {
			return nil, err
		}
		// Somebody was quicker; the plan goes on without it.
		req.Exclude = append(req.Exclude, p.account.UUID)
	}
}

// choose is the choice, as of the last look and of what this session has chosen since.
func (s *Session) choose(failed string, req Request) (picked, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.m.now()
	bound := ownedBy(s.snap.Accounts, s.bindings.owner(req.SessionKey, now))
	if s.stays(s.snap, bound, req, now) {
		s.bind(req.SessionKey, bound, now)
		return picked{account: bound}, nil
	}
	snap := *s.snap
	snap.At = now
	if failed == "" && bound != nil {
		failed = bound.UUID
	}
	if p := s.failOver(&snap, failed, req); p.account != nil {
		if p.model == "" && s.sticky(req) {
			s.bind(req.SessionKey, p.account, snap.At)
		}
		return p, nil
	}
	return s.decide(&snap, bound, req)
}

// sticky tells whether the request's session is to be bound.
func (s *Session) sticky(req Request) bool {
	return req.SessionKey != "" && req.Strategy == StrategySticky && req.Account == ""
}

// stays tells whether the account that the session key is bound to is all there is to choose. The
// caller holds mu.
func (s *Session) stays(snap *Snapshot, bound *store.Account, req Request, now time.Time) bool {
	return bound != nil && s.sticky(req) && req.Among == nil && !slices.Contains(req.Exclude, bound.UUID) &&
		snap.settings.status(bound, snap.Claims.Last429(bound.UUID), now).Usable() && snap.Claims.Free(bound.UUID, req.self, req.Exclusive)
}

// failOver is the next step of the failover plan after an account, none where there is no plan. A
// session goes back from an account that has it use another model as soon as it can, so its binding
// is left alone. The caller holds mu.
func (s *Session) failOver(snap *Snapshot, failed string, req Request) picked {
	if failed == "" || s.pools == nil || req.Account != "" || req.Among != nil {
		return picked{}
	}
	steps, err := snap.Plan(s.pools, PlanRequest{Current: failed, Tried: req.Exclude, Exhausted: &s.exhausted})
	if err != nil {
		return picked{} // no pool and no chain was asked for, so none can be missing
	}
	for _, step := range steps {
		if step.Skip == "" && snap.Claims.Free(step.UUID, req.self, req.Exclusive) {
			return picked{account: step.Account, model: step.Model, planned: true}
		}
	}
	return picked{}
}

// decide is the strategy's choice. The caller holds mu.
func (s *Session) decide(snap *Snapshot, bound *store.Account, req Request) (picked, error) {
	if s.cursor != (claims.Cursor{}) {
		snap.Claims.Cursor = s.cursor
	}
	if req.brief = true; bound != nil {
		req.bound = bound.OwnerID()
	}
	d, choice, err := s.m.decide(snap, req)
	if err != nil {
		return picked{}, err
	}
	if slices.Contains(req.Exclude, d.Account.UUID) { // asked for by name
		return picked{}, &NoUsableError{Provider: s.m.adapter.ID, Account: d.Account.Name(), Tried: 1}
	}
	if choice.Cursor != nil {
		s.cursor, s.unwritten = *choice.Cursor, true
		s.writeSome(snap.At)
	}
	if choice.StickyKey != "" {
		s.bind(choice.StickyKey, d.Account, snap.At)
	}
	s.letIdle(snap.At)
	return picked{account: d.Account, model: d.Model}, nil
}

// use begins a use of an account, which is claimed first where the session does not hold it.
func (s *Session) use(ctx context.Context, p picked, req Request) (*Use, error) {
	if u := s.begin(p); u != nil {
		return u, nil
	}
	s.claiming.Lock()
	defer s.claiming.Unlock()
	if u := s.begin(p); u != nil {
		return u, nil // claimed while we waited
	}
	// Chosen anew, for others may have been quicker; what was planned is asked for by name.
	s.mu.Lock()
	req.bound = s.bindings.owner(req.SessionKey, s.m.now())
	s.mu.Unlock()
	if p.planned {
		req.Account = p.account.UUID
	}
	d, claim, err := s.m.acquire(ctx, req, s.o.Holder)
	if err != nil {
		return nil, err
	}
	if !p.planned {
		p.model = d.Model
	}
	p.account = d.Account
	h := s.hold(d.Account, claim)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sticky(req) {
		s.bind(req.SessionKey, d.Account, s.m.now())
	}
	s.changes++ // there is a claim more
	return s.newUse(p, h), nil
}

// begin begins a use of an account that the session holds; nil where it does not.
func (s *Session) begin(p picked) *Use {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h := s.held[p.account.OwnerID()]; h != nil {
		return s.newUse(p, h)
	}
	return nil
}

// newUse counts a use. The caller holds mu.
func (s *Session) newUse(p picked, h *held) *Use {
	h.uses++
	h.used = s.m.now()
	return &Use{Account: p.account, Model: p.model, s: s, h: h}
}
