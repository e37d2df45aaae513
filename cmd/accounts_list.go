package cmd

import (
	"context"

	"github.com/spf13/cobra"
)

type accountsListOptions struct {
	NoMigrate bool
	Watch     bool
}

func newAccountsListCmd(f *Factory, runF func(context.Context, *accountsListOptions) error) *cobra.Command {
	o := &accountsListOptions{}
	cmd := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List the accounts",
		Long: `Lists the accounts of all providers (--provider narrows): label, e-mail, plan,
status, how much of the five hours' and the seven days' quota is used, when the
access token expires, when the limit or the window that is used most is reset,
who holds the account, and which one is active (*).

The status is the first of these that holds; people read it in words:

  disabled       by you; kyoli accounts enable
  auth-disabled  its login no longer works: kyoli login --account NAME
  rate-limited   until the time under RESET
  cooling-down   it answered 429 less than 30 seconds ago
  over-quota     above soft_quota_threshold_percent
  expired        usable: its access token is renewed first
  ready          usable

Without a terminal: tab-separated, in the order label, e-mail, plan, status, 5 h
percent, 7 d percent, expiry, reset, holders, active, provider, uuid.

--watch goes on until it is interrupted. On a terminal the list fills the screen,
with resets that count down; q ends it, too. Elsewhere the list is written again,
after an empty line, whenever it has changed; with --json each list is one line.`,
		Example: `  kyoli accounts list
  kyoli accounts list --watch
  kyoli accounts list --json | jq -r '.[] | select(.usable) | .label'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runAccountsList(cmd.Context(), f, o)
		},
	}
	addNoMigrateFlag(cmd, &o.NoMigrate)
	cmd.Flags().BoolVarP(&o.Watch, "watch", "w", false, "go on, and show what changes, until interrupted")
	return cmd
}

func runAccountsList(ctx context.Context, f *Factory, o *accountsListOptions) error {
	if o.Watch {
		if !o.NoMigrate {
			if err := f.firstUse(ctx); err != nil {
				return err
			}
		}
		return runAccountsWatch(ctx, f)
	}
	rows, err := f.accountRows(ctx)
	if err == nil && len(rows) == 0 && !o.NoMigrate {
		if err = f.firstUse(ctx); err == nil {
			rows, err = f.accountRows(ctx)
		}
	}
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		none := f.noAccounts()
		f.Note("%v\nhint: %s", none, hintOf(none))
	}
	return f.Print(f.accountTable(rows), rows)
}

// accountRows are the accounts of the providers that the command is about.
func (f *Factory) accountRows(ctx context.Context) ([]accountRow, error) {
	rows := []accountRow{}
	ids, err := f.listed()
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		m, err := f.Manager(ctx, id)
		if err != nil {
			return nil, err
		}
		s, err := m.Snapshot(ctx)
		if err != nil {
			return nil, err
		}
		for _, a := range s.Accounts.List {
			rows = append(rows, f.accountRow(id, s, a))
		}
	}
	return rows, nil
}
