package cmd

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kyoli-gam/kyoli/internal/oskeyring"
	"github.com/kyoli-gam/kyoli/internal/regular"
	"github.com/kyoli-gam/kyoli/internal/seal"
	"github.com/kyoli-gam/kyoli/pkg/claims"
	"github.com/kyoli-gam/kyoli/pkg/config"
	"github.com/kyoli-gam/kyoli/pkg/migrate"
	"github.com/kyoli-gam/kyoli/pkg/provider"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// runConfigSetSealing changes how tokens are kept, and brings those that there are
// into the new form. First it makes sure that the old key and the new one are to be
// had, then it changes the setting, and then the tokens. Wherever it is cut off
// every token can be read, for each says which key it needs; and the same command,
// or any that writes, goes on.
func runConfigSetSealing(ctx context.Context, f *Factory, c *config.Config, key, value string) error {
	value = strings.TrimSpace(value)
	if err := config.Check(key, value); err != nil {
		return err
	}
	before, err := c.For("", "")
	if err != nil {
		return err
	}
	w := &sealingWork{f: f}
	if err := w.open(); err != nil {
		return err
	}
	scheme := seal.ParseScheme(before.Encryption)
	if key == keyEncryption {
		scheme = seal.ParseScheme(value)
	} else if err := w.tryIdentity(value, scheme); err != nil {
		return err
	}
	if err := w.prepare(ctx, scheme); err != nil {
		return err
	}
	if err := c.Set(ctx, key, value); err != nil {
		return err
	}
	if err := w.reseal(ctx); err != nil {
		return withHint(err, "kyoli config set "+key+" "+shellQuote(value))
	}
	w.told(scheme)
	if key == keyEncryption && scheme != seal.None {
		w.warnOfPlugins(ctx)
	}
	return nil
}

// told says what is so now.
func (w *sealingWork) told(scheme seal.Scheme) {
	switch scheme {
	case seal.Keyring:
		w.f.Note("tokens are sealed with the key in the system's keyring")
	case seal.Age:
		w.f.Note("tokens are sealed with the age identity %s", w.f.made.keys.identityPath())
	default:
		w.f.Note("tokens are not sealed")
	}
}

// sealingWork is what holds tokens.
type sealingWork struct {
	f       *Factory
	files   []*store.File
	sealing store.Sealing
	place   migrate.Place
}

func (w *sealingWork) open() error {
	r, err := w.f.Registry()
	if err != nil {
		return err
	}
	for _, id := range r.IDs() {
		path, err := w.f.accountFile(id)
		if err != nil {
			return err
		}
		w.files = append(w.files, w.f.openFile(path))
	}
	w.sealing = w.f.sealing()
	w.place, err = w.f.authPlace("")
	return err
}

// tryIdentity makes the identity file at a path the one that is used, before it is
// in the settings. Where it does not exist, and is needed, that is an error: a new
// identity would open nothing.
func (w *sealingWork) tryIdentity(setting string, scheme seal.Scheme) error {
	k := w.f.made.keys
	path := w.f.agePath(setting)
	if scheme != seal.Age {
		if _, err := os.Lstat(path); err != nil {
			return nil // it is made when it is needed
		}
	}
	k.mu.Lock()
	k.identity = path
	k.mu.Unlock()
	return k.box.Ready(seal.Age)
}

// prepare looks whether every token can be read, and makes a key where there is
// none. In this order: a key made in the place of one that tokens are sealed with
// would open none of them.
func (w *sealingWork) prepare(ctx context.Context, scheme seal.Scheme) error {
	for _, file := range w.files {
		if err := file.Openable(ctx); err != nil {
			return keyLost(err)
		}
	}
	if err := migrate.Openable(w.place.StateDir, w.sealing); err != nil {
		return keyLost(err)
	}
	var err error
	switch scheme {
	case seal.Keyring:
		err = w.f.makeKeyringIdentity(ctx)
	case seal.Age:
		err = w.f.makeIdentity(w.f.made.keys.identityPath())
	}
	if err != nil || scheme == seal.None {
		return err
	}
	return w.sealing.Box.Ready(scheme)
}

// keyLost gives another hint where a token is sealed with a key that the keyring does not have: to make one, which is
// what has just been refused, is of no help.
func keyLost(err error) error {
	if errors.Is(err, oskeyring.ErrNotFound) {
		return withHint(err, "kyoli accounts list")
	}
	return err
}

func (w *sealingWork) reseal(ctx context.Context) error {
	var left []string
	for _, file := range w.files {
		more, err := file.Reseal(ctx)
		if err != nil {
			return err
		}
		left = append(left, more...)
	}
	if len(left) > 0 && w.sealing.Scheme() != seal.None {
		w.f.warn("these files could not be read, and may hold tokens that are not sealed; remove them when you need them no more: %s", strings.Join(left, ", "))
	}
	return migrate.Reseal(ctx, w.place.StateDir, w.sealing)
}

// warnOfPlugins says what sealed tokens mean to the npm plugins, and louder where
// one of them seems to be in use.
func (w *sealingWork) warnOfPlugins(ctx context.Context) {
	c, err := w.f.Config()
	if err != nil {
		return
	}
	r, err := w.f.Registry()
	if err != nil {
		return
	}
	for _, a := range r.All() {
		sign := w.pluginSign(ctx, c.Dir, a)
		if sign == "" {
			continue
		}
		w.f.warn("an npm plugin seems to be in use on the accounts of %s (%s). It cannot read sealed tokens: it would send them as they are, and mark the accounts as logged out. Take it out of opencode.json, or: kyoli config set %s none",
			a.ID, sign, keyEncryption)
		return
	}
	w.f.Note("the npm plugins of OpenCode cannot read sealed tokens: do not run them on these accounts")
}

// openCodeFiles are where OpenCode is told of plugins.
var openCodeFiles = []string{"opencode.json", "opencode.jsonc", "config.json"}

// pluginSign is what shows that the provider's plugin runs beside kyoli, "" for
// nothing.
func (w *sealingWork) pluginSign(ctx context.Context, dir string, a *provider.Adapter) string {
	if path := filepath.Join(dir, a.PluginConfigFile); a.PluginConfigFile != "" {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	for _, name := range openCodeFiles {
		path := filepath.Join(dir, name)
		if text, err := regular.Read(path, maxOpenCodeConfig); err == nil && bytes.Contains(text, []byte("-multi-account")) {
			return path
		}
	}
	if holders, err := w.f.Claims(a.ID); err == nil {
		view, _ := holders.View(ctx)
		for _, of := range view.Holders {
			if slices.ContainsFunc(of, func(h claims.Holder) bool { return h.Foreign }) {
				return "its claims"
			}
		}
	}
	return ""
}
