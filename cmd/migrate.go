package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/internal/termtext"
	"github.com/kyoli-gam/kyoli/pkg/migrate"
)

func newMigrateCmd(f *Factory) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Take over logins that another program has",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newMigrateAuthJSONCmd(f, nil))
	return cmd
}

type migrateOptions struct {
	Path   string
	Merge  bool
	DryRun bool
}

func newMigrateAuthJSONCmd(f *Factory, runF func(context.Context, *migrateOptions) error) *cobra.Command {
	o := &migrateOptions{}
	cmd := &cobra.Command{
		Use:   "auth-json",
		Short: "Take over the logins in OpenCode's auth.json",
		Long: `Takes the OAuth logins of OpenCode's auth.json over as accounts: all of them, or
with --provider that provider's. auth.json itself is never changed, and taking
over twice changes nothing. API keys and logins by a well-known address are no
accounts; they are named and skipped.

A provider that has accounts already is left alone. --merge adds to it: a login
of an account that is there brings that account up to date, another becomes an
account.

From now on kyoli and OpenCode have the same refresh token, which works once.
kyoli takes over what OpenCode renews by itself, and hands OpenCode what kyoli
renews.`,
		Example: `  kyoli migrate auth-json --dry-run
  kyoli migrate auth-json --provider openai --merge
  kyoli migrate auth-json --path /mnt/old-home/.local/share/opencode/auth.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := validatePath(cmd, o.Path); err != nil {
				return err
			}
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runMigrate(cmd.Context(), f, o)
		},
	}
	addPathFlag(cmd, &o.Path)
	cmd.Flags().BoolVar(&o.Merge, "merge", false, "also where there are accounts already")
	cmd.Flags().BoolVarP(&o.DryRun, "dry-run", "n", false, "show what would be done and change nothing")
	return cmd
}

// addPathFlag adds --path, which names another auth.json than OpenCode's own.
func addPathFlag(cmd *cobra.Command, path *string) {
	cmd.Flags().StringVar(path, "path", "", "this auth.json `file` instead of OpenCode's own")
	_ = cmd.MarkFlagFilename("path", "json")
}

// validatePath refuses --path "": a script's unset variable must not stand for
// the user's own file.
func validatePath(cmd *cobra.Command, path string) error {
	if path == "" && cmd.Flags().Changed("path") {
		return flagErrorf(`--path "": want the name of a file`)
	}
	return nil
}

func runMigrate(ctx context.Context, f *Factory, o *migrateOptions) error {
	if f.opts.Provider != "" {
		if _, err := f.Adapter(f.opts.Provider); err != nil {
			return err
		}
	}
	logins, err := f.logins()
	if err != nil {
		return err
	}
	place, err := f.authPlace(o.Path)
	if err != nil {
		return err
	}
	f.heal(ctx)
	if _, err := os.Stat(place.AuthPath); errors.Is(err, os.ErrNotExist) {
		return withHint(fmt.Errorf("there is no %s: OpenCode has no login here", place.AuthPath), "opencode auth login")
	}
	rows, err := migrate.Import(ctx, place, migrate.ImportOptions{
		Logins: logins, Only: f.opts.Provider, Merge: o.Merge, DryRun: o.DryRun,
	})
	if err != nil && len(rows) == 0 {
		return fileError(err)
	}
	if perr := f.printMigrated(rows); perr != nil {
		return perr
	}
	f.sayMigrated(o, place, rows)
	var refused *migrate.NotEmptyError
	if errors.As(err, &refused) {
		return withHint(err, o.again()+" --merge")
	}
	return fileError(err)
}

// again is the command line of these options, to be pasted.
func (o *migrateOptions) again() string {
	line := "kyoli migrate auth-json"
	if o.Path != "" {
		line += " --path " + shellQuote(o.Path)
	}
	return line
}

// migrateRow is one entry in `kyoli migrate auth-json --json`.
type migrateRow struct {
	Entry    string `json:"entry"`
	Type     string `json:"type"`
	Provider string `json:"provider,omitempty"`
	Account  string `json:"account,omitempty"`
	UUID     string `json:"uuid,omitempty"`
	Result   string `json:"result"`
	Why      string `json:"why,omitempty"`
}

func (f *Factory) printMigrated(rows []migrate.Row) error {
	styles := map[string]termtext.Style{
		migrate.ImportCreated: termtext.Good, migrate.ImportUpdated: termtext.Good, migrate.ImportSkipped: termtext.Faint,
	}
	table := &termtext.Table{Heads: []string{"entry", "type", "account", "result", "why"}}
	list := []migrateRow{}
	for _, r := range rows {
		table.Row(termtext.Text(r.Key), termtext.Text(string(r.Type)), termtext.Text(r.Account),
			termtext.Cell{Text: r.Result, Style: styles[r.Result]}, termtext.Text(r.Why))
		list = append(list, migrateRow{
			Entry: r.Key, Type: string(r.Type), Provider: r.Provider,
			Account: r.Account, UUID: r.UUID, Result: r.Result, Why: r.Why,
		})
	}
	return f.Print(table, list)
}

func (f *Factory) sayMigrated(o *migrateOptions, place migrate.Place, rows []migrate.Row) {
	switch {
	case len(rows) == 0 && f.opts.Provider != "":
		f.Note("%s has no login for %s", place.AuthPath, f.opts.Provider)
	case len(rows) == 0:
		f.Note("%s has no logins", place.AuthPath)
	case o.DryRun:
		f.Note("nothing was changed (--dry-run)")
	}
}
