package cmd

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/internal/env"
	"github.com/kyoli-gam/kyoli/internal/termtext"
	"github.com/kyoli-gam/kyoli/pkg/manager"
)

// Where an import comes from (--from).
const (
	fromCodex  = "codex"
	fromPlugin = "opencode-plugin"
	fromKyoli  = "kyoli"
)

var origins = []string{fromCodex, fromPlugin, fromKyoli}

type importOptions struct {
	Source string // a file, a directory, "-" = stdin, "" = From's usual place
	From   string // "" = found out
	Env    bool
	DryRun bool
	unlockOptions
}

func newImportCmd(f *Factory, runF func(context.Context, *importOptions) error) *cobra.Command {
	o := &importOptions{}
	cmd := &cobra.Command{
		Use:   "import [FILE | DIRECTORY | -]",
		Short: "Take over accounts from Codex CLI, the OpenCode plugins, or an export",
		Long: `Takes accounts over, from

  codex            Codex CLI's auth.json: $` + env.CodexHome + `, else ~/.codex
  opencode-plugin  the OpenCode plugins' directory, or one file of it: accounts,
                   pools, chains, and settings that kyoli.yaml does not have
  kyoli            what kyoli export wrote, encrypted or not
  --env            the same, in $` + env.Accounts + `, as it is or in base64

Which of them a file is, is found out; --from insists on one. Without a file,
--from codex and --from opencode-plugin look where these keep theirs. What is
imported is never changed.

An account that is there already is brought up to date where the login that is
imported is newer. It is never replaced by an older one, so that importing twice,
or an old backup, does no harm. --dry-run shows what would be done.

An encrypted export is opened by --identity's keys, or by its passphrase, which is
asked for on the terminal (or --passphrase-file, or $` + env.Passphrase + `).

For one login from elsewhere there is kyoli accounts add, for OpenCode's auth.json
kyoli migrate auth-json.`,
		Example: `  kyoli import --from codex --dry-run
  kyoli import ~/old-home/.config/opencode
  kyoli import accounts.age --identity key.txt
  kyoli import --env`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				o.Source = args[0]
			}
			if err := o.validate(cmd, args); err != nil {
				return err
			}
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runImport(cmd.Context(), f, o)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&o.From, "from", "", "insist on this `origin`: "+strings.Join(origins, ", "))
	fs.BoolVar(&o.Env, "env", false, "import $"+env.Accounts)
	fs.BoolVarP(&o.DryRun, "dry-run", "n", false, "show what would be done and change nothing")
	o.addFlags(cmd)
	_ = cmd.RegisterFlagCompletionFunc("from", fixed(origins...))
	return cmd
}

func (o *importOptions) validate(cmd *cobra.Command, args []string) error {
	switch {
	case o.From != "" && !slices.Contains(origins, o.From):
		return flagErrorf("--from %q: one of %s", o.From, strings.Join(origins, ", "))
	case len(args) > 0 && o.Source == "":
		return flagErrorf("the name of the file is empty")
	case o.PassphraseFile == "" && cmd.Flags().Changed("passphrase-file"):
		return flagErrorf(`--passphrase-file "": want the name of a file`)
	case o.Env && o.Source != "":
		return flagErrorf("--env and a file contradict each other")
	case o.Env && o.From != "" && o.From != fromKyoli:
		return flagErrorf("--env and --from %s contradict each other", o.From)
	case !o.Env && o.Source == "" && (o.From == "" || o.From == fromKyoli):
		return flagErrorf("say what to import: a file, --from codex, --from opencode-plugin, or --env")
	}
	return nil
}

// What a row of an import is about, beside kindPool and kindChain.
const (
	kindOfAccount = "account"
	kindOfSetting = "setting"
)

// importRow is one row of `kyoli import --json`.
type importRow struct {
	Kind     string `json:"kind"` // account, pool, chain, setting
	Name     string `json:"name"`
	Provider string `json:"provider"`
	UUID     string `json:"uuid,omitempty"`
	Source   string `json:"source"`
	Result   string `json:"result"`
	Why      string `json:"why,omitempty"`
}

// Results of rows.
const (
	resultCreated   = "created"
	resultUpdated   = "updated"
	resultUnchanged = "unchanged"
	resultSkipped   = "skipped"
)

var importResults = map[manager.AddResult]string{
	manager.Added: resultCreated, manager.Updated: resultUpdated,
	manager.Unchanged: resultUnchanged, manager.Skipped: resultSkipped,
}

func runImport(ctx context.Context, f *Factory, o *importOptions) error {
	if f.opts.Provider != "" {
		if _, err := f.Adapter(f.opts.Provider); err != nil {
			return err
		}
	}
	hauls, err := f.hauls(o)
	if err != nil {
		return err
	}
	im := &importer{f: f, o: o, hauls: hauls, now: map[string]string{}}
	err = im.run(ctx)
	rows := im.rows()
	if err != nil && len(rows) == 0 {
		return err
	}
	if perr := f.printImported(rows); perr != nil {
		return perr
	}
	if err != nil {
		return err
	}
	im.say()
	return im.verdict()
}

func (f *Factory) printImported(rows []importRow) error {
	styles := map[string]termtext.Style{
		resultCreated: termtext.Good, resultUpdated: termtext.Good, resultSkipped: termtext.Faint,
	}
	table := &termtext.Table{Heads: []string{"kind", "name", "provider", "result", "why"}}
	for _, r := range rows {
		table.Row(termtext.Text(r.Kind), termtext.Text(r.Name), termtext.Text(r.Provider),
			termtext.Cell{Text: r.Result, Style: styles[r.Result]}, termtext.Text(r.Why))
	}
	return f.Print(table, rows)
}
