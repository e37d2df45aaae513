package cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/internal/atomicfile"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

type accountsExportOptions struct {
	To       string
	Accounts []string
	Force    bool
}

func newAccountsExportCmd(f *Factory, runF func(context.Context, *accountsExportOptions) error) *cobra.Command {
	o := &accountsExportOptions{}
	cmd := &cobra.Command{
		Use:   "export --to FILE",
		Short: "Write accounts with their tokens to a file (0600)",
		Long: `Writes accounts of one provider, all or those that --account names, to a file that
"kyoli accounts add" reads, permissions 0600. Whoever has the file is logged in.
Never to a terminal, a pipe or a device. A file that is there is replaced with
--force only.

A refresh token works once: after the copy has been used elsewhere, the account
here needs a new login.`,
		Example: "  kyoli accounts export --provider openai --account work --to work.json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.To == "" {
				return flagErrorf("--to FILE is required: tokens are not written to the screen")
			}
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runAccountsExport(cmd.Context(), f, o)
		},
	}
	cmd.Flags().StringVar(&o.To, "to", "", "the `file` to write")
	cmd.Flags().StringArrayVarP(&o.Accounts, "account", "a", nil, "only this `account` (may be repeated)")
	cmd.Flags().BoolVar(&o.Force, "force", false, "replace the file where it is there")
	_ = cmd.RegisterFlagCompletionFunc("account", completeAccounts(f, 0))
	return cmd
}

func runAccountsExport(ctx context.Context, f *Factory, o *accountsExportOptions) error {
	if err := o.checkTarget(); err != nil {
		return err
	}
	id, uuids, err := f.toExport(ctx, o.Accounts)
	if err != nil {
		return err
	}
	accounts, err := f.load(ctx, id)
	if err != nil {
		return err
	}
	data, err := accounts.Export(id, uuids...)
	if err != nil {
		return err
	}
	switch err := atomicfile.Write(o.To, append(data, '\n'), atomicfile.Options{NoReplace: !o.Force}); {
	case errors.Is(err, fs.ErrExist):
		return o.exists()
	case err != nil:
		return &store.WriteError{Path: o.To, Err: err}
	}
	f.Note("%d of the accounts of %s written to %s; whoever has this file is logged in", len(uuids), id, o.To)
	return nil
}

// checkTarget looks before anything is read. What is there after that is found
// when the file is written.
func (o *accountsExportOptions) checkTarget() error {
	info, err := os.Stat(o.To)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return &store.WriteError{Path: o.To, Err: err}
	case !info.Mode().IsRegular():
		return usageErrorf("kyoli accounts export --to accounts.json", "%s is not a file: tokens are written to files only", o.To)
	case !o.Force:
		return o.exists()
	}
	return nil
}

func (o *accountsExportOptions) exists() error {
	return failf(exitGeneral, "kyoli accounts export --force --to "+shellQuote(o.To), "%s is there already", o.To)
}

// toExport are the accounts that are meant, which must be of one provider: the
// file has one provider's accounts.
func (f *Factory) toExport(ctx context.Context, names []string) (id string, uuids []string, err error) {
	if len(names) > 0 {
		found, err := f.locate(ctx, names...)
		if err != nil {
			return "", nil, err
		}
		ids, by := byProvider(found)
		if len(ids) > 1 {
			return "", nil, usageErrorf("kyoli accounts export --provider "+ids[0]+" --to FILE", "the accounts are of several providers, and a file has those of one")
		}
		return ids[0], by[ids[0]], nil
	}
	if id, err = f.OneProvider(ctx); err != nil {
		return "", nil, err
	}
	accounts, err := f.load(ctx, id)
	if err != nil {
		return "", nil, err
	}
	if len(accounts.List) == 0 {
		return "", nil, fmt.Errorf("nothing to export: %w", f.noAccounts())
	}
	for _, a := range accounts.List {
		uuids = append(uuids, a.UUID)
	}
	return id, uuids, nil
}
