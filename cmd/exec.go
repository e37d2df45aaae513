package cmd

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/internal/env"
	"github.com/kyoli-gam/kyoli/pkg/provider"
)

const defaultMinTTL = 10 * time.Minute

// What --as says of a command.
const (
	asOpenCode = "opencode"
	asOther    = "other"
)

type execOptions struct {
	Wish        wish
	Wait        time.Duration
	MinTTL      time.Duration
	MaxWait     time.Duration
	PrintEnv    bool
	Env         []string // NAME=TEMPLATE
	Use         bool
	As          string
	Retries     int
	Rotate      bool
	RotateGiven bool // else the settings say whether to rotate
	AllowNested bool
	NoMigrate   bool
	Command     []string
}

func newExecCmd(f *Factory, runF func(context.Context, *execOptions) error) *cobra.Command {
	o := &execOptions{}
	cmd := &cobra.Command{
		Use:   "exec [flags] -- COMMAND [ARG…]",
		Short: "Run a command with an account",
		Long: `Chooses an account and claims it, makes its access token valid for a while
(--min-ttl), and runs the command with the token in its environment. The claim
lasts as long as the command, even where kyoli is killed.

Commands that run at the same time take different accounts as long as there are
some, and share them then. With --exclusive nobody else holds the account while
the command runs; where all are held, --wait queues for one, first come, first
served. --pool and --chain restrict the choice ('kyoli pools', 'kyoli chains').

The command gets KYOLI_PROVIDER, KYOLI_ACCOUNT, KYOLI_ACCOUNT_LABEL,
KYOLI_ACCESS_TOKEN and KYOLI_EXPIRES_AT, what the provider's adapter names
('kyoli providers show'), and what --env adds. Never a refresh token. Variables
that carry other credentials of the same provider are taken out. OpenCode gets
its logins in OPENCODE_AUTH_CONTENT. The token does not change while the command
runs.

With --rotate, or exec.rotate: true in the settings, the command calls a proxy on
127.0.0.1 instead, which goes on to another account where one meets a limit, and
renews tokens. The command then gets no token, but a secret for this run in the
place of each, and KYOLI_BASE_URL (and what else the adapter names) to find the
proxy. OpenCode gets it in OPENCODE_CONFIG_CONTENT.

With --retries a command that fails, and says on stderr that it has met a limit
(the adapter's limit_patterns), is run again with another account. That is for
commands that do one thing and can do it twice; not on a terminal.

Standard streams, terminal and signals are the command's, and so is the exit
code: 128+n after signal n, 126 where the command cannot be run, 127 where it is
not found. Until the command starts, exit codes are kyoli's own ('kyoli help
exit-codes').`,
		Example: `  kyoli exec -- opencode run "hi"
  kyoli exec --account work -- sh -c 'curl -H "Authorization: Bearer $KYOLI_ACCESS_TOKEN" …'
  kyoli exec --env MY_TOKEN='{{.AccessToken}}' -- ./program
  kyoli exec --rotate -- opencode
  kyoli exec --print-env -- ./program`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 && !o.PrintEnv {
				return flagErrorf("exec needs a command")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Command = args
			o.RotateGiven = cmd.Flags().Changed("rotate")
			if err := o.validate(); err != nil {
				return err
			}
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runExec(cmd.Context(), f, o)
		},
	}
	o.addFlags(f, cmd)
	return cmd
}

func (o *execOptions) addFlags(f *Factory, cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.SetInterspersed(false) // what follows the command's name is the command's
	o.Wish.addFlags(f, cmd)
	fs.DurationVar(&o.Wait, "wait", 0, "where others hold what would do, queue so long for it")
	fs.DurationVar(&o.MinTTL, "min-ttl", defaultMinTTL, "renew a token that is good for less than this")
	fs.DurationVar(&o.MaxWait, "max-wait", 0, "where all accounts are limited, wait so long for the first")
	fs.BoolVar(&o.PrintEnv, "print-env", false, "print the names of the variables that would be set, and run nothing")
	fs.StringArrayVar(&o.Env, "env", nil, "also set NAME to a template, such as `NAME={{.AccessToken}}`")
	fs.BoolVar(&o.Use, "use", false, "make the account the active one")
	fs.StringVar(&o.As, "as", "", "treat the command as `opencode` or other, whatever its name")
	fs.IntVar(&o.Retries, "retries", 0, "run the command again with another account, so `often`, when it fails because of a limit")
	fs.BoolVar(&o.Rotate, "rotate", false, "let accounts rotate while the command runs (default: exec.rotate of the settings)")
	fs.BoolVar(&o.AllowNested, "allow-nested", false, "run inside another kyoli exec")
	addNoMigrateFlag(cmd, &o.NoMigrate)
	_ = cmd.RegisterFlagCompletionFunc("as", fixed(asOpenCode, asOther))
}

// fixed completes one of some values.
func fixed(values ...string) cobra.CompletionFunc {
	return cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
}

// validate checks what pflag cannot.
func (o *execOptions) validate() error {
	switch {
	case o.MinTTL < 0:
		return flagErrorf("--min-ttl %s: must not be negative", o.MinTTL)
	case o.Retries < 0:
		return flagErrorf("--retries %d: must not be negative", o.Retries)
	case o.MaxWait < 0:
		return flagErrorf("--max-wait %s: must not be negative", o.MaxWait)
	case o.As != "" && o.As != asOpenCode && o.As != asOther:
		return flagErrorf("--as %q: one of %s, %s", o.As, asOpenCode, asOther)
	case o.Wait < 0:
		return flagErrorf("--wait %s: must not be negative", o.Wait)
	}
	if err := o.Wish.validate(); err != nil {
		return err
	}
	for _, e := range o.Env {
		if err := o.validateEnv(e); err != nil {
			return err
		}
	}
	return nil
}

func (o *execOptions) validateEnv(entry string) error {
	name, template, ok := strings.Cut(entry, "=")
	switch {
	case !ok:
		return flagErrorf("--env %q: want NAME=TEMPLATE", entry)
	case slices.Contains(execNames, name), name == env.OpenCodeAuthContent && o.isOpenCode():
		return flagErrorf("--env %s: kyoli sets this variable itself", name)
	case strings.EqualFold(name, env.Path):
		return flagErrorf("--env %s: the command is found by it; try: exec -- env PATH=… COMMAND", name)
	}
	if err := provider.CheckEnv(name, template); err != nil {
		return flagErrorf("--env: %w", err)
	}
	return nil
}

// isOpenCode tells whether the command is OpenCode: by --as, else by its name.
func (o *execOptions) isOpenCode() bool {
	if o.As != "" || len(o.Command) == 0 {
		return o.As == asOpenCode
	}
	base := filepath.Base(o.Command[0])
	return base == "opencode" || base == "opencode.exe"
}
