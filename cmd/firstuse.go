package cmd

import (
	"context"
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/pkg/migrate"
)

// addNoMigrateFlag adds --no-migrate to a command that calls firstUse.
func addNoMigrateFlag(cmd *cobra.Command, noMigrate *bool) {
	cmd.Flags().BoolVar(noMigrate, "no-migrate", false, "do not take over OpenCode's login where there is no account yet")
}

// firstUse takes over what OpenCode is logged in with, as `kyoli migrate
// auth-json` would, where kyoli has no account yet (the npm core's lifecycle does
// so), and says so. Logins that kyoli had and that were removed since stay away.
// That it cannot be done is told and no more: the command then finds no account.
func (f *Factory) firstUse(ctx context.Context) error {
	none, err := f.storeIsEmpty(ctx)
	if err != nil || !none {
		return err
	}
	place, err := f.authPlace("")
	if err != nil || !f.hasLogin(place) {
		return nil
	}
	logins, err := f.logins()
	if err != nil {
		return err
	}
	rows, err := migrate.Import(ctx, place, migrate.ImportOptions{Logins: logins, Only: f.opts.Provider, Unasked: true})
	for _, r := range rows {
		if r.Result == migrate.ImportCreated {
			f.Note("took over OpenCode's login for %s from %s as account %s (--no-migrate leaves it)", r.Provider, place.AuthPath, r.Account)
		}
	}
	var refused *migrate.NotEmptyError
	if err != nil && !errors.As(err, &refused) { // another process was faster
		if ctx.Err() != nil {
			return err
		}
		f.Note("warning: OpenCode's login was not taken over: %v", err)
	}
	return nil
}

// storeIsEmpty tells whether no provider that the command is about has accounts.
func (f *Factory) storeIsEmpty(ctx context.Context) (bool, error) {
	ids, err := f.listed()
	if err != nil {
		return false, err
	}
	for _, id := range ids {
		accounts, err := f.load(ctx, id)
		if err != nil || len(accounts.List) > 0 {
			return false, err
		}
	}
	return true, nil
}

// hasLogin tells, at a glance, whether auth.json may have something to take
// over. A file that is damaged, or being written, is looked at again by those who
// can wait.
func (f *Factory) hasLogin(place migrate.Place) bool {
	file, err := migrate.ReadAuth(place.AuthPath)
	if err != nil {
		var torn *migrate.AuthDamagedError
		return errors.As(err, &torn)
	}
	logins, err := f.logins()
	if err != nil {
		return false
	}
	return slices.ContainsFunc(logins, func(l migrate.Login) bool {
		e, ok := file.Entry(l.Key)
		return ok && e.Type == migrate.OAuth && e.Refresh != "" && (f.opts.Provider == "" || f.opts.Provider == l.Provider)
	})
}
