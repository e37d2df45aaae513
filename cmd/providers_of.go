package cmd

import (
	"context"
	"strings"

	"github.com/kyoli-gam/kyoli/internal/env"
	"github.com/kyoli-gam/kyoli/pkg/manager"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// listed are the providers that a command is about: --provider's, else all.
func (f *Factory) listed() ([]string, error) {
	r, err := f.Registry()
	if err != nil {
		return nil, err
	}
	if f.opts.Provider == "" {
		return r.IDs(), nil
	}
	if _, err := r.Get(f.opts.Provider); err != nil {
		return nil, err
	}
	return []string{f.opts.Provider}, nil
}

// Providers are those of listed that have accounts.
func (f *Factory) Providers(ctx context.Context) ([]string, error) {
	ids, err := f.listed()
	if err != nil {
		return nil, err
	}
	var some []string
	for _, id := range ids {
		accounts, err := f.load(ctx, id)
		if err != nil {
			return nil, err
		}
		if len(accounts.List) > 0 {
			some = append(some, id)
		}
	}
	return some, nil
}

// load reads a provider's accounts, for who needs no token of theirs.
func (f *Factory) load(ctx context.Context, id string) (*store.Accounts, error) {
	backend, err := f.Store(id)
	if err != nil {
		return nil, err
	}
	return backend.List(ctx)
}

// OneProvider is the provider of a command that works on one: --provider's, else
// the only one that has accounts. Exit code 4 where none has, 2 with their names
// where several have.
func (f *Factory) OneProvider(ctx context.Context) (string, error) {
	if f.opts.Provider != "" {
		a, err := f.Adapter(f.opts.Provider)
		if err != nil {
			return "", err
		}
		return a.ID, nil
	}
	ids, err := f.Providers(ctx)
	if err != nil {
		return "", err
	}
	switch len(ids) {
	case 0:
		return "", f.noAccounts()
	case 1:
		return ids[0], nil
	}
	return "", usageErrorf("--provider "+ids[0], "several providers have accounts: %s", strings.Join(ids, ", "))
}

// noAccounts is what a command says that finds no account of any provider.
func (f *Factory) noAccounts() error {
	if f.opts.Provider != "" {
		return &manager.NoAccountsError{Provider: f.opts.Provider, CanLogIn: f.canLogIn(f.opts.Provider)}
	}
	hint := "kyoli login"
	if f.Env.Get(env.Accounts) != "" {
		hint = "kyoli import --env"
	} else if place, err := f.authPlace(""); err == nil && f.hasLogin(place) {
		hint = "kyoli migrate auth-json"
	}
	return failf(exitLogin, hint, "there are no accounts yet")
}

// canLogIn tells whether kyoli login knows a way in at a provider.
func (f *Factory) canLogIn(id string) bool {
	a, err := f.Adapter(id)
	return err == nil && a.CanLogIn()
}

// howToAdd is a command that adds an account of a provider.
func (f *Factory) howToAdd(id string) string {
	return (&manager.NoAccountsError{Provider: id, CanLogIn: f.canLogIn(id)}).Hint()
}
