package cmd

import (
	"context"

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
		newAccountsRmCmd(f, nil), newAccountsExportCmd(f),
	)
	return cmd
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
		rows = append(rows, f.rowsOf(id, s, uuids[id])...)
	}
	return f.printChanged(rows)
}

// printChanged says of each account what it is now.
func (f *Factory) printChanged(rows []accountRow) error {
	table := &termtext.Table{}
	for i := range rows {
		r := &rows[i]
		cells := []termtext.Cell{termtext.Text(r.name), r.statusCell()}
		if r.Active {
			cells = append(cells, termtext.Text("active"))
		}
		table.Row(cells...)
	}
	return f.Print(table, rows)
}
