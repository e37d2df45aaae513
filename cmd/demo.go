package cmd

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

type demoOptions struct {
	Keep  bool
	Serve string // directory of an earlier demo --keep
}

func newDemoCmd(f *Factory, runF func(context.Context, *demoOptions) error) *cobra.Command {
	o := &demoOptions{}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show kyoli at work, on this machine only",
		Long: `Shows kyoli's own commands at work against a provider that is built into it and
listens on loopback: three accounts, one limited, one expired, one fresh, and a
real child process that calls the provider with the token from its environment.

Everything happens in a throw-away directory; your accounts are not touched.
With --keep the directory stays, and how to go on by hand is printed.`,
		Example: "  kyoli demo\n  kyoli demo --keep",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runDemo(cmd.Context(), f, o)
		},
	}
	cmd.Flags().BoolVar(&o.Keep, "keep", false, "keep the directory and say how to go on by hand")
	cmd.Flags().StringVar(&o.Serve, "serve", "", "run the provider of a kept `directory` again, until Ctrl-C")
	cmd.AddCommand(newDemoClientCmd(f, nil))
	return cmd
}

func runDemo(ctx context.Context, f *Factory, o *demoOptions) (err error) {
	if o.Serve != "" {
		return serveDemo(ctx, f, o.Serve)
	}
	dir, err := os.MkdirTemp("", "kyoli-demo-")
	if err != nil {
		return err
	}
	if !o.Keep {
		defer func() { err = firstError(err, os.RemoveAll(dir)) }()
	}
	d, err := newDemo(f, dir)
	if err != nil {
		return err
	}
	defer func() { err = firstError(err, d.close()) }()
	if err := d.play(ctx); err != nil {
		return err
	}
	if o.Keep {
		d.sayHowToGoOn()
	}
	return nil
}

// play runs the real commands, each as a process of its own.
func (d *demo) play(ctx context.Context) error {
	d.say("A provider is listening on %s, with three logins.", d.url)
	if err := d.addAccounts(ctx); err != nil {
		return err
	}
	for _, s := range []struct {
		say  string
		args []string
	}{
		{"The active account has used up its limit, the second one's token has expired:", []string{"accounts", "list"}},
		{"Renew what has expired; the new refresh token is on disk before anything else happens:", []string{"refresh"}},
		{"Run a real program. kyoli passes over the limited account and hands the child\n" +
			"another one's access token, in its environment only:", []string{"exec", "--", d.exe, "demo", "client", d.url + "/codex/responses"}},
		{"Nothing is written down but what changed:", []string{"accounts", "list"}},
	} {
		d.say("\n%s", s.say)
		if err := d.kyoli(ctx, s.args...); err != nil {
			return err
		}
	}
	d.sayWhatTheProviderSaw()
	return nil
}

// addAccounts logs three people in at the provider and gives kyoli what a login
// hands out.
func (d *demo) addAccounts(ctx context.Context) error {
	for _, a := range d.logins() {
		if err := d.kyoliWith(ctx, a.json, "accounts", "add", "--provider", demoProvider, "--label", a.label); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) sayWhatTheProviderSaw() {
	d.say("\nWhat the provider saw:")
	for _, r := range d.provider.Requests() {
		what := "refused"
		if r.Valid {
			what = "valid"
		}
		d.say("  %-10s %-7s credential of %-8s → %d   (%s)", r.Endpoint, what, r.Account, r.Status, r.UserAgent)
	}
}

func (d *demo) sayHowToGoOn() {
	d.say(`
The directory is kept: %[1]s
To go on by hand, start its provider again and point kyoli at its files:

  %[2]s demo --serve %[1]s &
  export KYOLI_CONFIG_DIR=%[3]s XDG_STATE_HOME=%[4]s XDG_DATA_HOME=%[5]s
  %[2]s accounts list
  %[2]s login openai --label mine
  %[2]s exec --account fresh -- env
  %[2]s refresh --all --force

When you are done: kill %%1; rm -r %[1]s`,
		d.dir, d.ownName(), d.configDir(), filepath.Join(d.dir, "state"), filepath.Join(d.dir, "data"))
}

// ownName is how this very kyoli is run from a shell.
func (d *demo) ownName() string {
	name := filepath.Base(d.exe)
	if found, err := exec.LookPath(name); err == nil && found == d.exe {
		return name
	}
	if strings.Contains(filepath.ToSlash(d.exe), "/go-build") { // go run, which has removed it by then
		return "go run ."
	}
	return shellQuote(d.exe)
}

func (d *demo) say(format string, args ...any) {
	fmt.Fprintf(d.f.Out, format+"\n", args...)
}
