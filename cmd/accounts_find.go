package cmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

// located is an account and the provider that it is of.
type located struct {
	provider string
	account  *store.Account
}

// locate finds each name among the accounts of the providers that the command is
// about, each account once, in the order of the names. A name that fits accounts
// of several providers is ambiguous.
func (f *Factory) locate(ctx context.Context, names ...string) ([]located, error) {
	lists, err := f.lists(ctx)
	if err != nil {
		return nil, err
	}
	var found []located
	seen := map[located]bool{}
	for _, name := range names {
		one, err := f.locateOne(lists, name)
		if err != nil {
			return nil, err
		}
		if !seen[one] {
			seen[one] = true
			found = append(found, one)
		}
	}
	return found, nil
}

// locateAll are all accounts of the providers that the command is about.
func (f *Factory) locateAll(ctx context.Context) ([]located, error) {
	lists, err := f.lists(ctx)
	if err != nil {
		return nil, err
	}
	var all []located
	for _, p := range lists {
		for _, a := range p.accounts.List {
			all = append(all, located{p.provider, a})
		}
	}
	return all, nil
}

// providerAccounts are the accounts of one provider.
type providerAccounts struct {
	provider string
	accounts *store.Accounts
}

// lists are the accounts of the providers that the command is about.
func (f *Factory) lists(ctx context.Context) ([]providerAccounts, error) {
	ids, err := f.listed()
	if err != nil {
		return nil, err
	}
	lists := make([]providerAccounts, len(ids))
	for i, id := range ids {
		accounts, err := f.load(ctx, id)
		if err != nil {
			return nil, err
		}
		lists[i] = providerAccounts{id, accounts}
	}
	return lists, nil
}

func (f *Factory) locateOne(lists []providerAccounts, name string) (located, error) {
	var found []located
	var candidates []string
	var providers []string // that have the name
	for _, p := range lists {
		a, err := p.accounts.Find(name)
		var none *store.UnknownAccountError
		var several *store.AmbiguousAccountError
		switch {
		case err == nil:
			found = append(found, located{p.provider, a})
			candidates = append(candidates, fmt.Sprintf("%s (%s, %s)", a.UUID, a.Describe(), p.provider))
		case errors.As(err, &several):
			candidates = append(candidates, several.Candidates...)
		case errors.As(err, &none):
			continue
		default:
			return located{}, err
		}
		providers = append(providers, p.provider)
	}
	switch {
	case len(providers) > 1:
		return located{}, withHint(&store.AmbiguousAccountError{Name: name, Candidates: candidates},
			"name the account by its uuid, or its provider, too: --provider "+providers[0])
	case len(candidates) > 1:
		return located{}, &store.AmbiguousAccountError{Name: name, Candidates: candidates}
	case len(found) == 1:
		return found[0], nil
	}
	return located{}, f.unknownAccount(lists, name)
}

// unknownAccount says where the name was looked for, when that was one file.
func (f *Factory) unknownAccount(lists []providerAccounts, name string) error {
	some := 0
	for _, p := range lists {
		some += len(p.accounts.List)
	}
	hint := "kyoli accounts list"
	switch {
	case some == 0 && len(lists) == 1:
		hint = f.howToAdd(lists[0].provider)
	case some == 0:
		hint = "kyoli login"
	}
	if len(lists) == 1 {
		_, err := lists[0].accounts.Find(name)
		return withHint(err, hint)
	}
	return failf(exitNoAccount, hint, "no account %q", name)
}

// byProvider groups accounts, providers in the order in which they came.
func byProvider(found []located) (ids []string, uuids map[string][]string) {
	uuids = map[string][]string{}
	for _, l := range found {
		if uuids[l.provider] == nil {
			ids = append(ids, l.provider)
		}
		uuids[l.provider] = append(uuids[l.provider], l.account.UUID)
	}
	return ids, uuids
}

// providerOf is the provider of a command that works on one account: --provider's,
// else that of the account named ("" = none is), else the only one that has
// accounts.
func (f *Factory) providerOf(ctx context.Context, account string) (string, error) {
	id, err := f.OneProvider(ctx)
	if err == nil || account == "" || exitCode(err) != exitUsage || f.opts.Provider != "" {
		return id, err
	}
	found, err := f.locate(ctx, account)
	if err != nil {
		return "", err
	}
	return found[0].provider, nil
}
