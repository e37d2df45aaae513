package cmd

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/kyoli-gam/kyoli/internal/env"
	"github.com/kyoli-gam/kyoli/internal/rawjson"
	"github.com/kyoli-gam/kyoli/pkg/manager"
	"github.com/kyoli-gam/kyoli/pkg/migrate"
	"github.com/kyoli-gam/kyoli/pkg/provider"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// openCodeConfig is the configuration that OpenCode gets: the inherited one, in
// which nothing else changes, with the provider's options laid over it.
func openCodeConfig(inherited string, adapter *provider.Adapter, options map[string]string) (string, error) {
	if strings.TrimSpace(inherited) == "" {
		inherited = "{}"
	}
	root, err := rawjson.ParseObject([]byte(inherited))
	if err != nil {
		return "", usageErrorf("unset "+env.OpenCodeConfig, "%s is not a JSON object, and --rotate has to add to it: %w", env.OpenCodeConfig, err)
	}
	path := []string{"provider", adapter.AuthJSONKey, "options"}
	objects := []*rawjson.Object{root}
	for _, name := range path {
		parent := objects[len(objects)-1]
		child, ok := parent.Object(name)
		if _, other := parent.Get(name); !ok && other {
			return "", usageErrorf("unset "+env.OpenCodeConfig, "%s: %q is not an object, and --rotate has to add to it", env.OpenCodeConfig, name)
		}
		if !ok {
			child = rawjson.NewObject("")
		}
		objects = append(objects, child)
	}
	last := objects[len(objects)-1]
	for _, name := range slices.Sorted(maps.Keys(options)) {
		if err := last.Set(name, options[name]); err != nil {
			return "", err
		}
	}
	for i := len(path) - 1; i >= 0; i-- {
		if err := objects[i].Set(path[i], objects[i+1]); err != nil {
			return "", err
		}
	}
	return string(root.Bytes()), nil
}

// ownLogin looks for OpenCode's own OAuth login at the provider. Where it has
// one, it goes on using it, in name: the proxy does not look at it. account is
// the account that it belongs to, nil where that is none of kyoli's.
func (f *Factory) ownLogin(ctx context.Context, adapter *provider.Adapter, m *manager.Manager) (account *store.Account, there bool, err error) {
	place, err := f.authPlace("")
	if err != nil {
		return nil, false, err
	}
	file, err := migrate.ReadAuth(place.AuthPath)
	var damaged *migrate.AuthDamagedError
	if errors.As(err, &damaged) {
		return nil, false, err
	}
	if err != nil {
		return nil, false, fileError(err)
	}
	entry, ok := file.Entry(adapter.AuthJSONKey)
	if !ok || entry.Type != migrate.OAuth {
		return nil, false, nil
	}
	accounts, err := m.Store().Load(ctx)
	if err != nil {
		return nil, false, err
	}
	for _, a := range accounts.List {
		if entry.Refresh != "" && a.RefreshToken == entry.Refresh {
			return a, true, nil
		}
	}
	return f.mended(ctx, place, entry, m, accounts), true, nil
}

// mended brings a login of OpenCode's up to date whose refresh token was spent by
// kyoli, but not replaced there: OpenCode would spend it again. It returns the
// account, nil where it is none of kyoli's.
func (f *Factory) mended(ctx context.Context, place migrate.Place, entry migrate.Entry, m *manager.Manager, accounts *store.Accounts) *store.Account {
	spent, err := m.Store().Successors(ctx, entry.Refresh)
	child, ok := spent[entry.Refresh.Hash()]
	if err != nil || !ok {
		return nil
	}
	for _, a := range accounts.List {
		if a.RefreshToken.Hash() != child {
			continue
		}
		if _, err := migrate.AfterRotate(ctx, place, entry.Key, entry.Credential(), a.Credential(), a); err != nil {
			f.Note("warning: OpenCode's login is out of date, and could not be brought up to date: %v", err)
		}
		return a
	}
	return nil
}

// prepareOpenCode readies what OpenCode gets beside its environment. With its own
// login it keeps all of them; else it is lent one, which the proxy accepts.
func (r *execRun) prepareOpenCode(ctx context.Context) error {
	own, there, err := r.f.ownLogin(ctx, r.vars.adapter, r.m)
	if err != nil {
		return err
	}
	if own != nil {
		// OpenCode would renew an expired login itself before each request.
		if a, _, err := r.m.Valid(ctx, own.UUID, manager.ValidOptions{MinTTL: r.o.MinTTL}); err == nil {
			r.ownLogin = a
		} else {
			r.f.Note("warning: OpenCode's own login, of account %s, could not be renewed: %v", own.Name(), err)
		}
	}
	if _, key := r.vars.adapter.OpenCodeOptions["apiKey"]; there || key {
		return nil
	}
	lent := *r.account
	lent.AccessToken = store.Secret(r.vars.lane.token)
	lent.ExpiresAt = laneEndsMillis
	r.logins, r.vars.authContent, err = lendLogins(ctx, r.f, r.vars.adapter, &lent)
	return err
}
