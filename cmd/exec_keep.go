package cmd

import (
	"context"
	"sync"
)

// keeping is what goes on beside a running child.
type keeping struct {
	cancel context.CancelFunc
	wait   sync.WaitGroup
	f      *Factory
	quiet  bool // as it was before
}

// keepUp renews claim and token and watches over the logins until it is stopped.
// On a terminal, which is the child's now, it says nothing.
func (r *execRun) keepUp(ctx context.Context) *keeping {
	ctx, cancel := context.WithCancel(ctx)
	k := &keeping{cancel: cancel, f: r.f, quiet: r.f.made.quiet.Load()}
	r.f.made.quiet.Store(k.quiet || r.f.errTTY())
	if r.claim != nil {
		k.wait.Go(func() {
			r.claim.Keep(ctx, func(err error) { r.f.Note("warning: %v", err) })
		})
	}
	if r.rotation == nil { // which sees to its accounts itself
		k.wait.Go(func() { r.m.Proactive(ctx, r.account.UUID) })
	}
	if r.ownLogin != nil {
		k.wait.Go(func() { r.m.Proactive(ctx, r.ownLogin.UUID) })
	}
	if r.logins != nil {
		k.wait.Go(func() { r.logins.watch(ctx) })
	}
	return k
}

// stop returns when all of it has ended: a refresh that has been sent is seen
// through, for its answer is the only one.
func (k *keeping) stop() {
	k.cancel()
	k.wait.Wait()
	k.f.made.quiet.Store(k.quiet)
}
