package cmd

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/pkg/manager/pools"
)

type chainsCreateOptions struct {
	Chain string
	Pools []string
	Model string
}

func newChainsCreateCmd(f *Factory, runF func(context.Context, *chainsCreateOptions) error) *cobra.Command {
	o := &chainsCreateOptions{}
	cmd := &cobra.Command{
		Use:               "create CHAIN [POOL…]",
		Short:             "Make a chain",
		Example:           `  kyoli chains create fallback work home`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: completeEntries(f, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Chain, o.Pools = args[0], args[1:]
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runChainsCreate(cmd.Context(), f, o)
		},
	}
	cmd.Flags().StringVar(&o.Model, "model", "", "`model` that takes the place of a request's in these pools")
	return cmd
}

func runChainsCreate(ctx context.Context, f *Factory, o *chainsCreateOptions) error {
	return f.changeChain(ctx, o.Chain, func(c *pools.Config) error {
		ch, err := c.AddChain(o.Chain)
		if err != nil {
			return err
		}
		return ch.Add(0, o.Model, o.Pools...)
	})
}

type chainsAddOptions struct {
	Chain string
	Pools []string
	Model string
	At    int
}

func newChainsAddCmd(f *Factory, runF func(context.Context, *chainsAddOptions) error) *cobra.Command {
	o := &chainsAddOptions{}
	cmd := &cobra.Command{
		Use:   "add CHAIN POOL…",
		Short: "Add pools to a chain",
		Long: `Adds pools at the end of a chain, or at a place of it (--at 1 = first), to which an
entry that is in the chain already is moved.`,
		Example: `  kyoli chains add fallback spare
  kyoli chains add fallback work --model gpt-5-mini`,
		Args:              cobra.MinimumNArgs(2),
		ValidArgsFunction: completeEntries(f, 0),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Chain, o.Pools = args[0], args[1:]
			if err := checkPlace(cmd, o.At); err != nil {
				return err
			}
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runChainsAdd(cmd.Context(), f, o)
		},
	}
	cmd.Flags().StringVar(&o.Model, "model", "", "`model` that takes the place of a request's in these pools")
	cmd.Flags().IntVar(&o.At, "at", 0, "put them at this `place`, 1 = first (default: the end)")
	return cmd
}

func runChainsAdd(ctx context.Context, f *Factory, o *chainsAddOptions) error {
	return f.changeChain(ctx, o.Chain, func(c *pools.Config) error {
		ch, err := c.Chain(o.Chain)
		if err != nil {
			return err
		}
		return ch.Add(o.At, o.Model, o.Pools...)
	})
}

type chainsRemoveOptions struct {
	Chain string
	Pools []string
	Model string
}

func newChainsRemoveCmd(f *Factory, runF func(context.Context, *chainsRemoveOptions) error) *cobra.Command {
	o := &chainsRemoveOptions{}
	cmd := &cobra.Command{
		Use:               "remove CHAIN POOL…",
		Short:             "Take pools out of a chain",
		Args:              cobra.MinimumNArgs(2),
		ValidArgsFunction: completeEntries(f, 0),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Chain, o.Pools = args[0], args[1:]
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runChainsRemove(cmd.Context(), f, o)
		},
	}
	cmd.Flags().StringVar(&o.Model, "model", "", "only the entries with this `model`")
	return cmd
}

func runChainsRemove(ctx context.Context, f *Factory, o *chainsRemoveOptions) error {
	return f.changeChain(ctx, o.Chain, func(c *pools.Config) error {
		ch, err := c.Chain(o.Chain)
		if err != nil {
			return err
		}
		if missing := ch.Remove(o.Model, o.Pools...); len(missing) > 0 {
			return usageErrorf("kyoli chains show "+shellQuote(o.Chain), "not in chain %s: %s", o.Chain, strings.Join(missing, ", "))
		}
		return nil
	})
}

// changeChain changes the file and prints what has become of a chain.
func (f *Factory) changeChain(ctx context.Context, name string, fn func(*pools.Config) error) error {
	c, _, err := f.updatePools(ctx, fn)
	if err != nil {
		return err
	}
	ch, err := c.Chain(name)
	if err != nil {
		return err
	}
	row := newChainRow(ch, c)
	return f.Print(chainTable([]chainRow{row}), row)
}

// completeEntries completes a chain where the first argument is one that there
// is (from = 0), and pools behind it.
func completeEntries(f *Factory, from int) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
		switch {
		case len(args) > 0:
			return completePools(f, -1)(cmd, args, toComplete)
		case from > 0:
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return completeChains(f, 1)(cmd, args, toComplete)
	}
}
