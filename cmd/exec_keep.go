package cmd

import (
	"context"
	"sync"

	"github.com/kyoli-gam/kyoli/pkg/manager"
)

// keeping is what goes on beside a running child.
type keeping struct {
	cancel context.CancelFunc
	wait   sync.WaitGroup
	f      *Factory
	quiet  bool // as it was before
}

// keepUp renews the claim and the tokens of all the provider's accounts, and
// watches over the logins until it is stopped.
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
	switch {
	case r.m.Settings().ProactiveRefresh:
		k.wait.Go(func() { r.m.Proactive(ctx, manager.ProactiveOptions{}) })
	case r.ownLogin != nil: // or OpenCode would renew it, and spend the token
		k.wait.Go(func() { r.m.Proactive(ctx, manager.ProactiveOptions{Owners: []string{r.ownLogin.OwnerID()}}) })
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
