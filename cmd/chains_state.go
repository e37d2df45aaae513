package cmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/pkg/manager/pools"
)

type chainsStateOptions struct {
	Chains  []string
	Entries []string
}

func newChainsEnableCmd(f *Factory, runF func(context.Context, *chainsStateOptions) error) *cobra.Command {
	return newChainsStateCmd(f, "enable", "Enable chains, or entries of them", true, runF)
}

func newChainsDisableCmd(f *Factory, runF func(context.Context, *chainsStateOptions) error) *cobra.Command {
	return newChainsStateCmd(f, "disable", "Leave chains, or entries of them, out until they are enabled again", false, runF)
}

func newChainsStateCmd(f *Factory, verb, short string, enabled bool, runF func(context.Context, *chainsStateOptions) error) *cobra.Command {
	o := &chainsStateOptions{}
	cmd := &cobra.Command{
		Use:   verb + " CHAIN…",
		Short: short,
		Example: `  kyoli chains ` + verb + ` fallback
  kyoli chains ` + verb + ` fallback --entry home`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: completeChains(f, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Chains = args
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runChainsState(cmd.Context(), f, o, enabled)
		},
	}
	cmd.Flags().StringArrayVar(&o.Entries, "entry", nil, "only the entries of this `pool`")
	_ = cmd.RegisterFlagCompletionFunc("entry", completePools(f, -1))
	return cmd
}

func runChainsState(ctx context.Context, f *Factory, o *chainsStateOptions, enabled bool) error {
	c, _, err := f.updatePools(ctx, func(c *pools.Config) error {
		for _, name := range o.Chains {
			ch, err := c.Chain(name)
			if err != nil {
				return err
			}
			if len(o.Entries) == 0 {
				ch.Enabled = enabled
			}
			for _, pool := range o.Entries {
				if !ch.Enable(pool, enabled) {
					return usageErrorf("kyoli chains show "+shellQuote(name), "pool %s is not in chain %s", pool, name)
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return f.printChains(c, o.Chains)
}

// printChains prints some chains.
func (f *Factory) printChains(c *pools.Config, some []string) error {
	rows := []chainRow{}
	for _, name := range some {
		ch, err := c.Chain(name)
		if err != nil {
			return err
		}
		rows = append(rows, newChainRow(ch, c))
	}
	return f.Print(chainTable(rows), rows)
}

type chainsRmOptions struct {
	Chains []string
	Yes    bool
}

func newChainsRmCmd(f *Factory, runF func(context.Context, *chainsRmOptions) error) *cobra.Command {
	o := &chainsRmOptions{}
	cmd := &cobra.Command{
		Use:               "rm CHAIN…",
		Short:             "Remove chains; their pools stay",
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: completeChains(f, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Chains = args
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runChainsRm(cmd.Context(), f, o)
		},
	}
	cmd.Flags().BoolVarP(&o.Yes, "yes", "y", false, "do not ask")
	return cmd
}

func runChainsRm(ctx context.Context, f *Factory, o *chainsRmOptions) error {
	before, err := f.loadPools(ctx)
	if err != nil {
		return err
	}
	for _, name := range o.Chains {
		if _, err := before.Chain(name); err != nil {
			return err
		}
	}
	if err := f.confirmRemoval(o.Yes, kindChain, o.Chains); err != nil {
		return err
	}
	_, _, err = f.updatePools(ctx, func(c *pools.Config) error {
		for _, name := range o.Chains {
			if err := c.RemoveChain(name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return f.printChains(before, o.Chains)
}
