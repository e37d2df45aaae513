package cmd

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/kyoli-gam/kyoli/internal/env"
	"github.com/kyoli-gam/kyoli/internal/seal"
	"github.com/kyoli-gam/kyoli/pkg/config"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// The settings that say how tokens are kept.
const (
	keyEncryption  = "storage.encryption"
	keyAgeIdentity = "storage.age_identity"
)

// keys are what tokens are sealed with. The settings are read whenever tokens are
// written: another kyoli may have changed them since this one started.
type keys struct {
	f   *Factory
	box *seal.Box

	mu       sync.Mutex
	told     bool            // that they cannot be read now
	last     config.Settings // as they could be read last
	identity string          // a path to use in the place of the setting's, "" = none
}

// sealing is how this process keeps tokens.
func (f *Factory) sealing() store.Sealing {
	if f.made.keys == nil {
		f.made.keys = newKeys(f)
	}
	return f.made.keys.sealing()
}

func newKeys(f *Factory) *keys {
	k := &keys{f: f, last: config.Defaults()}
	if c, err := f.Config(); err == nil {
		if s, err := c.For("", ""); err == nil {
			k.last = s
		}
	}
	k.box = seal.NewBox(map[seal.Scheme]seal.Source{seal.Keyring: f.keyringIdentities, seal.Age: k.ageIdentities})
	return k
}

func (k *keys) sealing() store.Sealing {
	return store.Sealing{Box: k.box, Scheme: func() seal.Scheme { return seal.ParseScheme(k.settings().Encryption) }}
}

// settings are those of now. A settings file that cannot be read does not keep a
// new token from being written: it is as it was.
func (k *keys) settings() config.Settings {
	k.mu.Lock()
	defer k.mu.Unlock()
	dir, err := config.Dir(k.f.opts.ConfigDir, k.f.Env.Get, k.f.Env.Home())
	if err != nil {
		return k.last
	}
	c, err := config.Load(dir)
	if err == nil {
		if s, ferr := c.For("", ""); ferr == nil {
			k.last = s
		}
	} else if !k.told {
		k.told = true
		k.f.Note("warning: the settings cannot be read now; tokens are kept as they were: %v", err)
	}
	return k.last
}

// identityPath is where the age identity is, absolute where the directories are
// known.
func (k *keys) identityPath() string {
	path := k.settings().AgeIdentity
	k.mu.Lock()
	if k.identity != "" {
		path = k.identity
	}
	k.mu.Unlock()
	return k.f.agePath(path)
}

// agePath makes the setting a path: a relative one begins at kyoli.yaml's
// directory, "~/" is the home directory, and nothing is identity.txt in kyoli's
// directory for data: not beside what it opens.
func (f *Factory) agePath(setting string) string {
	rest, atHome := strings.CutPrefix(setting, "~/")
	switch {
	case setting == "":
		return filepath.Join(f.dataDir(), "identity.txt")
	case atHome:
		return filepath.Join(f.Env.Home(), rest)
	case filepath.IsAbs(setting):
		return filepath.Clean(setting)
	}
	dir, err := config.Dir(f.opts.ConfigDir, f.Env.Get, f.Env.Home())
	if err != nil {
		return setting
	}
	return filepath.Join(dir, setting)
}

// dataDir is where kyoli keeps its age identity: $XDG_DATA_HOME/kyoli.
func (f *Factory) dataDir() string {
	if dir := f.Env.Get(env.XDGDataHome); filepath.IsAbs(dir) {
		return filepath.Join(dir, "kyoli")
	}
	return filepath.Join(f.Env.Home(), ".local", "share", "kyoli")
}

// bare is the system's error without the path that stands before it already.
func bare(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
