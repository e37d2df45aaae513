package cmd

import (
	"context"
	"errors"
	"net/http"

	"github.com/kyoli-gam/kyoli/pkg/executor"
	"github.com/kyoli-gam/kyoli/pkg/manager"
	"github.com/kyoli-gam/kyoli/pkg/manager/pools"
	"github.com/kyoli-gam/kyoli/pkg/provider"
	"github.com/kyoli-gam/kyoli/pkg/proxy"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// upstream is a provider's API behind a proxy of this process, with the accounts
// that rotate in it.
type upstream struct {
	f         *Factory
	adapter   *provider.Adapter
	m         *manager.Manager
	session   *manager.Session
	transport *executor.Transport
	metrics   *proxy.Metrics // nil where nobody counts
	// note tells the user of what was done about an answer; nil = nobody.
	note func(executor.Try)
}

// newUpstream begins work with a provider's accounts. It has to be ended.
func (f *Factory) newUpstream(m *manager.Manager, adapter *provider.Adapter, o manager.SessionOptions) (*upstream, error) {
	if adapter.BaseURL == "" {
		return nil, failf(exitUsage, "kyoli config set adapters."+adapter.ID+".base_url https://…",
			"provider %s has no base_url, so its API cannot be called", adapter.ID)
	}
	u := &upstream{f: f, adapter: adapter, m: m}
	o.Pools = func() (*pools.Config, error) { return f.loadPools(context.Background()) }
	u.session = m.Session(o)
	u.transport = &executor.Transport{
		Session: u.session, Adapter: adapter,
		Base:    adapter.APITransport(http.DefaultTransport.(*http.Transport)),
		Observe: u.observe, Now: f.now,
		Trouble: func(err error) { f.Note("warning: what became of a request could not be written down: %v", err) },
	}
	if m.HasUsage() {
		u.transport.Usage = u.askUsage
	}
	return u, nil
}

// askUsage asks the provider how much of an account is used up.
func (u *upstream) askUsage(ctx context.Context, a *store.Account) {
	for _, outcome := range u.m.RefreshUsage(ctx, []string{a.UUID}, manager.UsageOptions{}) {
		if err := errors.Join(outcome.Errs...); err != nil && ctx.Err() == nil {
			u.f.Debugf("usage of %s: %v", a.Name(), err)
		}
	}
}

func (u *upstream) observe(try executor.Try) {
	if u.metrics != nil {
		u.metrics.Tried(u.adapter.ID)
		if try.Next == executor.NextOther {
			u.metrics.Switched(u.adapter.ID)
		}
		if try.Limited {
			u.metrics.Limited(u.adapter.ID)
		}
	}
	if u.f.debugs() { // else there is no need to put the words together
		u.f.Debugf("try %d with %s: status %d %s %s", try.Number, try.Account.Name(), try.Status, try.Why, try.Next)
	}
	if u.note != nil {
		u.note(try)
	}
}

// route is the upstream as the proxy takes it.
func (u *upstream) route() proxy.Upstream {
	return proxy.Upstream{BaseURL: u.adapter.BaseURL, Allow: u.adapter.Forwards, Transport: u.transport}
}

// end gives the accounts back. What has been sent is seen through.
func (u *upstream) end(ctx context.Context) {
	if err := u.session.Close(context.WithoutCancel(ctx)); err != nil {
		u.f.Note("warning: the claims on the accounts could not be released: %v", err)
	}
	u.transport.Close()
}

// explain makes an answer of a transport's error.
func (f *Factory) explain(err error) *proxy.Problem {
	e := executor.Explain(err, f.now())
	return &proxy.Problem{Status: e.Status, Code: e.Code, Message: e.Message, RetryAfter: e.RetryAfter}
}
