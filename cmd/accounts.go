package cmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/internal/termtext"
	"github.com/kyoli-gam/kyoli/pkg/manager"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

func newAccountsCmd(f *Factory) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "accounts",
		Aliases: []string{"account"},
		Short:   "Add, show and change accounts",
		Long: `An account is one login at one provider. On the command line it is named by its
label, its e-mail, its uuid, or the start of its uuid (4 characters at least); a
name that fits several is an error that lists them. Accounts of all providers
are meant; --provider narrows.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		newAccountsListCmd(f, nil), newAccountsShowCmd(f, nil), newAccountsAddCmd(f, nil),
		newAccountsPickCmd(f, nil), newAccountsUsageCmd(f, nil),
		newAccountsUseCmd(f, nil), newAccountsEnableCmd(f, nil), newAccountsDisableCmd(f, nil),
		newAccountsToggleCmd(f, nil), newAccountsLabelCmd(f, nil), newAccountsResetCmd(f, nil),
		newAccountsRmCmd(f, nil), newAccountsExportCmd(f, nil),
	)
	return cmd
}

// located is an account and the provider that it is of.
type located struct {
	provider string
	account  *store.Account
}

// locate finds each name among the accounts of the providers that the command is
// about, each account once, in the order of the names. A name that fits accounts
// of several providers is ambiguous.
func (f *Factory) locate(ctx context.Context, names ...string) ([]located, error) {
	ids, err := f.listed()
	if err != nil {
		return nil, err
	}
	all := make(map[string]*store.Accounts, len(ids))
	for _, id := range ids {
		if all[id], err = f.load(ctx, id); err != nil {
			return nil, err
		}
	}
	var found []located
	seen := map[located]bool{}
	for _, name := range names {
		one, err := locateOne(ids, all, name)
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

func locateOne(ids []string, all map[string]*store.Accounts, name string) (located, error) {
	var found []located
	var unknown error
	ambiguous := &store.AmbiguousAccountError{Name: name}
	for _, id := range ids {
		a, err := all[id].Find(name)
		var none *store.UnknownAccountError
		var several *store.AmbiguousAccountError
		switch {
		case err == nil:
			found = append(found, located{id, a})
			ambiguous.Candidates = append(ambiguous.Candidates, fmt.Sprintf("%s (%s, %s)", a.UUID, a.Describe(), id))
		case errors.As(err, &several):
			ambiguous.Candidates = append(ambiguous.Candidates, several.Candidates...)
		case !errors.As(err, &none):
			return located{}, err
		case unknown == nil || len(all[id].List) > 0:
			unknown = err
		}
	}
	switch {
	case len(ambiguous.Candidates) > 1:
		return located{}, ambiguous
	case len(found) == 1:
		return found[0], nil
	case len(ids) > 1:
		return located{}, failf(exitNoAccount, "kyoli accounts list", "no account %q", name)
	}
	return located{}, unknown
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

// changeAccounts locates the accounts, changes those of each provider in one
// step, and prints them as they are now.
func (f *Factory) changeAccounts(ctx context.Context, names []string, change func(context.Context, *manager.Manager, ...string) ([]*store.Account, error)) error {
	found, err := f.locate(ctx, names...)
	if err != nil {
		return err
	}
	rows := []accountRow{}
	ids, uuids := byProvider(found)
	for _, id := range ids {
		m, err := f.Manager(ctx, id)
		if err != nil {
			return err
		}
		if _, err := change(ctx, m, uuids[id]...); err != nil {
			return err
		}
		s, err := m.Snapshot(ctx)
		if err != nil {
			return err
		}
		for _, uuid := range uuids[id] {
			if a := s.Accounts.Get(uuid); a != nil {
				rows = append(rows, f.accountRow(id, s, a))
			}
		}
	}
	return f.printChanged(rows)
}

// printChanged says of each account what it is now.
func (f *Factory) printChanged(rows []accountRow) error {
	table := &termtext.Table{}
	for _, r := range rows {
		cells := []termtext.Cell{termtext.Text(r.name), r.statusCell()}
		if r.Active {
			cells = append(cells, termtext.Text("active"))
		}
		table.Row(cells...)
	}
	return f.Print(table, rows)
}
