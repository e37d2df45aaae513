package cmd

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/internal/termtext"
	"github.com/kyoli-gam/kyoli/pkg/manager"
)

type accountsPickOptions struct {
	Wish    wish
	Explain bool
}

func newAccountsPickCmd(f *Factory, runF func(context.Context, *accountsPickOptions) error) *cobra.Command {
	o := &accountsPickOptions{}
	cmd := &cobra.Command{
		Use:   "pick",
		Short: "Show which account exec would take now, and why",
		Long: `Shows the account that "kyoli exec" with the same flags would take now, and changes
nothing: the account is not claimed, and a turn is not used up.

--explain shows every account with its score under the hybrid strategy and what
that is made of, and why it was chosen or passed over.`,
		Example: `  kyoli accounts pick
  kyoli accounts pick --explain --strategy hybrid
  kyoli accounts pick --pool work --json | jq -r .uuid`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.Wish.validate(); err != nil {
				return err
			}
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runAccountsPick(cmd.Context(), f, o)
		},
	}
	o.Wish.addFlags(f, cmd)
	cmd.Flags().BoolVar(&o.Explain, "explain", false, "show all accounts, and why each was chosen or passed over")
	return cmd
}

// pickRow is `kyoli accounts pick --json`: the account, if one could be had, and
// why it was chosen.
type pickRow struct {
	*accountRow
	Strategy   string         `json:"strategy,omitempty"` // absent: named
	Pool       string         `json:"pool,omitempty"`
	Model      string         `json:"model,omitempty"` // of the chain's entry
	Why        string         `json:"why,omitempty"`
	Candidates []candidateRow `json:"candidates,omitempty"` // with --explain
}

// candidateRow is one account of `kyoli accounts pick --explain --json`.
type candidateRow struct {
	accountRow
	Chosen bool          `json:"chosen"`
	Claims int           `json:"claims"` // how many others hold it
	Score  manager.Score `json:"score"`
	Why    string        `json:"why"`
}

func runAccountsPick(ctx context.Context, f *Factory, o *accountsPickOptions) error {
	id, err := o.Wish.provider(ctx, f)
	if err != nil {
		return err
	}
	m, err := f.Manager(ctx, id)
	if err != nil {
		return err
	}
	req, err := o.Wish.request(ctx, f, m)
	if err != nil {
		return err
	}
	s, err := m.Snapshot(ctx)
	if err != nil {
		return err
	}
	d, failure := m.PickFrom(s, req)
	if d == nil || d.Account == nil && !o.Explain {
		return failure
	}
	row := pickRow{Strategy: d.Strategy, Pool: d.Pool, Model: d.Model, Why: d.Why}
	var table *termtext.Table
	if d.Account != nil {
		account := f.accountRow(id, s, d.Account)
		row.accountRow = &account
		table = f.accountTable([]accountRow{account})
	}
	if o.Explain {
		for _, c := range d.Candidates {
			row.Candidates = append(row.Candidates, candidateRow{
				accountRow: f.accountRow(id, s, c.Account), Chosen: c.Chosen, Claims: c.Claims, Score: c.Score, Why: c.Why,
			})
		}
		table = explainTable(row.Candidates)
	}
	if err := f.Print(table, row); err != nil {
		return err
	}
	return failure
}

func explainTable(rows []candidateRow) *termtext.Table {
	table := &termtext.Table{Heads: []string{
		"", "account", "status", "held", "score", "usage", "pace", "health", "rest", "active", "claimed", "why", "uuid",
	}}
	points := func(p float64) termtext.Cell {
		return termtext.Cell{Text: fmt.Sprintf("%.0f", p), Full: fmt.Sprintf("%g", p)}
	}
	for _, r := range rows {
		mark, why := termtext.Cell{}, termtext.Text(r.Why)
		if r.Chosen {
			mark = termtext.Cell{Text: "→", Full: "chosen", Style: termtext.Good}
			why.Style = termtext.Good
		}
		s := r.Score
		table.Row(
			mark, termtext.Text(r.name), r.statusCell(), termtext.Text(fmt.Sprint(r.Claims)), points(s.Total),
			points(s.Usage), points(s.Pace), points(s.Health), points(s.Rest), points(s.Active), points(s.Claimed),
			why, termtext.Cell{Text: r.UUID[:min(len(r.UUID), 8)], Full: r.UUID},
		)
	}
	return table
}
