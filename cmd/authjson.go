package cmd

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"syscall"

	"github.com/kyoli-gam/kyoli/internal/atomicfile"
	"github.com/kyoli-gam/kyoli/internal/env"
	"github.com/kyoli-gam/kyoli/pkg/manager"
	"github.com/kyoli-gam/kyoli/pkg/migrate"
	"github.com/kyoli-gam/kyoli/pkg/provider"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// authPlace is an auth.json: the one at path, or where path is empty OpenCode's
// own.
func (f *Factory) authPlace(path string) (migrate.Place, error) {
	if path == "" {
		path = migrate.OpenCodeAuthPath(f.Env.Get(env.XDGDataHome), f.Env.Home())
	}
	state := f.stateDir()
	if !filepath.IsAbs(state) {
		return migrate.Place{}, withHint(errors.New("the home directory is not known"), "export HOME=…")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return migrate.Place{}, err
	}
	return migrate.Place{AuthPath: path, StateDir: state, LockTimeout: f.opts.LockTimeout, Now: f.now, Sealing: f.sealing()}, nil
}

// login is a provider as both sides know it.
func (f *Factory) login(id string) (migrate.Login, error) {
	adapter, err := f.Adapter(id)
	if err != nil {
		return migrate.Login{}, err
	}
	backend, err := f.Store(id)
	if err != nil {
		return migrate.Login{}, err
	}
	return f.loginOf(adapter, backend), nil
}

func (f *Factory) loginOf(adapter *provider.Adapter, backend store.Backend) migrate.Login {
	return migrate.Login{
		Provider: adapter.ID, Key: adapter.AuthJSONKey, Backend: backend, Identify: identifyBy(adapter),
		OnTaken: f.onTaken(adapter.ID),
	}
}

// logins are all providers that there are adapters for.
func (f *Factory) logins() ([]migrate.Login, error) {
	r, err := f.Registry()
	if err != nil {
		return nil, err
	}
	var all []migrate.Login
	for _, id := range r.IDs() {
		l, err := f.login(id)
		if err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	return all, nil
}

func identifyBy(adapter *provider.Adapter) func(store.Secret) migrate.Identity {
	return func(access store.Secret) migrate.Identity {
		id, _ := adapter.Claims(access.Reveal())
		return migrate.Identity{AccountID: id.AccountID, Email: id.Email, Plan: id.Plan}
	}
}

// withAuthJSON ties a manager to OpenCode's auth.json: what OpenCode has renewed
// there by itself is adopted before kyoli would send the spent token, and what
// kyoli renews is handed to an OpenCode that has the old one. Neither is a reason
// for a refresh to fail, so their errors are told and no more.
func (f *Factory) withAuthJSON(o manager.Options) manager.Options {
	place, err := f.authPlace("")
	if err != nil {
		return o // without a home there is no OpenCode
	}
	login := f.loginOf(o.Adapter, o.Store)
	o.LookElsewhere = func(ctx context.Context, _ *store.Account) {
		a, err := migrate.Adopt(ctx, place, login)
		switch {
		case err != nil:
			f.Note("warning: auth.json was not searched for a newer login: %v", err)
		case a != nil:
			f.Note("adopted the login of %s that OpenCode has renewed (%s)", a.Name(), place.AuthPath)
		}
	}
	o.AfterRotate = func(ctx context.Context, parent, child store.Credential, a *store.Account) {
		wrote, err := migrate.AfterRotate(ctx, place, login.Key, parent, child, a)
		switch {
		case err != nil:
			f.Note("warning: OpenCode still has the token of %s that was just renewed (mend it, then: kyoli sync-auth): %v", a.Name(), err)
		case wrote:
			f.Debugf("handed the new token of %s to OpenCode (%s)", a.Name(), place.AuthPath)
		}
	}
	return o
}

// clearAuthJSON takes the login of a provider that has no account left out of
// OpenCode's auth.json, if it is the one that kyoli wrote. The accounts are gone
// by then, so an error is told and no more.
func (f *Factory) clearAuthJSON(ctx context.Context, m *manager.Manager) {
	accounts, err := m.Store().Load(ctx)
	if err != nil || len(accounts.List) > 0 {
		return
	}
	login, err := f.login(m.Provider())
	if err != nil {
		return
	}
	place, err := f.authPlace("")
	if err != nil {
		return
	}
	cleared, err := migrate.ClearIfOurs(ctx, place, login.Key)
	switch {
	case err != nil:
		f.Note("warning: OpenCode may still have the login: %v", err)
	case cleared:
		f.Note("took the login out of %s, too", place.AuthPath)
	}
}

// fileError adds what to look at to an error of the file system.
func fileError(err error) error {
	if err == nil || hintOf(err) != "" {
		return err
	}
	var read *fs.PathError
	var write *atomicfile.Error
	name := ""
	switch {
	case errors.As(err, &write):
		name = write.Path
	case errors.As(err, &read):
		name = read.Path
	default:
		return err
	}
	dir := shellQuote(filepath.Dir(name))
	if errors.Is(err, syscall.ENOSPC) {
		return withHint(err, "df -h "+dir)
	}
	return withHint(err, "ls -ld "+dir+" "+shellQuote(name))
}
