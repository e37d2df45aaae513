// Package manager is the account pool of one provider: it tells which accounts are usable, chooses
// one, makes its token valid and writes down what became of it.
//
// It promises that
//   - choosing and claiming are one step: processes that start at once see each other's choice;
//   - a refresh token is sent once, whoever needs it and however many at a time, and its answer is
//     on disk before anything is made of it;
//   - every change starts from what is on disk at that moment, never from an older snapshot;
//   - it does not touch the network while it holds the lock of the claims or of the accounts.
//
// A strategy for choosing is one file (see [Strategy]).
package manager

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/claims"
	"github.com/kyoli-gam/kyoli/pkg/provider"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// Options are what a [Manager] works with. Adapter, Client and Store are required.
type Options struct {
	// Adapter describes the provider.
	Adapter *provider.Adapter
	// Client speaks to its token endpoint.
	Client *provider.Client
	// Store keeps the accounts.
	Store store.Backend
	// Claims are the leases of processes on accounts; nil = nobody holds anything.
	Claims *claims.Store
	// Settings are the user's; the zero value is [DefaultSettings].
	Settings Settings
	// Now is the clock; nil = time.Now.
	Now func() time.Time
	// Rand gives jitter, a number in [0, 1); nil = math/rand/v2.
	Rand func() float64
	// OnEvent is told what happens, in the calling goroutine. It may be called from several at a
	// time and must not call the manager. nil = nobody listens.
	OnEvent func(Event)
	// LookElsewhere may put a newer credential of the account into the store that it finds
	// elsewhere, where another program has renewed it; the spent one is then not sent. It is called
	// before the lease is taken, and again, with the lease held, when the provider has refused the
	// token. It must not take another lease. nil = there is no such place.
	LookElsewhere func(ctx context.Context, a *store.Account)
	// AfterRotate is called after a refresh, while its lease is still held, so that it sees the
	// rotations of one account in their order. It must not take another lease. nil = nothing.
	AfterRotate func(ctx context.Context, parent, child store.Credential, a *store.Account)
}

// Manager is the pool of one provider's accounts. It is safe for concurrent use.
type Manager struct {
	adapter  *provider.Adapter
	client   *provider.Client
	store    store.Backend
	claims   *claims.Store
	settings Settings
	now      func() time.Time
	rand     func() float64
	onEvent  func(Event)

	lookElsewhere func(ctx context.Context, a *store.Account)
	afterRotate   func(ctx context.Context, parent, child store.Credential, a *store.Account)

	mu   sync.Mutex
	view claims.View          // the claims as last seen, for Status
	rest map[string]restUntil // by credential owner
}

// New returns a manager. It does no I/O.
func New(o Options) *Manager {
	m := &Manager{
		adapter: o.Adapter, client: o.Client, store: o.Store, claims: o.Claims,
		settings: o.Settings.withDefaults(), now: o.Now, rand: o.Rand,
		onEvent: o.OnEvent, lookElsewhere: o.LookElsewhere, afterRotate: o.AfterRotate,
		rest: map[string]restUntil{},
	}
	if m.now == nil {
		m.now = time.Now
	}
	if m.rand == nil {
		m.rand = rand.Float64
	}
	if m.onEvent == nil {
		m.onEvent = func(Event) {}
	}
	return m
}

// Provider is the id of the provider whose accounts these are.
func (m *Manager) Provider() string { return m.adapter.ID }

// Store is where the accounts are kept.
func (m *Manager) Store() store.Backend { return m.store }

// Settings are the settings in force, with defaults filled in.
func (m *Manager) Settings() Settings { return m.settings }
