package cmd

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/cli/browser"

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
	flow    *loginflow.Flow
	row     addRow // what became of it
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
	if browser, _ := loginflow.Methods(l.adapter); !browser {
		return nil, noLogin(l.adapter)
	}
	if l.m, err = f.Manager(ctx, id); err != nil {
		return nil, err
	}
	s, err := l.m.Snapshot(ctx) // a store that cannot be read is found out now
	if err != nil {
		return nil, err
	}
	if o.Account != "" {
		if l.account, err = s.Accounts.Find(o.Account); err != nil {
			return nil, err
		}
	}
	l.flow, err = loginflow.New(loginflow.Options{Adapter: l.adapter, Client: l.client})
	return l, err
}

// browser logs in with a browser on this machine.
func (l *loginFlow) browser(ctx context.Context) error {
	c, err := l.flow.Listen()
	if err != nil {
		return err
	}
	url := c.URL()
	opened := !l.o.NoBrowser && l.f.noDisplay() == "" && openBrowser(url) == nil
	if opened {
		l.f.say("The browser opens for the login at " + l.adapter.DisplayName + ". If it does not, visit:\n\n  " + url + "\n")
	} else {
		l.f.say("Log in at " + l.adapter.DisplayName + " in a browser on this machine:\n\n  " + url + "\n")
	}
	waiting, cancel := context.WithTimeoutCause(ctx, l.o.Timeout, &loginflow.TimeoutError{Provider: l.adapter.ID, After: l.o.Timeout})
	defer cancel()
	hide := l.f.countdown("waiting for the browser", l.o.Timeout)
	defer hide()
	return c.Wait(waiting, func(ctx context.Context, code string) (string, error) {
		hide()
		return l.exchange(ctx, code)
	})
}

// exchange makes an account of a code. From here on nothing is given up because
// somebody pressed Ctrl-C: the person has logged in.
func (l *loginFlow) exchange(ctx context.Context, code string) (who string, err error) {
	ctx = context.WithoutCancel(ctx)
	token, err := l.flow.Exchange(ctx, code)
	if err != nil {
		return "", err
	}
	return l.store(ctx, token)
}

// openBrowser opens a page, without a word of the program that does. It is a
// variable for tests, which have no browser.
var openBrowser = func(url string) error {
	browser.Stdout, browser.Stderr = io.Discard, io.Discard
	opened := make(chan error, 1)
	go func() { opened <- browser.OpenURL(url) }()
	select {
	case err := <-opened:
		return err
	case <-time.After(browserWait): // it is one that stays
		return nil
	}
}

// browserWait is how long a program that opens a page has to fail.
const browserWait = 2 * time.Second

// explain adds what can be done.
func (l *loginFlow) explain(err error) error {
	again := "kyoli login " + l.adapter.ID
	if l.account != nil {
		again = "kyoli login --account " + shellQuote(l.o.Account)
	}
	var taken *loginflow.PortTakenError
	var late *loginflow.TimeoutError
	var denied *loginflow.DeniedError
	switch {
	case errors.As(err, &taken):
		return withHint(err, again)
	case errors.As(err, &late), errors.As(err, &denied):
		return failf(exitCancelled, again, "%w", err)
	}
	return err
}

// store writes the account.
func (l *loginFlow) store(ctx context.Context, token *provider.Token) (who string, err error) {
	in := manager.Incoming{Account: l.incoming(ctx, token), Label: l.o.Label, Fresh: true, New: l.o.New}
	if l.account != nil {
		in.Of = l.account.UUID
	}
	added, err := l.m.Add(ctx, in)
	if err != nil {
		return "", err
	}
	s, err := l.m.Snapshot(ctx)
	if err != nil {
		return "", err
	}
	a := added[0]
	l.row = addRow{Result: a.Result, Account: l.f.accountRow(l.adapter.ID, s, a.Account), Why: a.Why}
	return firstText(a.Account.Email, a.Account.Name()), nil
}

// incoming is who logged in, as far as the tokens and the profile say.
func (l *loginFlow) incoming(ctx context.Context, token *provider.Token) *store.Account {
	a := &store.Account{
		UUID: token.UUID, AccountID: token.AccountID, Email: token.Email, PlanTier: token.Plan, Enabled: true,
	}
	if l.adapter.ProfileURL != "" && (a.Email == "" || a.PlanTier == "") {
		profile, err := l.client.Profile(ctx, l.adapter, token.AccessToken, token.AccountID)
		if err != nil {
			l.f.Note("warning: who logged in is not known for certain: %v", err)
		} else {
			a.Email, a.PlanTier = firstText(a.Email, profile.Email), firstText(a.PlanTier, profile.Plan)
		}
	}
	a.SetCredential(store.Credential{
		RefreshToken: store.Secret(token.RefreshToken), AccessToken: store.Secret(token.AccessToken),
		ExpiresAt: store.MillisOf(token.ExpiresAt),
	})
	return a
}

// provider is where to log in: the argument's, else --provider's, else that of
// the account, else the only one in use that has a login, else the only one that
// has one at all.
func (l *loginFlow) provider(ctx context.Context) (string, error) {
	named := l.o.Provider
	switch {
	case named != "" && l.f.opts.Provider != "" && named != l.f.opts.Provider:
		return "", usageErrorf("kyoli login "+named, "--provider %s and %s contradict each other", l.f.opts.Provider, named)
	case named == "":
		named = l.f.opts.Provider
	}
	if named != "" {
		return named, nil
	}
	if l.o.Account != "" {
		found, err := l.f.locate(ctx, l.o.Account)
		if err != nil {
			return "", err
		}
		return found[0].provider, nil
	}
	return l.f.onlyLogin(ctx)
}

func (f *Factory) onlyLogin(ctx context.Context) (string, error) {
	r, err := f.Registry()
	if err != nil {
		return "", err
	}
	inUse, err := f.Providers(ctx)
	if err != nil {
		return "", err
	}
	var all, used []string
	for _, a := range r.All() {
		if browser, device := loginflow.Methods(a); !browser && !device {
			continue
		}
		all = append(all, a.ID)
		for _, id := range inUse {
			if id == a.ID {
				used = append(used, id)
			}
		}
	}
	for _, ids := range [][]string{used, all} {
		if len(ids) == 1 {
			return ids[0], nil
		}
	}
	return "", usageErrorf("kyoli login "+all[0], "say at which provider: one of %s", strings.Join(all, ", "))
}
