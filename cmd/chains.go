package cmd

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/internal/termtext"
	"github.com/kyoli-gam/kyoli/pkg/manager/pools"
)

func newChainsCmd(f *Factory) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "chains",
		Aliases: []string{"chain"},
		Short:   "Order pools for failover",
		Long: `A chain is a list of pools in the order in which to try them. Where an account is
limited, the rest of its pool is tried, then the entries of all enabled chains.
"kyoli exec --chain NAME" chooses from the chain's pools only, in their order. An
entry may name a model, which takes the place of the one that a request asks for.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		newChainsListCmd(f, nil), newChainsShowCmd(f, nil), newChainsCreateCmd(f, nil),
		newChainsAddCmd(f, nil), newChainsRemoveCmd(f, nil),
		newChainsEnableCmd(f, nil), newChainsDisableCmd(f, nil), newChainsRmCmd(f, nil),
		newPlanCmd(f, kindChain, nil),
	)
	return cmd
}

// chainRow is `kyoli chains show --json`, and one of `kyoli chains list --json`.
type chainRow struct {
	Name    string     `json:"name"`
	Enabled bool       `json:"enabled"`
	Entries []entryRow `json:"entries"`
}

// entryRow is a pool in a chain.
type entryRow struct {
	Pool    string `json:"pool"`
	Model   string `json:"model,omitempty"`
	Enabled bool   `json:"enabled"`
	Known   bool   `json:"known"` // there is such a pool
}

func newChainRow(ch *pools.Chain, c *pools.Config) chainRow {
	row := chainRow{Name: ch.Name, Enabled: ch.Enabled, Entries: []entryRow{}}
	known := c.PoolNames()
	for _, e := range ch.Entries {
		row.Entries = append(row.Entries, entryRow{
			Pool: e.Pool, Model: e.Model, Enabled: e.Enabled, Known: slices.Contains(known, e.Pool),
		})
	}
	return row
}

func chainTable(rows []chainRow) *termtext.Table {
	table := &termtext.Table{Heads: []string{"chain", "state", "pools"}}
	for _, r := range rows {
		var entries []string
		for _, e := range r.Entries {
			text := e.Pool
			if e.Model != "" {
				text += " (" + e.Model + ")"
			}
			entries = append(entries, text)
		}
		table.Row(termtext.Text(r.Name), enabledCell(r.Enabled), termtext.Text(strings.Join(entries, ", ")))
	}
	return table
}

func (e entryRow) stateCell() termtext.Cell {
	if !e.Known {
		return termtext.Cell{Text: "no such pool", Style: termtext.Warn}
	}
	return enabledCell(e.Enabled)
}

type chainsListOptions struct{}

func newChainsListCmd(f *Factory, runF func(context.Context, *chainsListOptions) error) *cobra.Command {
	o := &chainsListOptions{}
	return &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List the chains",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runChainsList(cmd.Context(), f)
		},
	}
}

func runChainsList(ctx context.Context, f *Factory) error {
	c, err := f.loadPools(ctx)
	if err != nil {
		return err
	}
	rows := []chainRow{}
	for _, ch := range c.Chains {
		rows = append(rows, newChainRow(ch, c))
	}
	f.warnOfPools(c, f.memberNames(ctx))
	if len(rows) == 0 {
		f.Note("no chains in %s", c.Path())
	}
	return f.Print(chainTable(rows), rows)
}

type chainsShowOptions struct {
	Chain string
}

func newChainsShowCmd(f *Factory, runF func(context.Context, *chainsShowOptions) error) *cobra.Command {
	o := &chainsShowOptions{}
	return &cobra.Command{
		Use:               "show CHAIN",
		Short:             "Show a chain's pools, in their order",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeChains(f, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Chain = args[0]
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runChainsShow(cmd.Context(), f, o)
		},
	}
}

func runChainsShow(ctx context.Context, f *Factory, o *chainsShowOptions) error {
	c, err := f.loadPools(ctx)
	if err != nil {
		return err
	}
	ch, err := c.Chain(o.Chain)
	if err != nil {
		return err
	}
	row := newChainRow(ch, c)
	table := &termtext.Table{Heads: []string{"place", "pool", "model", "state"}}
	for i, e := range row.Entries {
		table.Row(placeCell(i), termtext.Text(e.Pool), termtext.Text(e.Model), e.stateCell())
	}
	f.warnOfPools(c, f.memberNames(ctx))
	switch {
	case !ch.Enabled:
		f.Note("chain %s is disabled", ch.Name)
	case len(ch.Entries) == 0:
		f.Note("chain %s has no pools", ch.Name)
	}
	return f.Print(table, row)
}
