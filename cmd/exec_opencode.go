package cmd

import (
	"context"
	"strings"

	"github.com/kyoli-gam/kyoli/pkg/migrate"
	"github.com/kyoli-gam/kyoli/pkg/provider"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// logins are what an OpenCode child was lent: the chosen account, and the other
// entries of auth.json without their refresh tokens.
type logins struct {
	f   *Factory
	run *migrate.VaultRun
}

// lendLogins registers a run of OpenCode and returns what it gets in
// OPENCODE_AUTH_CONTENT.
func lendLogins(ctx context.Context, f *Factory, adapter *provider.Adapter, a *store.Account) (*logins, string, error) {
	place, err := f.authPlace("")
	if err != nil {
		return nil, "", err
	}
	vault := &migrate.Vault{Place: place, OnNote: func(err error) { f.Note("warning: %v", err) }}
	content, unrenewable, run, err := vault.Begin(ctx, migrate.RunInfo{
		Key: adapter.AuthJSONKey, Access: a.AccessToken, Expires: a.ExpiresAt, AccountID: a.AccountID,
	})
	if err != nil {
		return nil, "", fileError(err)
	}
	if len(unrenewable) > 0 {
		f.Note("note: these logins of OpenCode cannot renew themselves in this run: %s", strings.Join(unrenewable, ", "))
	}
	return &logins{f: f, run: run}, content, nil
}

func (l *logins) watch(ctx context.Context) {
	if err := l.run.Watch(ctx); err != nil {
		l.f.Note("warning: %v", err)
	}
}

func (l *logins) end(ctx context.Context) {
	if err := l.run.End(ctx); err != nil {
		l.f.Note("warning: OpenCode's logins are not in order yet, the next kyoli command tries again: %v", err)
	}
}
