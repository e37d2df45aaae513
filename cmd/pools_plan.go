package cmd

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/internal/termtext"
	"github.com/kyoli-gam/kyoli/pkg/manager"
	"github.com/kyoli-gam/kyoli/pkg/manager/pools"
)

type planOptions struct {
	Pool    string
	Chain   string
	Account string
	Tried   []string
}

// newPlanCmd is `kyoli pools plan` and `kyoli chains plan`.
func newPlanCmd(f *Factory, kind string, runF func(context.Context, *planOptions) error) *cobra.Command {
	o := &planOptions{}
	cmd := &cobra.Command{
		Use:   "plan [" + strings.ToUpper(kind) + "]",
		Short: "Show the failover order, and what is skipped and why",
		Long: `Shows what is tried when an account cannot go on: the rest of its pool, then the
entries of the chains, in order, and what of it is skipped, with the reason. The
account is --account's, else the active one. What no pool names is chosen from by
the strategy, when all of the plan was tried.

` + planLong[kind],
		Example: `  kyoli ` + kind + `s plan
  kyoli ` + kind + `s plan work --tried alice@example.com`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := &o.Pool
			if kind == kindChain {
				name = &o.Chain
			}
			if len(args) > 0 {
				*name = args[0]
			}
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runPlan(cmd.Context(), f, o)
		},
	}
	cmd.ValidArgsFunction = completePools(f, 1)
	if kind == kindChain {
		cmd.ValidArgsFunction = completeChains(f, 1)
	}
	cmd.Flags().StringVarP(&o.Account, "account", "a", "", "as seen from this `account`")
	cmd.Flags().StringSliceVar(&o.Tried, "tried", nil, "`accounts` that were tried already")
	_ = cmd.RegisterFlagCompletionFunc("account", completeAccounts(f, 0))
	_ = cmd.RegisterFlagCompletionFunc("tried", completeAccounts(f, 0))
	return cmd
}

var planLong = map[string]string{
	kindPool:  "With a POOL, the plan begins with that one.",
	kindChain: "With a CHAIN, the plan is that of this chain alone.",
}

// planRow is one of `kyoli pools plan --json`.
type planRow struct {
	Order   int    `json:"order,omitempty"` // of what is tried, from 1; absent: skipped
	Source  string `json:"source"`          // pool or chain
	Pool    string `json:"pool,omitempty"`
	Chain   string `json:"chain,omitempty"`
	Entry   int    `json:"entry,omitempty"` // its place in the chain, from 1
	Model   string `json:"model,omitempty"`
	UUID    string `json:"uuid,omitempty"`
	Account string `json:"account,omitempty"`
	Skipped string `json:"skipped,omitempty"` // why
}

func runPlan(ctx context.Context, f *Factory, o *planOptions) error {
	c, err := f.loadPools(ctx)
	if err != nil {
		return err
	}
	id, err := f.poolProvider(ctx, c, o.Pool, o.Chain)
	if err != nil {
		return err
	}
	m, err := f.Manager(ctx, id)
	if err != nil {
		return err
	}
	s, err := m.Snapshot(ctx)
	if err != nil {
		return err
	}
	req, err := o.request(s)
	if err != nil {
		return err
	}
	steps, err := s.Plan(c, req)
	if err != nil {
		return err
	}
	f.warnOfPools(c, f.memberNames(ctx))
	if len(steps) == 0 {
		f.Note("no pool has the account and there are no chains: the strategy chooses (%s)", m.Settings().Strategy)
	}
	rows := planRows(steps)
	return f.Print(planTable(rows), rows)
}

// request names the accounts by uuid. A pool or chain that was asked for is
// planned from its start, where no account was.
func (o *planOptions) request(s *manager.Snapshot) (manager.PlanRequest, error) {
	req := manager.PlanRequest{Pool: o.Pool, Chain: o.Chain}
	if o.Pool == "" && o.Chain == "" {
		req.Current = s.Accounts.Active
	}
	if o.Account != "" {
		a, err := s.Accounts.Find(o.Account)
		if err != nil {
			return req, err
		}
		req.Current = a.UUID
	}
	for _, name := range o.Tried {
		a, err := s.Accounts.Find(name)
		if err != nil {
			return req, err
		}
		req.Tried = append(req.Tried, a.UUID)
	}
	return req, nil
}

// poolProvider is --provider's, else that of the pool or of the chain's first
// pool, else the only one that has accounts.
func (f *Factory) poolProvider(ctx context.Context, c *pools.Config, pool, chain string) (string, error) {
	if f.opts.Provider != "" {
		return f.OneProvider(ctx)
	}
	r, err := f.Registry()
	if err != nil {
		return "", err
	}
	names := []string{pool}
	if ch, err := c.Chain(chain); chain != "" && err == nil {
		for _, e := range ch.Entries {
			names = append(names, e.Pool)
		}
	}
	for _, name := range names {
		p, err := c.Pool(name)
		if err != nil {
			continue
		}
		if _, err := r.Get(p.BaseProvider); err == nil {
			return p.BaseProvider, nil
		}
	}
	return f.OneProvider(ctx)
}

func planRows(steps []manager.Step) []planRow {
	rows := []planRow{}
	order := 0
	for _, s := range steps {
		row := planRow{
			Source: string(s.Source), Pool: s.Pool, Chain: s.Chain, Entry: s.Entry, Model: s.Model,
			UUID: s.UUID, Skipped: s.Skip,
		}
		if s.Account != nil {
			row.Account = s.Account.Name()
		}
		if s.Skip == "" {
			order++
			row.Order = order
		}
		rows = append(rows, row)
	}
	return rows
}

func planTable(rows []planRow) *termtext.Table {
	table := &termtext.Table{Heads: []string{"order", "from", "pool", "account", "model", "skipped"}}
	for _, r := range rows {
		order := termtext.Cell{Text: "-", Style: termtext.Faint}
		if r.Order > 0 {
			order = termtext.Text(fmt.Sprint(r.Order))
		}
		from := r.Source
		if r.Chain != "" {
			from += " " + r.Chain
		}
		if r.Entry > 0 {
			from += fmt.Sprintf(", %d", r.Entry)
		}
		account := termtext.Cell{Text: r.Account, Full: r.UUID}
		if r.Account == "" {
			account.Text = r.UUID
		}
		table.Row(order, termtext.Text(from), termtext.Text(r.Pool), account, termtext.Text(r.Model),
			termtext.Cell{Text: r.Skipped, Style: termtext.Faint})
	}
	return table
}
