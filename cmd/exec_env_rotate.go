package cmd

import (
	"slices"
	"strings"

	"github.com/kyoli-gam/kyoli/internal/env"
	"github.com/kyoli-gam/kyoli/pkg/provider"
)

// wire adds what a command needs to find the proxy.
func (e *childEnv) wire(inherited []string, set map[string]string) error {
	reachLoopback(inherited, set)
	if !e.opencode {
		return nil
	}
	// OpenCode shows a credential of its own, so the secret is in the path.
	options, err := e.adapter.OpenCode(provider.EnvData{AccessToken: e.lane.token, BaseURL: e.lane.secretURL, ExpiresAt: e.lane.expires})
	if err != nil {
		return err
	}
	config, given := set[env.OpenCodeConfig] // by --env
	if !given {
		config = valueIn(inherited, env.OpenCodeConfig)
	}
	set[env.OpenCodeConfig], err = openCodeConfig(config, e.adapter, options)
	return err
}

// reachLoopback keeps a command that is to use an HTTP proxy of the user's from
// looking for this machine behind it.
func reachLoopback(inherited []string, set map[string]string) {
	proxied := false
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"} {
		proxied = proxied || valueIn(inherited, name) != ""
	}
	if !proxied {
		return
	}
	for _, name := range []string{"NO_PROXY", "no_proxy"} {
		const own = "127.0.0.1"
		switch have := valueIn(inherited, name); {
		case have == "":
			set[name] = own
		case have != "*" && !slices.Contains(strings.Split(have, ","), own):
			set[name] = have + "," + own
		}
	}
}

// valueIn is the value of a variable in a list of NAME=VALUE, the last of several.
func valueIn(list []string, name string) string {
	value := ""
	for _, entry := range list {
		if n, v, _ := strings.Cut(entry, "="); n == name {
			value = v
		}
	}
	return value
}
