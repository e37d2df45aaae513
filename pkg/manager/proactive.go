package manager

import (
	"context"
	"slices"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

const (
	// jitter spreads a fleet that started together: each renews up to this share of the buffer
	// earlier, and tries again up to this share of the wait later.
	jitter = 0.2
	// shortestLook keeps tokens that live for seconds from making a busy loop.
	shortestLook = 5 * time.Second
	// firstRetry is when a token that could not be renewed is tried again; each further failure
	// doubles it, up to the interval.
	firstRetry = 30 * time.Second
)

// ProactiveOptions say what [Manager.Proactive] looks after, and how.
type ProactiveOptions struct {
	// Interval is how often it looks at least, Buffer how long before its end a token is renewed;
	// 0 = the settings'.
	Interval, Buffer time.Duration
	// Owners are the credential owners ([store.Account.OwnerID]) of the accounts to look after;
	// nil = all.
	Owners []string
	// OnOutcome is told of each token that it tried to renew, one at a time. nil = nobody listens.
	OnOutcome func(Outcome)
	// OnError is told what keeps the accounts from being read, once until that changes. nil = nobody
	// listens.
	OnError func(error)
}

// Proactive renews the accounts' tokens ahead of their end, for as long as ctx lives: the expired
// ones at once, the others within the buffer, three at a time. Limited accounts are among them, as
// they are wanted again when their limit ends; disabled ones and those that need a new login are
// not. Failures are told and tried again later and later. A refresh that has begun is seen through
// before it returns.
func (m *Manager) Proactive(ctx context.Context, o ProactiveOptions) {
	if o.Interval <= 0 {
		o.Interval = m.settings.ProactiveRefreshInterval
	}
	if o.Buffer <= 0 {
		o.Buffer = m.settings.ProactiveRefreshBuffer
	}
	k := &keeper{m: m, o: o}
	for {
		wait := k.round(ctx)
		if sleep(ctx, wait) != nil {
			return
		}
	}
}

// keeper is one run of [Manager.Proactive].
type keeper struct {
	m     *Manager
	o     ProactiveOptions
	plans map[string]*plan // by credential owner
	told  string           // the last error of reading
}

// plan is what is to be done for one account.
type plan struct {
	uuid     string
	access   store.Secret  // the token it was made for
	buffer   time.Duration // how long before its end that is renewed
	failures int           // since the plan was made
	next     time.Time     // when it is renewed
}

// round renews what is due and returns how long to wait then.
func (k *keeper) round(ctx context.Context) time.Duration {
	if !k.look(ctx) {
		return k.o.Interval
	}
	if due := k.due(); len(due) > 0 {
		k.renew(ctx, due)
		if !k.look(ctx) {
			return k.o.Interval
		}
	}
	wait := k.o.Interval
	for _, p := range k.plans {
		wait = min(wait, p.next.Sub(k.m.now()))
	}
	return max(wait, shortestLook)
}

// look reads the accounts and makes plans for those that are new or have a new token; false = they
// cannot be read.
func (k *keeper) look(ctx context.Context) bool {
	accounts, err := k.m.store.Load(ctx)
	k.tell(ctx, err)
	if err != nil {
		return false
	}
	plans := map[string]*plan{}
	for _, a := range accounts.List {
		owner := a.OwnerID()
		if !a.Enabled || a.IsAuthDisabled || k.o.Owners != nil && !slices.Contains(k.o.Owners, owner) {
			continue
		}
		p := k.plans[owner]
		switch {
		case p == nil:
			p = k.plan(a, k.o.Buffer)
		case p.access != a.AccessToken:
			// A provider whose tokens live shorter than twice the buffer would else be asked at each look.
			p = k.plan(a, min(k.o.Buffer, k.m.left(a)/2))
		}
		p.uuid = a.UUID
		plans[owner] = p
	}
	k.plans = plans
	return true
}

// tell tells an error that has not been told already.
func (k *keeper) tell(ctx context.Context, err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text != "" && text != k.told && ctx.Err() == nil && k.o.OnError != nil {
		k.o.OnError(err)
	}
	k.told = text
}

// plan makes a plan for a token. One that has expired is due now; one that is within its buffer
// already, as many of a fleet may be that is started after a rest, somewhere in the interval.
func (k *keeper) plan(a *store.Account, buffer time.Duration) *plan {
	p := &plan{access: a.AccessToken, buffer: max(early, k.m.later(buffer)), next: k.m.now()}
	switch left := k.m.left(a); {
	case left > p.buffer:
		p.next = p.next.Add(left - p.buffer)
	case left > early:
		wait := min(k.o.Interval, (left-early)/2)
		p.next = p.next.Add(wait - time.Duration(float64(wait)*jitter*k.m.rand()))
	}
	return p
}

// left is how long the access token is good for; 0 where it is not.
func (m *Manager) left(a *store.Account) time.Duration {
	if a.AccessToken == "" || a.ExpiresAt == 0 {
		return 0
	}
	return max(0, a.ExpiresAt.Time().Sub(m.now()))
}

// later makes a time longer by chance.
func (m *Manager) later(d time.Duration) time.Duration {
	return d + time.Duration(float64(d)*jitter*m.rand())
}

// due are the plans whose time has come.
func (k *keeper) due() []*plan {
	var due []*plan
	now := k.m.now()
	for _, p := range k.plans {
		if !p.next.After(now) {
			due = append(due, p)
		}
	}
	slices.SortFunc(due, func(a, b *plan) int { return a.next.Compare(b.next) })
	return due
}

// renew renews what is due, and plans the next attempt for what could not be.
func (k *keeper) renew(ctx context.Context, due []*plan) {
	bounded(len(due), refreshLimit, func(i int) Outcome {
		return k.m.refreshOne(ctx, due[i].uuid, ValidOptions{MinTTL: due[i].buffer})
	}, func(i int, o Outcome) {
		if o.Result == ResultFailed {
			due[i].failures++
			due[i].next = k.m.now().Add(k.retryAfter(due[i].failures))
		}
		if ctx.Err() == nil || o.Result == ResultRefreshed {
			k.outcome(o)
		}
	})
}

func (k *keeper) outcome(o Outcome) {
	if o.Result != ResultFresh && k.o.OnOutcome != nil {
		k.o.OnOutcome(o)
	}
}

// retryAfter is how long a token rests that could not be renewed for the n-th time.
func (k *keeper) retryAfter(n int) time.Duration {
	wait := k.o.Interval
	if n < 16 { // as far as it does not overflow
		wait = min(wait, firstRetry<<(n-1))
	}
	return k.m.later(max(wait, k.m.settings.TokenFailureBackoff))
}

// peek returns the account as it is stored, nil where it is not to be had.
func (m *Manager) peek(ctx context.Context, uuid string) *store.Account {
	accounts, err := m.store.Peek(ctx)
	if err != nil {
		return nil
	}
	a, err := m.find(accounts, uuid)
	if err != nil {
		return nil
	}
	return a
}
