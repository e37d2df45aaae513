package cmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/internal/termtext"
)

func newPoolsCmd(f *Factory) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "pools",
		Aliases: []string{"pool"},
		Short:   "Name sets of accounts",
		Long: `A pool is a named set of accounts of one provider. "kyoli exec --pool NAME"
chooses from it only; where an account of it is limited, the others of the same
pool are tried first, and then the chains ("kyoli chains").

Pools and chains are kept in multiauth-pools.json, which the OpenCode plugins use
as well: in ./.opencode where that file exists, else beside the accounts.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		newPoolsListCmd(f, nil), newPoolsShowCmd(f, nil), newPoolsCreateCmd(f, nil),
		newPoolsAddCmd(f, nil), newPoolsRemoveCmd(f, nil),
		newPoolsEnableCmd(f, nil), newPoolsDisableCmd(f, nil), newPoolsRmCmd(f, nil),
		newPlanCmd(f, kindPool, nil),
	)
	return cmd
}

type poolsListOptions struct{}

func newPoolsListCmd(f *Factory, runF func(context.Context, *poolsListOptions) error) *cobra.Command {
	o := &poolsListOptions{}
	return &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List the pools",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runPoolsList(cmd.Context(), f)
		},
	}
}

func runPoolsList(ctx context.Context, f *Factory) error {
	c, err := f.loadPools(ctx)
	if err != nil {
		return err
	}
	ids, err := f.listed()
	if err != nil {
		return err
	}
	names := f.memberNames(ctx)
	rows := []poolRow{}
	for _, p := range c.Pools {
		if f.opts.Provider == "" || p.BaseProvider == ids[0] {
			rows = append(rows, newPoolRow(p, c, names))
		}
	}
	f.warnOfPools(c, names)
	if len(rows) == 0 {
		f.Note("no pools in %s", c.Path())
	}
	return f.Print(poolTable(rows), rows)
}

type poolsShowOptions struct {
	Pool string
}

func newPoolsShowCmd(f *Factory, runF func(context.Context, *poolsShowOptions) error) *cobra.Command {
	o := &poolsShowOptions{}
	return &cobra.Command{
		Use:               "show POOL",
		Short:             "Show a pool's accounts, in their order",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completePools(f, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Pool = args[0]
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runPoolsShow(cmd.Context(), f, o)
		},
	}
}

func runPoolsShow(ctx context.Context, f *Factory, o *poolsShowOptions) error {
	c, err := f.loadPools(ctx)
	if err != nil {
		return err
	}
	p, err := c.Pool(o.Pool)
	if err != nil {
		return err
	}
	names := f.memberNames(ctx)
	row := newPoolRow(p, c, names)
	table := &termtext.Table{Heads: []string{"place", "account", "uuid"}}
	for i, m := range row.Members {
		table.Row(placeCell(i), m.cell(), termtext.Text(m.UUID))
	}
	f.warnOfPools(c, names)
	switch {
	case !p.Enabled:
		f.Note("pool %s is disabled", p.Name)
	case len(p.Members) == 0:
		f.Note("pool %s has no members", p.Name)
	}
	return f.Print(table, row)
}
