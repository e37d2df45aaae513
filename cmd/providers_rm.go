package cmd

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/pkg/provider"
)

type providersRmOptions struct {
	Provider string
	Yes      bool
}

func newProvidersRmCmd(f *Factory, runF func(context.Context, *providersRmOptions) error) *cobra.Command {
	o := &providersRmOptions{}
	cmd := &cobra.Command{
		Use:     "rm PROVIDER",
		Aliases: []string{"remove"},
		Short:   "Take an adapter out of kyoli.yaml",
		Long: `Takes an adapter out of kyoli.yaml, with the comments inside it and the settings
of its provider. One that has accounts is refused; a built-in one becomes what it
was without kyoli.yaml.

Asks first; --yes answers.`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeCheckable(f),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Provider = args[0]
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runProvidersRm(cmd.Context(), f, o)
		},
	}
	cmd.Flags().BoolVarP(&o.Yes, "yes", "y", false, "do not ask")
	return cmd
}

func runProvidersRm(ctx context.Context, f *Factory, o *providersRmOptions) error {
	c, err := f.Config()
	if err != nil {
		return err
	}
	if _, there := c.Adapters()[o.Provider]; !there {
		return usageErrorf("kyoli providers list", "%s has no adapter %q", c.File, o.Provider)
	}
	own := !slices.Contains(provider.Names(nil), o.Provider)
	if own {
		if err := f.refuseWithAccounts(ctx, o.Provider); err != nil {
			return err
		}
	}
	if !o.Yes {
		yes, err := f.Confirm(fmt.Sprintf("remove the adapter %s from %s?", shown(o.Provider), c.File))
		if err != nil {
			return failf(exitCode(err), "kyoli providers rm --yes "+quoteWord(o.Provider), "%w", err)
		}
		if !yes {
			return failf(exitCancelled, "", "nothing was removed")
		}
	}
	if err := c.RemoveAdapter(ctx, o.Provider, own); err != nil {
		return err
	}
	f.Note("%s: removed from %s", o.Provider, c.File)
	return nil
}

// refuseWithAccounts keeps accounts from being left where no command finds them.
// One that is wrong or incomplete cannot be asked.
func (f *Factory) refuseWithAccounts(ctx context.Context, id string) error {
	if r, err := f.Registry(); err != nil || !slices.Contains(r.IDs(), id) {
		return nil //nolint:nilerr // this command is a way out of a wrong adapter
	}
	accounts, err := f.load(ctx, id)
	if err != nil {
		return err
	}
	if len(accounts.List) > 0 {
		return failf(exitGeneral, "kyoli accounts rm --all --provider "+id, "%s has accounts, which no command would find any more", id)
	}
	return nil
}
