package cmd

import (
	"runtime"

	"github.com/kyoli-gam/kyoli/internal/env"
	"github.com/kyoli-gam/kyoli/pkg/provider"
	loginflow "github.com/kyoli-gam/kyoli/pkg/provider/login"
)

// loginMethod is a way of logging in.
type loginMethod int

const (
	byBrowser loginMethod = iota
	byDevice
	byPaste
)

// loginMethod is the way that was asked for, else the one that works here: a
// browser where there is a display, else a code on another device, else a page
// that is pasted back.
func (f *Factory) loginMethod(a *provider.Adapter, o *loginOptions) (loginMethod, error) {
	browser, device := loginflow.Methods(a)
	switch {
	case !browser && !device:
		return 0, noLogin(a)
	case o.Device && !device:
		return 0, failf(exitUsage, "kyoli login "+a.ID, "%s: the adapter has no device_url, so there is no login with a code", a.ID)
	case !o.Device && !browser && (o.Manual || o.NoBrowser):
		return 0, failf(exitUsage, "kyoli login "+a.ID+" --device", "%s: the adapter has no authorize_url, so there is no login in a browser", a.ID)
	case o.Device, !browser:
		return byDevice, nil
	case o.Manual:
		return byPaste, nil
	case o.NoBrowser:
		return byBrowser, nil
	}
	why := f.noDisplay()
	switch {
	case why == "":
		return byBrowser, nil
	case device:
		f.Note("%s: logging in with a code on another device (other ways: --manual, --no-browser)", why)
		return byDevice, nil
	case f.canAsk():
		f.Note("%s: the address that the browser ends at is pasted back here (another way: --no-browser)", why)
		return byPaste, nil
	}
	return byBrowser, nil
}

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

// canAsk tells whether there is somebody who can be asked.
func (f *Factory) canAsk() bool {
	return !f.NoInput() && f.Terminal != nil && (f.inTTY() || f.outTTY() || f.errTTY())
}
