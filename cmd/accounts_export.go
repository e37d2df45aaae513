package cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/internal/atomicfile"
	"github.com/kyoli-gam/kyoli/internal/termtext"
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
--force only, and one of kyoli's or OpenCode's own is not.

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
	_ = cmd.MarkFlagFilename("to", "json")
	_ = cmd.RegisterFlagCompletionFunc("account", completeAccounts(f, 0))
	return cmd
}

// exportedRow is `kyoli accounts export --json`.
type exportedRow struct {
	File     string   `json:"file"`
	Provider string   `json:"provider"`
	Accounts []string `json:"accounts"` // uuids
}

func runAccountsExport(ctx context.Context, f *Factory, o *accountsExportOptions) error {
	if err := f.checkTarget(o); err != nil {
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
	case errors.Is(err, fs.ErrNotExist):
		return withHint(&store.WriteError{Path: o.To, Err: err}, "mkdir -p "+shellQuote(filepath.Dir(o.To)))
	case err != nil:
		return &store.WriteError{Path: o.To, Err: err}
	}
	if f.structured() {
		return f.Print(&termtext.Table{}, exportedRow{o.To, id, uuids})
	}
	f.Note("wrote %s of %s to %s; whoever has this file is logged in", accountCount(len(uuids)), id, o.To)
	return nil
}

func accountCount(n int) string {
	if n == 1 {
		return "1 account"
	}
	return fmt.Sprintf("%d accounts", n)
}

// checkTarget looks before anything is read. What is there after that is found
// when the file is written.
func (f *Factory) checkTarget(o *accountsExportOptions) error {
	const instead = "kyoli accounts export --to accounts.json"
	if o.To == "-" {
		return usageErrorf(instead, "--to -: tokens are written to files only, never to stdout")
	}
	info, err := os.Stat(o.To)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return &store.WriteError{Path: o.To, Err: err}
	case !info.Mode().IsRegular():
		return usageErrorf(instead, "%s is not a file: tokens are written to files only", o.To)
	}
	own, err := f.ownFiles()
	if err != nil {
		return err
	}
	for _, path := range own {
		if mine, err := os.Stat(path); err == nil && os.SameFile(info, mine) {
			return usageErrorf(instead, "%s is in use by kyoli or OpenCode, and an export would replace what is in it", o.To)
		}
	}
	if !o.Force {
		return o.exists()
	}
	return nil
}

// ownFiles are files that an export must not replace, even by force: other
// accounts would be lost.
func (f *Factory) ownFiles() ([]string, error) {
	r, err := f.Registry()
	if err != nil {
		return nil, err
	}
	c, err := f.Config()
	if err != nil {
		return nil, err
	}
	files := []string{c.File}
	for _, a := range r.All() {
		files = append(files, filepath.Join(c.Dir, a.AccountsFile))
	}
	if place, err := f.authPlace(""); err == nil {
		files = append(files, place.AuthPath)
	}
	return files, nil
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
			return "", nil, usageErrorf("kyoli accounts export --provider "+ids[0]+" --to FILE",
				"the accounts are of several providers, and a file has those of one")
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
