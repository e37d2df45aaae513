package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/internal/termtext"
	"github.com/kyoli-gam/kyoli/pkg/manager"
)

type accountsRmOptions struct {
	Accounts []string
	All      bool
	Yes      bool
}

func newAccountsRmCmd(f *Factory, runF func(context.Context, *accountsRmOptions) error) *cobra.Command {
	o := &accountsRmOptions{}
	cmd := &cobra.Command{
		Use:     "rm ACCOUNT… | --all",
		Aliases: []string{"remove"},
		Short:   "Remove accounts",
		Long: `Removes accounts, and their tokens from every copy that kyoli keeps. The login
itself is not ended at the provider, and a program that has the account goes on.
Where the active account goes, the first that remains becomes active; where the
last account of a provider goes, so does its login in OpenCode's auth.json, if
kyoli put it there.

Asks first; --yes answers. Without a terminal and without --yes nothing is
removed.`,
		Example:           "  kyoli accounts rm work\n  kyoli accounts rm --all --provider openai --yes",
		ValidArgsFunction: completeAccounts(f, 0),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Accounts = args
			if o.All == (len(args) > 0) {
				return flagErrorf("name accounts, or give --all")
			}
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runAccountsRm(cmd.Context(), f, o)
		},
	}
	cmd.Flags().BoolVar(&o.All, "all", false, "all accounts (--provider narrows)")
	cmd.Flags().BoolVarP(&o.Yes, "yes", "y", false, "do not ask")
	return cmd
}

// removedRow is `kyoli accounts rm --json`.
type removedRow struct {
	Provider string `json:"provider"`
	UUID     string `json:"uuid"`
	Label    string `json:"label"`
	Email    string `json:"email"`
	Result   string `json:"result"` // removed
}

func runAccountsRm(ctx context.Context, f *Factory, o *accountsRmOptions) error {
	found, err := f.toRemove(ctx, o)
	if err != nil {
		return err
	}
	if len(found) > 0 && !o.Yes {
		if err := f.confirmRm(ctx, found, o); err != nil {
			return err
		}
	}
	rows, table := []removedRow{}, &termtext.Table{}
	ids, uuids := byProvider(found)
	for _, id := range ids {
		some, err := f.remove(ctx, id, uuids[id])
		if err != nil {
			return errors.Join(err, f.Print(table, rows))
		}
		for _, r := range some {
			rows = append(rows, r.row)
			table.Row(termtext.Text(r.name), termtext.Text(r.row.Result))
		}
	}
	return f.Print(table, rows)
}

func (f *Factory) toRemove(ctx context.Context, o *accountsRmOptions) ([]located, error) {
	if !o.All {
		return f.locate(ctx, o.Accounts...)
	}
	all, err := f.locateAll(ctx)
	if err == nil && len(all) == 0 {
		f.Note("there are no accounts")
	}
	return all, err
}

type removedAccount struct {
	row  removedRow
	name string
}

// remove removes accounts of one provider, and says which one is active now
// where that has changed.
func (f *Factory) remove(ctx context.Context, id string, uuids []string) ([]removedAccount, error) {
	m, err := f.Manager(ctx, id)
	if err != nil {
		return nil, err
	}
	before, err := f.load(ctx, id)
	if err != nil {
		return nil, err
	}
	gone, err := m.Remove(ctx, uuids...)
	if err != nil {
		return nil, err
	}
	removed := make([]removedAccount, len(gone))
	for i, a := range gone {
		removed[i] = removedAccount{removedRow{id, a.UUID, a.Label, a.Email, "removed"}, a.Name()}
	}
	f.clearAuthJSON(ctx, m)
	after, err := f.load(ctx, id)
	if err != nil {
		return removed, err
	}
	if a := after.Get(after.Active); a != nil && after.Active != before.Active {
		f.Note("the active account of %s is %s now", id, shown(a.Name()))
	}
	return removed, nil
}

const namesShown = 10

// confirmRm asks, and names what goes, and who is using it.
func (f *Factory) confirmRm(ctx context.Context, found []located, o *accountsRmOptions) error {
	var names []string
	for _, l := range found[:min(len(found), namesShown)] {
		name := fmt.Sprintf("%s (%s)", shown(l.account.Describe()), l.provider)
		if who := f.usersOf(ctx, l); who != "" {
			name += ", in use by " + who
		}
		names = append(names, name)
	}
	if rest := len(found) - namesShown; rest > 0 {
		names = append(names, fmt.Sprintf("and %d more", rest))
	}
	question := "remove " + strings.Join(names, ", ") + "?"
	if len(names) > 1 {
		question = fmt.Sprintf("remove %d accounts?\n  %s\n", len(found), strings.Join(names, "\n  "))
	}
	yes, err := f.Confirm(question)
	if err != nil {
		return failf(exitCode(err), o.unasked(f), "%w", err)
	}
	if !yes {
		return failf(exitCancelled, "", "nothing was removed")
	}
	return nil
}

// unasked is the command line that asks nothing.
func (o *accountsRmOptions) unasked(f *Factory) string {
	words := []string{"kyoli", "accounts", "rm", "--yes"}
	if f.opts.Provider != "" {
		words = append(words, "--provider", quoteWord(f.opts.Provider))
	}
	if o.All {
		words = append(words, "--all")
	}
	for _, name := range o.Accounts {
		words = append(words, quoteWord(name))
	}
	return strings.Join(words, " ")
}

// usersOf are the programs that work with an account, as far as that can be told.
func (f *Factory) usersOf(ctx context.Context, l located) string {
	m, err := f.Manager(ctx, l.provider)
	var s *manager.Snapshot
	if err == nil {
		s, err = m.Snapshot(ctx)
	}
	if err != nil {
		f.Debugf("who uses %s: %v", l.account.Name(), err)
		return ""
	}
	r := f.accountRow(l.provider, s, l.account)
	if len(r.ClaimedBy) == 0 {
		return ""
	}
	return termtext.Clean(r.holders().Text)
}
