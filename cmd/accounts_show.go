package cmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/internal/seal"
	"github.com/kyoli-gam/kyoli/internal/termtext"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

type accountsShowOptions struct {
	Account string // "" = the active one
}

func newAccountsShowCmd(f *Factory, runF func(context.Context, *accountsShowOptions) error) *cobra.Command {
	o := &accountsShowOptions{}
	return &cobra.Command{
		Use:               "show [ACCOUNT]",
		Short:             "Show one account, without its tokens",
		Long:              "Shows one account, the active one where none is named. Never a token.",
		Example:           "  kyoli accounts show work\n  kyoli accounts show work --json",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeAccounts(f, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				if o.Account = args[0]; o.Account == "" { // a script's unset variable
					return usageErrorf("kyoli accounts list", "the name of the account is empty")
				}
			}
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runAccountsShow(cmd.Context(), f, o)
		},
	}
}

func runAccountsShow(ctx context.Context, f *Factory, o *accountsShowOptions) error {
	l, err := f.oneOrActive(ctx, o.Account)
	if err != nil {
		return err
	}
	m, err := f.Manager(ctx, l.provider)
	if err != nil {
		return err
	}
	s, err := m.Snapshot(ctx)
	if err != nil {
		return err
	}
	a := s.Accounts.Get(l.account.UUID)
	if a == nil {
		return &store.UnknownAccountError{Name: l.account.Name(), File: m.Store().Path()}
	}
	row := f.accountRow(l.provider, s, a)
	return f.Print(showTable(row), row)
}

// oneOrActive is the account of that name; for no name the active one of the only
// provider that has accounts.
func (f *Factory) oneOrActive(ctx context.Context, name string) (located, error) {
	if name != "" {
		found, err := f.locate(ctx, name)
		if err != nil {
			return located{}, err
		}
		return found[0], nil
	}
	id, err := f.OneProvider(ctx)
	if err != nil {
		return located{}, err
	}
	accounts, err := f.load(ctx, id)
	if err != nil {
		return located{}, err
	}
	a := accounts.Get(accounts.Active)
	if a == nil {
		return located{}, failf(exitNoAccount, "kyoli accounts use ACCOUNT", "no account of provider %s is active", id)
	}
	return located{id, a}, nil
}

func showTable(r accountRow) *termtext.Table {
	table := &termtext.Table{}
	row := func(key string, value termtext.Cell) {
		table.Row(termtext.Cell{Text: key, Style: termtext.Faint}, value)
	}
	row("provider", termtext.Text(r.Provider))
	row("uuid", termtext.Text(r.UUID))
	row("label", termtext.Text(r.Label))
	row("email", termtext.Text(r.Email))
	row("plan", r.planCell())
	row("status", r.statusCell())
	if r.Reason != "" {
		row("reason", termtext.Text(r.Reason))
	}
	row("active", termtext.Text(yesNo(r.Active)))
	row("enabled", termtext.Text(yesNo(r.Enabled)))
	row("5h", r.window(fiveHour))
	row("7d", r.window(sevenDay))
	row("7d sonnet", r.window(sevenDaySonnet))
	row("token expires", timeCell(r.ExpiresAt, r.now))
	row("tokens", termtext.Text(sealedText(r.Sealed)))
	row("limited until", timeCell(r.RateLimitResetAt, r.now))
	row("last used", timeCell(r.LastUsed, r.now))
	row("held by", r.holders())
	return table
}

func sealedText(scheme string) string {
	switch seal.Scheme(scheme) {
	case seal.Keyring:
		return "sealed (key in the keyring)"
	case seal.Age:
		return "sealed (age identity)"
	}
	return "not sealed"
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
