package cmd

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/internal/env"
	"github.com/kyoli-gam/kyoli/internal/termtext"
)

type exportOptions struct {
	To             string
	Accounts       []string
	Force          bool
	Plaintext      bool
	Armor          bool
	IfRotated      bool
	Recipients     []string
	RecipientFiles []string
	unlockOptions
}

func newExportCmd(f *Factory, runF func(context.Context, *exportOptions) error) *cobra.Command {
	o := &exportOptions{}
	cmd := &cobra.Command{
		Use:   "export [--to FILE]",
		Short: "Write accounts with their tokens, encrypted: a backup, or a CI secret",
		Long: `Writes accounts with their tokens for "kyoli import": all of them, --provider's,
or those that --account names. An export of everything has the pools and chains,
too.

It is encrypted with age (https://age-encryption.org): for the public keys that
--recipient and --recipients-file name, else with a passphrase that is asked for
on the terminal (or --passphrase-file, or $` + env.Passphrase + `). It goes to stdout,
or to --to's file.

With --plaintext it is not encrypted; it is then written to a file only, with
permissions 0600. Whoever has that is logged in. A file that is there is replaced
with --force only, and one of kyoli's or OpenCode's own is not.

--if-rotated writes nothing while $` + env.Accounts + ` has the logins as they are now:
a CI job so knows whether its secret has to be replaced.

A refresh token works once: after the copy has been used elsewhere, the account
here needs a new login.`,
		Example: `  kyoli export > accounts.age
  kyoli export --recipient age1… --armor --to accounts.age
  kyoli export --account work --plaintext --to work.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.validate(cmd); err != nil {
				return err
			}
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runExport(cmd.Context(), f, o)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&o.To, "to", "", "write this `file` instead of stdout")
	fs.StringArrayVarP(&o.Accounts, "account", "a", nil, "only this `account` (may be repeated)")
	fs.BoolVar(&o.Force, "force", false, "replace the file where it is there")
	fs.BoolVar(&o.Plaintext, "plaintext", false, "do not encrypt; needs --to")
	fs.BoolVar(&o.Armor, "armor", false, "encrypt to ASCII text, which can be pasted")
	fs.StringArrayVarP(&o.Recipients, "recipient", "r", nil, "encrypt for this public `key` (age1…; may be repeated)")
	fs.StringArrayVarP(&o.RecipientFiles, "recipients-file", "R", nil, "encrypt for the public keys in this `file` (may be repeated)")
	fs.BoolVar(&o.IfRotated, "if-rotated", false, "only where $"+env.Accounts+" has other logins")
	o.addFlags(cmd)
	_ = cmd.MarkFlagFilename("to")
	_ = cmd.MarkFlagFilename("recipients-file")
	_ = cmd.RegisterFlagCompletionFunc("account", completeAccounts(f, 0))
	return cmd
}

// newAccountsExportCmd is newExportCmd by the name that it had first.
func newAccountsExportCmd(f *Factory) *cobra.Command {
	cmd := newExportCmd(f, nil)
	cmd.Hidden = true
	return cmd
}

func (o *exportOptions) validate(cmd *cobra.Command) error {
	keys := len(o.Recipients)+len(o.RecipientFiles) > 0
	for _, name := range []string{"to", "passphrase-file"} {
		if flag := cmd.Flags().Lookup(name); flag.Changed && strings.TrimSpace(flag.Value.String()) == "" {
			return flagErrorf("--%s %q: want the name of a file", name, flag.Value)
		}
	}
	switch {
	case o.Plaintext && keys:
		return flagErrorf("--plaintext and --recipient contradict each other")
	case o.Plaintext && o.Armor:
		return flagErrorf("--plaintext and --armor contradict each other")
	case o.Plaintext && (o.To == "" || o.To == "-"):
		return flagErrorf("--plaintext needs --to FILE: tokens are not written to the screen, and never to stdout unencrypted")
	case o.PassphraseFile != "" && keys && !o.IfRotated:
		return flagErrorf("--passphrase-file and --recipient contradict each other")
	case len(o.Identities) > 0 && !o.IfRotated:
		return flagErrorf("--identity opens $%s, for --if-rotated; to encrypt, name the public key: --recipient", env.Accounts)
	}
	return nil
}

// exportedRow is `kyoli export --json`.
type exportedRow struct {
	Result     string   `json:"result"`         // "written" or "unchanged"
	File       string   `json:"file,omitempty"` // "" = nothing was written
	Provider   string   `json:"provider"`       // "" = several
	Providers  []string `json:"providers"`
	Accounts   []string `json:"accounts"`   // uuids
	Encryption string   `json:"encryption"` // "none", "recipients" or "passphrase"
}

func runExport(ctx context.Context, f *Factory, o *exportOptions) error {
	if f.structured() && o.toStdout() {
		return usageErrorf("kyoli export --json --to accounts.age", "--json tells what was written: it needs --to FILE")
	}
	if err := f.checkTarget(o); err != nil {
		return err
	}
	b, err := f.bundle(ctx, o)
	if err != nil {
		return err
	}
	row := exportedRow{
		Result: "unchanged", Providers: b.providers, Accounts: b.uuids, Encryption: o.encryption(),
	}
	if len(b.providers) == 1 {
		row.Provider = b.providers[0]
	}
	write := true
	if o.IfRotated {
		if write, err = f.rotated(b, o); err != nil {
			return err
		}
	}
	if write {
		data, err := o.seal(f, b.data)
		if err != nil {
			return err
		}
		if err := f.writeExport(o, data); err != nil {
			return err
		}
		row.Result, row.File = "written", o.To
	}
	if f.structured() {
		return f.Print(&termtext.Table{}, row)
	}
	f.sayExported(o, row)
	return nil
}

func (f *Factory) sayExported(o *exportOptions, row exportedRow) {
	what := accountCount(len(row.Accounts)) + " of " + strings.Join(row.Providers, ", ")
	switch {
	case row.Result == "unchanged":
		f.Note("nothing to hand back: $%s has the logins as they are now", env.Accounts)
	case o.Plaintext:
		f.Note("wrote %s to %s; whoever has this file is logged in", what, o.To)
	case !o.toStdout():
		f.Note("wrote %s to %s, encrypted", what, o.To)
	}
}

// encryption is how the export is protected.
func (o *exportOptions) encryption() string {
	switch {
	case o.Plaintext:
		return "none"
	case len(o.Recipients)+len(o.RecipientFiles) > 0:
		return "recipients"
	}
	return "passphrase"
}

func (o *exportOptions) toStdout() bool { return o.To == "" || o.To == "-" }

// again is the command line of these options, to be pasted, with one more flag.
func (o *exportOptions) again(flag string) string {
	line := []string{"kyoli export", flag}
	if o.Plaintext {
		line = append(line, "--plaintext")
	}
	for _, name := range o.Accounts {
		line = append(line, "--account "+shellQuote(name))
	}
	for _, key := range o.Recipients {
		line = append(line, "--recipient "+shellQuote(key))
	}
	for _, file := range o.RecipientFiles {
		line = append(line, "--recipients-file "+shellQuote(file))
	}
	line = slices.DeleteFunc(line, func(s string) bool { return s == "" })
	return strings.Join(append(line, "--to "+shellQuote(o.To)), " ")
}
