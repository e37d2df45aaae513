package cmd

import (
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/kyoli-gam/kyoli/internal/env"
	"github.com/kyoli-gam/kyoli/internal/termtext"
	"github.com/kyoli-gam/kyoli/pkg/executor"
	"github.com/kyoli-gam/kyoli/pkg/provider"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// execNames are the variables that every child gets.
var execNames = []string{env.Provider, env.Account, env.AccountLabel, env.AccessToken, env.ExpiresAt}

// childEnv is what exec puts into its child's environment.
type childEnv struct {
	adapter  *provider.Adapter
	extra    []string // --env
	opencode bool
	rotates  bool

	lane        *lane  // where it calls the API, once that is known; nil = at the provider's
	authContent string // what OpenCode reads in place of its auth.json; "" = nothing
}

// names are the names of all variables that are set, sorted.
func (e *childEnv) names() []string {
	names := map[string]bool{}
	for _, name := range execNames {
		names[name] = true
	}
	for name := range e.adapter.Env {
		names[name] = true
	}
	for _, entry := range e.extra {
		name, _, _ := strings.Cut(entry, "=")
		names[name] = true
	}
	if e.rotates {
		names[env.BaseURL] = true
		for name := range e.adapter.ProxyEnv {
			names[name] = true
		}
	}
	if e.opencode && e.rotates {
		names[env.OpenCodeConfig] = true
	}
	if e.opencode && !e.rotates {
		names[env.OpenCodeAuthContent] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// build is the child's whole environment: inherited without the credentials of
// this provider, and with the account's, or with those of the lane.
func (e *childEnv) build(inherited []string, a *store.Account) ([]string, error) {
	set, err := e.values(a)
	if err != nil {
		return nil, err
	}
	if e.authContent != "" {
		set[env.OpenCodeAuthContent] = e.authContent
	}
	if e.lane != nil {
		if err := e.wire(inherited, set); err != nil {
			return nil, err
		}
	}
	// These hold logins, with their refresh tokens, or open them.
	drop := append(e.adapter.CredentialEnv(), env.OpenCodeAuthContent, env.Accounts, env.Passphrase)
	return executor.Environ(inherited, drop, set), nil
}

func (e *childEnv) values(a *store.Account) (map[string]string, error) {
	token := a.AccessToken.Reveal()
	if token == "" || strings.ContainsFunc(token, unicode.IsControl) {
		return nil, failf(exitLogin, "kyoli refresh --force "+shellQuote(a.UUID),
			"the access token of account %s is not usable text", a.Name())
	}
	expires := ""
	if a.ExpiresAt != 0 {
		expires = a.ExpiresAt.Time().UTC().Format(time.RFC3339)
	}
	base := e.adapter.BaseURL
	if e.lane != nil {
		token, expires, base = e.lane.token, e.lane.expires, e.lane.baseURL
	}
	// Names come from servers and files, and scripts echo variables.
	data := provider.EnvData{
		AccessToken: token, AccountID: termtext.Clean(a.AccountID), Email: termtext.Clean(a.Email),
		Label: termtext.Clean(a.Name()), UUID: termtext.Clean(a.UUID), BaseURL: base, ExpiresAt: expires,
	}
	list, err := e.adapter.Environ(data)
	if err != nil {
		return nil, err
	}
	if e.lane != nil {
		more, err := e.adapter.ProxyEnviron(data)
		if err != nil {
			return nil, err
		}
		list = append(list, more...)
	}
	set := map[string]string{}
	for _, entry := range list {
		name, value, _ := strings.Cut(entry, "=")
		set[name] = value
	}
	for _, entry := range e.extra {
		name, template, _ := strings.Cut(entry, "=")
		if set[name], err = provider.ExpandEnv(template, data); err != nil {
			return nil, usageErrorf("", "--env %s: %w", name, err)
		}
	}
	set[env.Provider] = e.adapter.ID
	set[env.Account] = data.UUID
	set[env.AccountLabel] = data.Label
	set[env.AccessToken] = token
	set[env.ExpiresAt] = expires
	if e.lane != nil {
		set[env.BaseURL] = base
	}
	return set, nil
}

// shellQuote makes a name safe to paste into a shell.
func shellQuote(name string) string {
	return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
}
