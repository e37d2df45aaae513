package cmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/kyoli-gam/kyoli/pkg/manager"
	"github.com/kyoli-gam/kyoli/pkg/provider"
	loginflow "github.com/kyoli-gam/kyoli/pkg/provider/login"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// loginFlow is one `kyoli login`.
type loginFlow struct {
	f       *Factory
	o       *loginOptions
	adapter *provider.Adapter
	client  *provider.Client
	m       *manager.Manager
	account *store.Account // to be logged in again; nil = whoever it is
	method  loginMethod
	flow    *loginflow.Flow
	entry   store.Login // in the journal
	kept    bool        // the answer is in it
	row     addRow      // what became of it
}

// newLogin finds out what is to be done, and refuses early what cannot be: nobody
// logs in for nothing.
func (f *Factory) newLogin(ctx context.Context, o *loginOptions) (*loginFlow, error) {
	l := &loginFlow{f: f, o: o, client: f.client()}
	id, err := l.provider(ctx)
	if err != nil {
		return nil, err
	}
	if l.adapter, err = f.Adapter(id); err != nil {
		return nil, err
	}
	if l.method, err = f.loginMethod(l.adapter, o); err != nil {
		return nil, err
	}
	if l.m, err = f.Manager(ctx, id); err != nil {
		return nil, err
	}
	if err := f.sealing().Ready(); err != nil {
		return nil, err
	}
	if _, err := l.m.Store().Load(ctx); err != nil { // a store that cannot be read is found out now
		return nil, err
	}
	s, err := l.m.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	if o.Account != "" {
		if l.account, err = s.Accounts.Find(o.Account); err != nil {
			return nil, err
		}
	}
	if o.Label != "" && (o.New || l.account != nil) {
		if err := s.LabelFree(o.Label, l.account); err != nil {
			return nil, err
		}
	}
	l.flow, err = loginflow.New(loginflow.Options{Adapter: l.adapter, Client: l.client, Keep: l.keep})
	return l, err
}

// explain adds what can be done.
func (l *loginFlow) explain(err error) error {
	again := "kyoli login " + l.adapter.ID
	if l.account != nil {
		again = "kyoli login --account " + shellQuote(l.o.Account)
	}
	var taken *loginflow.PortTakenError
	var several *store.AmbiguousAccountError
	var late *loginflow.TimeoutError
	var denied *loginflow.DeniedError
	switch {
	case errors.As(err, &several):
		return withHint(fmt.Errorf("who logged in has several accounts: %w", err), again+" --account UUID, or --new")
	case errors.As(err, &taken):
		return portTaken(taken, again)
	case errors.As(err, &late), errors.As(err, &denied):
		return failf(exitCancelled, again, "%w", err)
	}
	return err
}
