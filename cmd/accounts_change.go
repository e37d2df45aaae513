package cmd

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/pkg/manager"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// accountsOptions name accounts.
type accountsOptions struct {
	Accounts []string
}

// change is what a command does to the accounts of one provider, in one step.
type change func(context.Context, *manager.Manager, ...string) ([]*store.Account, error)

// newChangeCmd is a command that does the same to each account named.
func newChangeCmd(f *Factory, cmd *cobra.Command, do change, runF func(context.Context, *accountsOptions) error) *cobra.Command {
	o := &accountsOptions{}
	cmd.Use += " ACCOUNT…"
	cmd.Args = cobra.MinimumNArgs(1)
	cmd.ValidArgsFunction = completeAccounts(f, 0)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o.Accounts = args
		if runF != nil {
			return runF(cmd.Context(), o)
		}
		return f.changeAccounts(cmd.Context(), o.Accounts, do)
	}
	return cmd
}

func newAccountsEnableCmd(f *Factory, runF func(context.Context, *accountsOptions) error) *cobra.Command {
	return newChangeCmd(f, &cobra.Command{
		Use:   "enable",
		Short: "Enable accounts, and clear what disabled them",
		Long: `Enables accounts. Failures, and the mark that a login has ended, are cleared: the
next use tries the login again.`,
		Example: "  kyoli accounts enable work",
	}, enableAccounts, runF)
}

func newAccountsDisableCmd(f *Factory, runF func(context.Context, *accountsOptions) error) *cobra.Command {
	return newChangeCmd(f, &cobra.Command{
		Use:     "disable",
		Short:   "Disable accounts: they are not chosen, and not renewed ahead of time",
		Example: "  kyoli accounts disable work",
	}, disableAccounts, runF)
}

func newAccountsToggleCmd(f *Factory, runF func(context.Context, *accountsOptions) error) *cobra.Command {
	return newChangeCmd(f, &cobra.Command{
		Use:     "toggle",
		Short:   "Enable disabled accounts, and disable enabled ones",
		Example: "  kyoli accounts toggle work",
	}, func(ctx context.Context, m *manager.Manager, names ...string) ([]*store.Account, error) {
		return m.Toggle(ctx, names...)
	}, runF)
}

func newAccountsUseCmd(f *Factory, runF func(context.Context, *accountsOptions) error) *cobra.Command {
	cmd := newChangeCmd(f, &cobra.Command{
		Use:   "use",
		Short: "Make an account the active one of its provider",
		Long: `Makes an account the active one of its provider: the one that sync-auth writes,
and that the strategies prefer as long as it is usable.`,
		Example: "  kyoli accounts use work",
	}, useAccounts, runF)
	cmd.Use = "use ACCOUNT"
	cmd.Args = cobra.ExactArgs(1)
	cmd.ValidArgsFunction = completeAccounts(f, 1)
	return cmd
}

func useAccounts(ctx context.Context, m *manager.Manager, names ...string) ([]*store.Account, error) {
	a, err := m.Use(ctx, names[0])
	return []*store.Account{a}, err
}

func enableAccounts(ctx context.Context, m *manager.Manager, names ...string) ([]*store.Account, error) {
	return m.Enable(ctx, names...)
}

func disableAccounts(ctx context.Context, m *manager.Manager, names ...string) ([]*store.Account, error) {
	return m.Disable(ctx, names...)
}

type accountsLabelOptions struct {
	Account string
	Label   string
	Clear   bool
}

func newAccountsLabelCmd(f *Factory, runF func(context.Context, *accountsLabelOptions) error) *cobra.Command {
	o := &accountsLabelOptions{}
	cmd := &cobra.Command{
		Use:   "label ACCOUNT LABEL",
		Short: "Give an account a label",
		Long: `Gives an account a label, by which it can be named from then on. --clear takes the
label away. A label that names another account already is refused.`,
		Example:           "  kyoli accounts label work@example.com work\n  kyoli accounts label work --clear",
		Args:              cobra.RangeArgs(1, 2),
		ValidArgsFunction: completeAccounts(f, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Account = args[0]
			switch {
			case o.Clear && len(args) > 1:
				return flagErrorf("--clear and a label contradict each other")
			case !o.Clear && len(args) < 2, len(args) > 1 && strings.TrimSpace(args[1]) == "":
				return flagErrorf("give the label, or --clear to take it away")
			case !o.Clear:
				o.Label = strings.TrimSpace(args[1])
			}
			if err := checkName("the label", o.Label); err != nil {
				return err
			}
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runAccountsLabel(cmd.Context(), f, o)
		},
	}
	cmd.Flags().BoolVar(&o.Clear, "clear", false, "take the label away")
	return cmd
}

func runAccountsLabel(ctx context.Context, f *Factory, o *accountsLabelOptions) error {
	return f.changeAccounts(ctx, []string{o.Account}, func(ctx context.Context, m *manager.Manager, names ...string) ([]*store.Account, error) {
		a, err := m.SetLabel(ctx, names[0], o.Label)
		return []*store.Account{a}, err
	})
}

type accountsResetOptions struct {
	Accounts []string
	All      bool
}

func newAccountsResetCmd(f *Factory, runF func(context.Context, *accountsResetOptions) error) *cobra.Command {
	o := &accountsResetOptions{}
	cmd := &cobra.Command{
		Use:   "reset ACCOUNT… | --all",
		Short: "Clear limits and failures of accounts",
		Long: `Clears what kyoli has noted of limits and failures. Accounts that were disabled by
hand stay disabled. The provider's own limits are not changed by it.`,
		Example:           "  kyoli accounts reset work\n  kyoli accounts reset --all",
		ValidArgsFunction: completeAccounts(f, 0),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Accounts = args
			if o.All == (len(args) > 0) {
				return flagErrorf("name accounts, or give --all")
			}
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runAccountsReset(cmd.Context(), f, o)
		},
	}
	cmd.Flags().BoolVar(&o.All, "all", false, "all accounts (--provider narrows)")
	return cmd
}

func runAccountsReset(ctx context.Context, f *Factory, o *accountsResetOptions) error {
	names := o.Accounts
	if o.All {
		all, err := f.locateAll(ctx)
		if err != nil {
			return err
		}
		for _, l := range all {
			names = append(names, l.account.UUID)
		}
	}
	return f.changeAccounts(ctx, names, func(ctx context.Context, m *manager.Manager, names ...string) ([]*store.Account, error) {
		return m.Reset(ctx, names...)
	})
}
