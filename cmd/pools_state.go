package cmd

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/pkg/manager/pools"
)

type poolsStateOptions struct {
	Pools []string
}

func newPoolsEnableCmd(f *Factory, runF func(context.Context, *poolsStateOptions) error) *cobra.Command {
	return newPoolsStateCmd(f, "enable", "Enable pools", true, runF)
}

func newPoolsDisableCmd(f *Factory, runF func(context.Context, *poolsStateOptions) error) *cobra.Command {
	return newPoolsStateCmd(f, "disable", "Leave pools out until they are enabled again", false, runF)
}

func newPoolsStateCmd(f *Factory, verb, short string, enabled bool, runF func(context.Context, *poolsStateOptions) error) *cobra.Command {
	o := &poolsStateOptions{}
	return &cobra.Command{
		Use:               verb + " POOL…",
		Short:             short,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: completePools(f, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Pools = args
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runPoolsState(cmd.Context(), f, o, enabled)
		},
	}
}

func runPoolsState(ctx context.Context, f *Factory, o *poolsStateOptions, enabled bool) error {
	c, names, err := f.updatePools(ctx, func(c *pools.Config) error {
		for _, name := range o.Pools {
			p, err := c.Pool(name)
			if err != nil {
				return err
			}
			p.Enabled = enabled
		}
		return nil
	})
	if err != nil {
		return err
	}
	return f.printPools(c, names, o.Pools)
}

// printPools prints some pools.
func (f *Factory) printPools(c *pools.Config, names memberNames, some []string) error {
	rows := []poolRow{}
	for _, name := range some {
		p, err := c.Pool(name)
		if err != nil {
			return err
		}
		rows = append(rows, newPoolRow(p, c, names))
	}
	return f.Print(poolTable(rows), rows)
}

type poolsRmOptions struct {
	Pools []string
	Yes   bool
}

func newPoolsRmCmd(f *Factory, runF func(context.Context, *poolsRmOptions) error) *cobra.Command {
	o := &poolsRmOptions{}
	cmd := &cobra.Command{
		Use:               "rm POOL…",
		Short:             "Remove pools; their accounts stay",
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: completePools(f, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Pools = args
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runPoolsRm(cmd.Context(), f, o)
		},
	}
	cmd.Flags().BoolVarP(&o.Yes, "yes", "y", false, "do not ask")
	return cmd
}

func runPoolsRm(ctx context.Context, f *Factory, o *poolsRmOptions) error {
	before, err := f.loadPools(ctx)
	if err != nil {
		return err
	}
	for _, name := range o.Pools {
		if _, err := before.Pool(name); err != nil {
			return err
		}
	}
	if err := f.confirmRemoval(o.Yes, kindPool, o.Pools); err != nil {
		return err
	}
	_, names, err := f.updatePools(ctx, func(c *pools.Config) error {
		for _, name := range o.Pools {
			if err := c.RemovePool(name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return f.printPools(before, names, o.Pools)
}

// confirmRemoval asks before pools or chains are removed, unless yes.
func (f *Factory) confirmRemoval(yes bool, kind string, names []string) error {
	if yes {
		return nil
	}
	what := kind
	if len(names) > 1 {
		what += "s"
	}
	ok, err := f.Confirm(fmt.Sprintf("Remove %s %s?", what, strings.Join(names, ", ")))
	if err == nil && !ok {
		err = failf(exitCancelled, "", "nothing was removed")
	}
	return err
}
