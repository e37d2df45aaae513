package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/internal/termtext"
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
itself is not ended at the provider. Where the active account goes, the first
that remains becomes active; where the last account of a provider goes, so does
its login in OpenCode's auth.json, if kyoli put it there.

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
	if err != nil || len(found) == 0 {
		return err
	}
	if !o.Yes {
		if err := f.confirmRm(found); err != nil {
			return err
		}
	}
	rows, table := []removedRow{}, &termtext.Table{}
	ids, uuids := byProvider(found)
	for _, id := range ids {
		m, err := f.Manager(ctx, id)
		if err != nil {
			return err
		}
		removed, err := m.Remove(ctx, uuids[id]...)
		if err != nil {
			return errors.Join(err, f.Print(table, rows))
		}
		for _, a := range removed {
			rows = append(rows, removedRow{id, a.UUID, a.Label, a.Email, "removed"})
			table.Row(termtext.Text(a.Name()), termtext.Text("removed"))
		}
		f.clearAuthJSON(ctx, m)
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

const namesShown = 10

func (f *Factory) confirmRm(found []located) error {
	var names []string
	for _, l := range found[:min(len(found), namesShown)] {
		names = append(names, fmt.Sprintf("%s (%s)", termtext.Clean(l.account.Name()), l.provider))
	}
	if rest := len(found) - namesShown; rest > 0 {
		names = append(names, fmt.Sprintf("and %d more", rest))
	}
	yes, err := f.Confirm("remove " + strings.Join(names, ", ") + "?")
	if err != nil {
		return err
	}
	if !yes {
		return failf(exitCancelled, "", "nothing was removed")
	}
	return nil
}
