package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"

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

// again is the command for another try, in the way that was asked for or in
// another one.
func (l *loginFlow) again(way ...string) string {
	words := []string{"kyoli", "login"}
	if l.account != nil {
		words = append(words, "--account", l.o.Account)
	} else {
		words = append(words, l.adapter.ID)
	}
	if l.f.opts.ConfigDir != "" {
		words = append(words, "--config-dir", l.f.opts.ConfigDir)
	}
	if l.o.Label != "" {
		words = append(words, "--label", l.o.Label)
	}
	if l.o.New {
		words = append(words, "--new")
	}
	if len(way) == 0 {
		way = l.o.way()
	}
	for i, word := range words {
		words[i] = quoteWord(word)
	}
	return strings.Join(append(words, way...), " ")
}

// way is the flag of the way that was asked for; nil = none was.
func (o *loginOptions) way() []string {
	switch {
	case o.Device:
		return []string{"--device"}
	case o.Manual:
		return []string{"--manual"}
	case o.NoBrowser:
		return []string{"--no-browser"}
	}
	return nil
}

// explain adds what can be done.
func (l *loginFlow) explain(err error) error {
	var kept *keptError
	var send *provider.SendError
	var taken *loginflow.PortTakenError
	var several *store.AmbiguousAccountError
	var late *loginflow.TimeoutError
	var denied *loginflow.DeniedError
	switch {
	case errors.As(err, &several):
		first, _, _ := strings.Cut(several.Candidates[0], " ")
		return withHint(fmt.Errorf("who logged in has several accounts: %w; --account says which one, --new adds another", err),
			"kyoli login --account "+quoteWord(first))
	case errors.As(err, &taken):
		return portTaken(taken, l.again("--manual"))
	case errors.As(err, &late), errors.As(err, &denied):
		return failf(exitCancelled, l.again(), "%w", err)
	case errors.As(err, &kept):
		return err
	case errors.As(err, &send):
		return withHint(fmt.Errorf("%s: the login did not work: %w", l.adapter.ID, err), l.again())
	}
	return err
}
