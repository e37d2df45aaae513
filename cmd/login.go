package cmd

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	loginflow "github.com/kyoli-gam/kyoli/pkg/provider/login"
)

// defaultLoginTimeout is how long a person has for a login in a browser.
const defaultLoginTimeout = 5 * time.Minute

type loginOptions struct {
	Provider  string // "" = --provider's, or the account's, or the only one that there is
	Account   string // log this one in again
	Label     string
	New       bool
	Device    bool
	Manual    bool
	NoBrowser bool
	Timeout   time.Duration
}

func newLoginCmd(f *Factory, runF func(context.Context, *loginOptions) error) *cobra.Command {
	o := &loginOptions{}
	cmd := &cobra.Command{
		Use:   "login [PROVIDER]",
		Short: "Log in at a provider, and add the account",
		Long: `Logs in at a provider and adds the account; the same person again brings the
account that is there up to date, enables it, and ends an auth-disabled state.

A browser is opened at the provider's page, and comes back to an address on this
machine that kyoli listens at until then. Its URL is always printed. Where there
is no display, or over SSH, another way is chosen that works there:

  --device      a code that is entered on any other device
  --manual      the address that the browser ends at is pasted back here
  --no-browser  the URL is printed, nothing is opened, and the browser has to be
                one that reaches this machine's loopback addresses

--account logs an account in again, and refuses the login of somebody else.

anthropic has no login of its own here: log in with another program, and take
that login over with kyoli migrate auth-json or kyoli accounts add.`,
		Example: `  kyoli login openai --label work
  kyoli login --account work
  kyoli login openai --device`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeLogin(f),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				o.Provider = args[0]
			}
			if err := o.validate(cmd); err != nil {
				return err
			}
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runLogin(cmd.Context(), f, o)
		},
	}
	cmd.Flags().StringVar(&o.Label, "label", "", "what to call the account")
	o.addFlags(f, cmd)
	return cmd
}

// addFlags adds the flags that `accounts add --login` has as well.
func (o *loginOptions) addFlags(f *Factory, cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVarP(&o.Account, "account", "a", "", "log this `account` in again")
	fs.BoolVar(&o.New, "new", false, "add a second account even where the same person has one")
	fs.BoolVar(&o.Device, "device", false, "log in with a code on another device")
	fs.BoolVar(&o.Manual, "manual", false, "paste the address that the browser ends at")
	fs.BoolVar(&o.NoBrowser, "no-browser", false, "print the URL and open nothing")
	fs.DurationVar(&o.Timeout, "timeout", defaultLoginTimeout, "how long to wait for the browser")
	_ = cmd.RegisterFlagCompletionFunc("account", completeAccounts(f, 0))
}

// loginFlags are those of addFlags.
var loginFlags = []string{"account", "new", "device", "manual", "no-browser", "timeout"}

func (o *loginOptions) validate(cmd *cobra.Command) error {
	var ways []string
	for _, way := range []struct {
		flag string
		set  bool
	}{{"--device", o.Device}, {"--manual", o.Manual}, {"--no-browser", o.NoBrowser}} {
		if way.set {
			ways = append(ways, way.flag)
		}
	}
	switch {
	case len(ways) > 1:
		return flagErrorf("%s exclude each other", strings.Join(ways, " and "))
	case o.New && o.Account != "":
		return flagErrorf("--new and --account contradict each other")
	case o.Timeout <= 0:
		return flagErrorf("--timeout %s: must be above 0", o.Timeout)
	case cmd.Flags().Changed("account") && strings.TrimSpace(o.Account) == "":
		return flagErrorf("--account %q: is empty", o.Account)
	case cmd.Flags().Changed("label") && strings.TrimSpace(o.Label) == "":
		return flagErrorf("--label %q: is empty", o.Label)
	}
	o.Label = strings.TrimSpace(o.Label)
	return checkName("--label", o.Label)
}

// runLogin logs in and says what became of it.
func runLogin(ctx context.Context, f *Factory, o *loginOptions) error {
	row, err := f.logIn(ctx, o)
	if err != nil {
		return err
	}
	switch f.format() {
	case formatJSON:
		return f.PrintJSONLine(row)
	case formatYAML:
		return f.Print(nil, []addRow{row})
	}
	return nil
}

// logIn logs a person in, as the options say, and stores the account. What the
// person has to do goes to stderr, and so does what became of it.
func (f *Factory) logIn(ctx context.Context, o *loginOptions) (addRow, error) {
	l, err := f.newLogin(ctx, o)
	if err != nil {
		return addRow{}, err
	}
	if done, err := l.finishKept(ctx); done || err != nil {
		return l.row, l.explain(err)
	}
	if err := l.tryRoom(ctx); err != nil {
		return addRow{}, err
	}
	switch l.method {
	case byDevice:
		err = l.device(ctx)
	case byPaste:
		err = l.paste(ctx)
	default:
		err = l.browser(ctx)
	}
	if err != nil {
		return addRow{}, l.explain(err)
	}
	if !f.structured() {
		f.Note("%s", l.row.sentence())
	}
	return l.row, nil
}

// completeLogin completes the providers that have a login.
func completeLogin(f *Factory) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		r, err := f.Registry()
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var ids []cobra.Completion
		for _, a := range r.All() {
			if browser, device := loginflow.Methods(a); browser || device {
				ids = append(ids, cobra.CompletionWithDesc(a.ID, shown(a.DisplayName)))
			}
		}
		return ids, cobra.ShellCompDirectiveNoFileComp
	}
}
