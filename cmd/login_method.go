package cmd

import (
	"runtime"

	"github.com/kyoli-gam/kyoli/internal/env"
	"github.com/kyoli-gam/kyoli/pkg/provider"
)

// noLogin is for a provider whose logins are other programs'.
func noLogin(a *provider.Adapter) error {
	if !a.Builtin {
		return failf(exitUsage, "kyoli providers show "+a.ID,
			"%s has no login: its adapter has neither authorize_url nor device_url", a.ID)
	}
	return failf(exitUsage, "kyoli migrate auth-json --provider "+a.ID,
		"%s has no login of its own here: log in with OpenCode, and take that login over; "+
			"or give one that another program made to kyoli accounts add --provider %s", a.ID, a.ID)
}

// noDisplay says why no browser can be opened where the person sits; "" = one can.
func (f *Factory) noDisplay() string {
	switch {
	case f.Env.Get(env.SSHConnection) != "", f.Env.Get(env.SSHTTY) != "":
		return "this is an SSH session"
	case runtime.GOOS == "windows", runtime.GOOS == "darwin", f.Env.Get(env.WSL) != "":
		return ""
	case f.Env.Get(env.Display) == "" && f.Env.Get(env.WaylandDisplay) == "":
		return "there is no display"
	}
	return ""
}
