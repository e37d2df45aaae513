package cmd

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/internal/termtext"
	"github.com/kyoli-gam/kyoli/pkg/manager"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

type accountsUsageOptions struct {
	Accounts []string
	Refresh  bool
}

func newAccountsUsageCmd(f *Factory, runF func(context.Context, *accountsUsageOptions) error) *cobra.Command {
	o := &accountsUsageOptions{}
	cmd := &cobra.Command{
		Use:   "usage [ACCOUNT…]",
		Short: "Show how much of the accounts' quota is used",
		Long: `Shows how much of the quota windows is used and when they are reset, as it was
known last, of the accounts named or of all (--provider narrows).

--refresh asks the providers first: usage and profile of each account that is
enabled, or named, several at a time. What could not be asked leaves what was
known as it was. A provider of your own without usage_url is left out, unless it
or its account is named. Exit code 0 where all went well, 1 where some failed, 4
where all did.`,
		Example: `  kyoli accounts usage
  kyoli accounts usage --refresh work
  kyoli accounts usage --refresh --json | jq '.[] | {label, usage}'`,
		ValidArgsFunction: completeAccounts(f, 0),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Accounts = args
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runAccountsUsage(cmd.Context(), f, o)
		},
	}
	cmd.Flags().BoolVar(&o.Refresh, "refresh", false, "ask the providers first")
	return cmd
}

func runAccountsUsage(ctx context.Context, f *Factory, o *accountsUsageOptions) error {
	found, err := f.usageOfWhom(ctx, o)
	if err != nil {
		return err
	}
	report := &usageReport{f: f, failed: map[string]string{}}
	if o.Refresh {
		if err := report.ask(ctx, found, len(o.Accounts) > 0); err != nil {
			return err
		}
	}
	return report.print(ctx, found)
}

func (f *Factory) usageOfWhom(ctx context.Context, o *accountsUsageOptions) ([]located, error) {
	if len(o.Accounts) > 0 {
		return f.locate(ctx, o.Accounts...)
	}
	all, err := f.locateAll(ctx)
	if err == nil && len(all) == 0 {
		return nil, f.noAccounts()
	}
	return all, err
}

// usageReport asks, and tells what became of it.
type usageReport struct {
	f      *Factory
	asked  int
	failed map[string]string // what went wrong, by the uuid that was asked about
	errs   []error
}

// ask asks the providers, one after the other, about several accounts of each at
// a time. Accounts that are not to be used are asked about where they are named.
func (r *usageReport) ask(ctx context.Context, found []located, named bool) error {
	var wanted []located
	for _, l := range found {
		if named || l.account.Enabled && !l.account.IsAuthDisabled {
			wanted = append(wanted, l)
		}
	}
	line := r.f.statusLine()
	defer line.clear()
	names := map[string]string{}
	for _, l := range wanted {
		names[l.account.UUID] = l.account.Name()
	}
	ids, uuids := byProvider(wanted)
	for _, id := range ids {
		m, err := r.f.Manager(ctx, id)
		if err != nil {
			return err
		}
		if !named && r.f.opts.Provider == "" && !m.HasUsage() {
			line.clear()
			r.f.Note("%s is left out: its adapter has no usage_url", id)
			continue
		}
		line.show(fmt.Sprintf("asking %s: %d of %d", id, r.asked, len(wanted)))
		m.RefreshUsage(ctx, uuids[id], manager.UsageOptions{OnDone: func(o manager.UsageOutcome) {
			r.done(o, names[o.UUID], line)
			line.show(fmt.Sprintf("asking %s: %d of %d", id, r.asked, len(wanted)))
		}})
	}
	return ctx.Err()
}

func (r *usageReport) done(o manager.UsageOutcome, name string, line *statusLine) {
	r.asked++
	for _, err := range o.Errs {
		line.clear()
		r.f.Note("%s: %v", name, err)
		if hint := hintOf(err); hint != "" {
			r.f.Note("hint: %s", hint)
		}
		if r.failed[o.UUID] == "" {
			r.failed[o.UUID] = err.Error()
		}
		r.errs = append(r.errs, err)
	}
}

// usageOut is one account of `kyoli accounts usage --json`.
type usageOut struct {
	accountRow
	Error string `json:"error,omitempty"` // why it could not be asked about
}

func (r *usageReport) print(ctx context.Context, found []located) error {
	rows := []usageOut{}
	table := &termtext.Table{Heads: []string{"account", "plan", "5h", "reset", "7d", "reset", "7d sonnet", "as of", "provider"}}
	ids, uuids := byProvider(found)
	for _, id := range ids {
		m, err := r.f.Manager(ctx, id)
		if err != nil {
			return err
		}
		s, err := m.Snapshot(ctx)
		if err != nil {
			return err
		}
		for _, uuid := range uuids[id] {
			a := nowCalled(s.Accounts, uuid)
			if a == nil {
				continue // removed by another process meanwhile
			}
			row := usageOut{r.f.accountRow(id, s, a), r.failed[uuid]}
			rows = append(rows, row)
			table.Row(row.usageCells()...)
		}
	}
	if err := r.f.Print(table, rows); err != nil {
		return err
	}
	return r.exit()
}

// nowCalled finds an account by the uuid that it has, or had before a refresh
// brought another.
func nowCalled(accounts *store.Accounts, uuid string) *store.Account {
	if a := accounts.Get(uuid); a != nil {
		return a
	}
	for _, a := range accounts.List {
		if a.CredentialOwnerID == uuid {
			return a
		}
	}
	return nil
}

func (r *usageReport) exit() error {
	for _, err := range r.errs {
		if isStoresFault(err) {
			return err
		}
	}
	switch len(r.failed) {
	case 0:
		return nil
	case r.asked:
		return exitWith(exitLogin)
	}
	return exitWith(exitGeneral)
}

func (r usageOut) usageCells() []termtext.Cell {
	u := r.Usage
	if u == nil {
		u = &usageRow{}
	}
	return []termtext.Cell{
		termtext.Text(r.name), termtext.Text(r.PlanTier),
		windowCell(u.FiveHour, r.now), resetCell(u.FiveHour, r), windowCell(u.SevenDay, r.now), resetCell(u.SevenDay, r),
		windowCell(u.SevenDaySonnet, r.now), timeCell(u.At, r.now), termtext.Text(r.Provider),
	}
}

func resetCell(w *windowRow, r usageOut) termtext.Cell {
	if w == nil || w.ResetsAt == nil || !w.ResetsAt.After(r.now) {
		return termtext.Text("-")
	}
	return timeCell(w.ResetsAt, r.now)
}
