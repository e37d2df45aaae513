package manager

import (
	"context"
	"sync"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/claims"
	"github.com/kyoli-gam/kyoli/pkg/manager/pools"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

const (
	// snapshotFor is how long a session chooses from one look at the files.
	snapshotFor = time.Second
	// writeEvery is how often a session writes down, at most, that an account is in use and which
	// account a session key is bound to.
	writeEvery = time.Minute
	// idleFor is how long an account that is not used is held on to.
	idleFor = 5 * time.Minute
)

// SessionOptions say for whom a [Session] works.
type SessionOptions struct {
	// Holder is who claims the accounts. Its ID is required.
	Holder claims.Holder
	// Request is what is wanted of every account: name, strategy, exclusiveness. The rest of it is
	// each request's own.
	Request Request
	// Pools reads the pools and chains, which say what comes after an account that cannot go on; nil
	// = there are none. They are read as often as the accounts are.
	Pools func() (*pools.Config, error)
}

// Session is one process's work with the pool over many requests, side by side. It holds one claim an
// account, not one a request, for as long as it uses the account, and keeps the tokens of these
// accounts valid ahead of time.
//
// It chooses from a look at the files that is a second old at most, without a lock. Only an account
// that it does not hold yet is chosen and claimed in one step, as [Manager.Acquire] does it. What it
// notes of an account that works well it writes once a minute.
//
// It is safe for concurrent use. Close it.
type Session struct {
	m *Manager
	o SessionOptions

	ctx    context.Context // of what goes on beside the requests
	cancel context.CancelFunc

	keepers sync.WaitGroup // of claims and tokens
	errands sync.WaitGroup // what is written beside the requests

	reading  sync.Mutex // held by the one that looks at the files
	claiming sync.Mutex // held by the one that claims

	exhausted Exhausted

	mu          sync.Mutex
	closed      bool
	snap        *Snapshot
	snapAt      time.Time     // when it was taken
	snapNo      int           // what changes was when the files began to be read for it
	changes     int           // how often this session has changed the files
	pools       *pools.Config // as read with it, nil for none
	poolsFailed bool
	held        map[string]*held // by credential owner, which stays when a uuid changes
	bindings    bindings
	cursor      claims.Cursor // of this session; the zero value where it has moved nothing
	// unwritten: there is something in bindings or cursor that was not written; written is when
	// they were last.
	unwritten bool
	written   time.Time
}

// held is an account that the session holds.
type held struct {
	claim   *claims.Claim // nil where claims are turned off
	stop    context.CancelFunc
	uses    int       // requests under way
	used    time.Time // when the last one began or ended
	touched time.Time // when its use was last written down
}

// Session begins work. It does no I/O.
func (m *Manager) Session(o SessionOptions) *Session {
	o.Request.self = o.Holder.ID
	o.Request.Exclusive = o.Request.Exclusive || o.Holder.Exclusive
	o.Holder.Exclusive = o.Request.Exclusive
	o.Request.MaxWait, o.Request.Wait, o.Request.OnQueue = 0, 0, nil
	if o.Request.Strategy == "" {
		o.Request.Strategy = m.settings.Strategy
	}
	s := &Session{m: m, o: o, held: map[string]*held{}, bindings: bindings{}, written: m.now()}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// Tell tells of something that happened to an account in the session's work.
func (s *Session) Tell(kind EventKind, a *store.Account, detail string) { s.m.tell(kind, a, detail) }

// Manager is the pool that the session works with.
func (s *Session) Manager() *Manager { return s.m }

// Adopt takes over an account that was claimed for the session's holder before it began. claim may be
// nil.
func (s *Session) Adopt(a *store.Account, claim *claims.Claim) { s.hold(a, claim) }

// Close ends the session: what goes on beside it is seen through, bindings are written, claims are
// released. Uses that are under way may go on without their claim. ctx bounds the writing.
func (s *Session) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	s.keepers.Wait()
	s.errands.Wait()
	err := s.write(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	for owner, h := range s.held {
		if rerr := h.release(ctx); err == nil {
			err = rerr
		}
		delete(s.held, owner)
	}
	return err
}

func (h *held) release(ctx context.Context) error {
	h.stop()
	if h.claim == nil {
		return nil
	}
	return h.claim.Release(ctx)
}

// beside runs an errand beside the requests, unless the session is over. It is seen through. The
// caller holds mu.
func (s *Session) beside(f func(ctx context.Context)) {
	if !s.closed {
		s.errands.Go(func() { f(context.WithoutCancel(s.ctx)) })
	}
}

// hold keeps an account: its claim alive, its token fresh.
func (s *Session) hold(a *store.Account, claim *claims.Claim) *held {
	s.mu.Lock()
	defer s.mu.Unlock()
	owner, now := a.OwnerID(), s.m.now()
	if h := s.held[owner]; h != nil {
		return h
	}
	ctx, stop := context.WithCancel(s.ctx)
	h := &held{claim: claim, stop: stop, used: now, touched: now}
	s.held[owner] = h
	if s.closed {
		return h
	}
	if claim != nil {
		s.keepers.Go(func() {
			claim.Keep(ctx, func(err error) { s.m.tell(EventWarning, a, "its claim could not be renewed: "+err.Error()) })
		})
	}
	if s.m.settings.ProactiveRefresh {
		s.keepers.Go(func() { s.m.Proactive(ctx, ProactiveOptions{Owners: []string{owner}}) })
	}
	return h
}

// letIdle releases the accounts that have not been used for a while, except the one used last: the
// next request will want it. The caller holds mu.
func (s *Session) letIdle(now time.Time) {
	for owner, h := range s.held {
		if h.uses > 0 || now.Sub(h.used) < idleFor || s.usedLast(h) {
			continue
		}
		delete(s.held, owner)
		s.beside(func(ctx context.Context) {
			if err := h.release(ctx); err != nil {
				s.m.tell(EventWarning, nil, "a claim could not be released: "+err.Error())
			}
		})
	}
}

func (s *Session) usedLast(h *held) bool {
	for _, other := range s.held {
		if other.used.After(h.used) {
			return false
		}
	}
	return true
}
