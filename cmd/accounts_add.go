package cmd

import (
	"context"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/internal/termtext"
)

type accountsAddOptions struct {
	File              string
	RefreshTokenStdin bool
	Label             string
	Email             string
	Plan              string
	Login             bool
	LogIn             loginOptions // with Login
}

func newAccountsAddCmd(f *Factory, runF func(context.Context, *accountsAddOptions) error) *cobra.Command {
	o := &accountsAddOptions{}
	cmd := &cobra.Command{
		Use:   "add [--file FILE]",
		Short: "Add accounts from stdin or a file, or by logging in",
		Long: `Adds accounts, or brings those up to date that are there already: known by their
refresh token (or the one that it was exchanged for), their uuid, or their e-mail
and account id. Such an account keeps its label, its state and its limits, and
with a new login it is no longer auth-disabled. A login is never replaced by an
older one.

Stdin, or the file, holds JSON in one of these forms:

  {"refreshToken": "…", "accessToken": "…", "expiresAt": 1767323045000}
                          an account as the account file has it
  {"refresh_token": "…", "access_token": "…", "expires_in": 3600}
                          a token endpoint's answer
  {"type": "oauth", "refresh": "…", "access": "…", "expires": 1767323045000}
                          an entry of OpenCode's auth.json, or the whole file
  {"version": 1, "accounts": […]}
                          an account file, as kyoli export --plaintext writes it
  […]                     several

Only the refresh token is required. With --refresh-token-stdin stdin is the
refresh token and nothing else; at a terminal it is asked for.

With --login nothing is read: it is kyoli login, with the flags of that.

The provider is --provider's, or the one that the input names, or the only one
that has accounts.

A token is no argument: arguments show in the process list.`,
		Example: `  kyoli accounts add --provider openai --label work < account.json
  printf '%s' "$TOKEN" | kyoli accounts add --provider openai --refresh-token-stdin --email me@example.com
  kyoli accounts add --file export.json
  kyoli accounts add --login --provider openai`,
		Args: noSecretArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.validate(cmd); err != nil {
				return err
			}
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			if o.Login {
				return runLogin(cmd.Context(), f, &o.LogIn)
			}
			return runAccountsAdd(cmd.Context(), f, o)
		},
	}
	fs := cmd.Flags()
	fs.StringVarP(&o.File, "file", "f", "", "read this `file` instead of stdin")
	fs.BoolVar(&o.RefreshTokenStdin, "refresh-token-stdin", false, "stdin is a refresh token and nothing else")
	fs.StringVar(&o.Label, "label", "", "what to call the account")
	fs.StringVar(&o.Email, "email", "", "the account's e-mail")
	fs.StringVar(&o.Plan, "plan", "", "the account's plan, for instance pro")
	fs.BoolVar(&o.Login, "login", false, "log in at the provider (kyoli login)")
	o.LogIn.addFlags(f, cmd)
	_ = cmd.MarkFlagFilename("file", "json")
	return cmd
}

// noSecretArgs refuses arguments without repeating them.
func noSecretArgs(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usageErrorf("kyoli accounts add --help",
		"accounts add takes no arguments: a token would show in the process list, and a file is named by --file")
}

func (o *accountsAddOptions) validate(cmd *cobra.Command) error {
	if o.RefreshTokenStdin && o.File != "" {
		return flagErrorf("--refresh-token-stdin and --file contradict each other")
	}
	for name, value := range map[string]string{"file": o.File, "label": o.Label, "email": o.Email, "plan": o.Plan} {
		if cmd.Flags().Changed(name) && strings.TrimSpace(value) == "" {
			return flagErrorf("--%s %q: is empty", name, value)
		}
	}
	o.Label, o.Email, o.Plan = strings.TrimSpace(o.Label), strings.TrimSpace(o.Email), strings.TrimSpace(o.Plan)
	for _, v := range []struct{ flag, value string }{{"--label", o.Label}, {"--email", o.Email}, {"--plan", o.Plan}} {
		if err := checkName(v.flag, v.value); err != nil {
			return err
		}
	}
	return o.validateLogin(cmd)
}

// validateLogin keeps the flags of a login and those of what is read apart.
func (o *accountsAddOptions) validateLogin(cmd *cobra.Command) error {
	apart := loginFlags
	if o.Login {
		apart = []string{"file", "refresh-token-stdin", "email", "plan"}
	}
	for _, name := range apart {
		switch {
		case !cmd.Flags().Changed(name):
		case o.Login:
			return flagErrorf("--login and --%s contradict each other", name)
		default:
			return flagErrorf("--%s is for a login: give --login, too", name)
		}
	}
	if !o.Login {
		return nil
	}
	o.LogIn.Label = o.Label
	return o.LogIn.validate(cmd)
}

// checkName refuses a name that a terminal would act on: nobody could type it
// again.
func checkName(what, value string) error {
	if strings.ContainsFunc(value, termtext.Harmful) {
		return usageErrorf("", "%s: holds control or formatting characters", what)
	}
	if strings.ContainsRune(value, unicode.ReplacementChar) {
		return usageErrorf("", "%s: is not valid UTF-8", what)
	}
	return nil
}

func runAccountsAdd(ctx context.Context, f *Factory, o *accountsAddOptions) error {
	list, err := o.logins(f)
	if err != nil {
		return err
	}
	groups, err := f.groupLogins(ctx, list)
	if err != nil {
		return err
	}
	rows := []addRow{}
	for _, g := range groups {
		some, err := f.addLogins(ctx, g, o)
		if err != nil {
			return err
		}
		rows = append(rows, some...)
		if f.format() == formatJSON {
			for _, r := range some {
				if err := f.PrintJSONLine(r); err != nil {
					return err
				}
			}
		}
	}
	if f.format() == formatYAML {
		return f.Print(nil, rows)
	}
	return nil
}
