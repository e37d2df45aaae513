package cmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/pkg/manager"
	"github.com/kyoli-gam/kyoli/pkg/migrate"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

type syncAuthOptions struct {
	Account string
	Path    string
	DryRun  bool
	Watch   bool
	Force   bool
}

func newSyncAuthCmd(f *Factory, runF func(context.Context, *syncAuthOptions) error) *cobra.Command {
	o := &syncAuthOptions{}
	cmd := &cobra.Command{
		Use:   "sync-auth",
		Short: "Write an account into OpenCode's auth.json",
		Long: `Writes an account into OpenCode's auth.json, so that an OpenCode that kyoli does
not start uses it: the account named, else the active one, else the first that
is usable. A token that has expired is renewed first. Everything else in the
file stays as it is, byte for byte, and a file that has the account already is
not written.

What kyoli wrote last, what the file has now and what kyoli's accounts have are
compared: a login that OpenCode has renewed by itself is taken over first, and a
login that is not one of kyoli's accounts is left alone, unless --force.

--watch goes on, and follows both sides, until it is interrupted: what OpenCode
renews goes to kyoli, what kyoli renews to OpenCode, and a token is renewed when
it expires. It writes a line for each change. A login that is removed from
auth.json meanwhile stays removed.`,
		Example: `  kyoli sync-auth
  kyoli sync-auth --account work
  kyoli sync-auth --dry-run
  kyoli sync-auth --watch --json`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.validate(cmd, args); err != nil {
				return err
			}
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runSyncAuth(cmd.Context(), f, o)
		},
	}
	fs := cmd.Flags()
	fs.StringVarP(&o.Account, "account", "a", "", "this `account` (label, e-mail, uuid) instead of the active one")
	_ = cmd.RegisterFlagCompletionFunc("account", completeAccounts(f, 0))
	addPathFlag(cmd, &o.Path)
	fs.BoolVarP(&o.DryRun, "dry-run", "n", false, "show the change, tokens redacted, and make none")
	fs.BoolVarP(&o.Watch, "watch", "w", false, "go on until interrupted")
	fs.BoolVar(&o.Force, "force", false, "overwrite a login that is not one of kyoli's accounts")
	return cmd
}

func (o *syncAuthOptions) validate(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageErrorf("kyoli sync-auth --account "+shellQuote(args[0]), "sync-auth takes no arguments, but %q was given", args[0])
	}
	if o.Watch && o.DryRun {
		return flagErrorf("--watch and --dry-run contradict each other")
	}
	return validatePath(cmd, o.Path)
}

func runSyncAuth(ctx context.Context, f *Factory, o *syncAuthOptions) error {
	id, err := f.providerOf(ctx, o.Account)
	if err != nil {
		return err
	}
	place, err := f.authPlace(o.Path)
	if err != nil {
		return err
	}
	m, err := f.Manager(ctx, id)
	if err != nil {
		return err
	}
	now, err := m.Snapshot(ctx) // also of who has just answered 429
	if err != nil {
		return err
	}
	if o.Account != "" {
		if _, err := now.Accounts.Find(o.Account); err != nil {
			return err
		}
	}
	sync, err := f.syncOptions(m, o)
	if err != nil {
		return err
	}
	r := &syncReport{f: f, o: o, provider: id}
	if o.Watch {
		f.noteWait("watching %s; Ctrl-C ends it", place.AuthPath)
		return o.explain(f, migrate.Watch(ctx, place, sync, r.tell))
	}
	res, err := migrate.Sync(ctx, place, sync)
	if err != nil {
		return o.explain(f, err)
	}
	return r.once(res)
}

// syncOptions say how the accounts of m go into auth.json.
func (f *Factory) syncOptions(m *manager.Manager, o *syncAuthOptions) (migrate.SyncOptions, error) {
	login, err := f.login(m.Provider())
	if err != nil {
		return migrate.SyncOptions{}, err
	}
	return migrate.SyncOptions{
		Login: login, Account: o.Account, Usable: m.Usable, Force: o.Force, DryRun: o.DryRun,
		Valid: func(ctx context.Context, uuid string) (*store.Account, error) {
			a, _, err := m.Valid(ctx, uuid, manager.ValidOptions{})
			return a, err
		},
		Stale: func(a *store.Account) bool { return manager.Expired(a, f.now()) },
	}, nil
}

// explain adds to an error what this command line has to do with it.
func (o *syncAuthOptions) explain(f *Factory, err error) error {
	var nobody *migrate.NoAccountError
	if errors.As(err, &nobody) && !nobody.Some {
		return withHint(err, f.howToAdd(nobody.Provider))
	}
	var foreign *migrate.ForeignLoginError
	if !errors.As(err, &foreign) {
		return fileError(err)
	}
	hint := foreign.Hint()
	if o.Path != "" {
		hint += " --path " + shellQuote(o.Path)
	}
	return withHint(fmt.Errorf("%w; --force overwrites it", err), hint)
}
