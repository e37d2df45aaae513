package cmd

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/kyoli-gam/kyoli/pkg/config"
	"github.com/kyoli-gam/kyoli/pkg/manager/pools"
	"github.com/kyoli-gam/kyoli/pkg/provider"
)

// The names that the plugins' core gives its files where a plugin does not name
// them. Its pools are always in poolsName.
const (
	coreAccounts = "multiauth-accounts.json"
	coreSettings = "multiauth-config.json"
	poolsName    = "multiauth-pools.json"
	codexAuth    = "auth.json"
)

// haulsOfDir reads a directory of the plugins, or Codex CLI's.
func (f *Factory) haulsOfDir(dir string, o *importOptions) ([]*haul, error) {
	r, err := f.Registry()
	if err != nil {
		return nil, err
	}
	var all []*haul
	if o.From != fromCodex {
		names := []string{coreAccounts}
		for _, a := range r.All() {
			names = append(names, a.AccountsFile)
		}
		for _, name := range append(names, poolsName) {
			h, err := f.haulIn(dir, name, o)
			if err != nil {
				return nil, err
			}
			if h != nil {
				h.from = fromPlugin
				all = append(all, h)
			}
		}
		settings, err := f.settingsIn(dir, r.All())
		if err != nil {
			return nil, err
		}
		if len(settings) > 0 {
			all = append(all, &haul{from: fromPlugin, settings: settings})
		}
	}
	if len(all) == 0 && o.From != fromPlugin {
		h, err := f.haulIn(dir, codexAuth, o)
		if err != nil {
			return nil, err
		}
		if h != nil {
			all = append(all, h)
		}
	}
	if len(all) == 0 {
		return nil, withHint(&fs.PathError{Op: "import", Path: dir, Err: errors.New("there is nothing of Codex CLI or the plugins in it")}, "ls "+shellQuote(dir))
	}
	return all, nil
}

// haulIn reads one file of a directory; nil where it is not there.
func (f *Factory) haulIn(dir, name string, o *importOptions) (*haul, error) {
	path := filepath.Join(dir, name)
	data, err := readFoundFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, helpedBy(err, helpImport)
	}
	if name == poolsName {
		c, err := pools.Parse(path, data)
		return &haul{pools: c}, err
	}
	h, err := f.haulOf(path, data, o.From, &o.unlockOptions)
	return h, helpedBy(err, helpImport)
}

// settingCopy is a setting of a plugin.
type settingCopy struct {
	provider string // "" = all
	file     string
	config.Value
}

// settingsIn reads the settings that the plugins in dir have.
func (f *Factory) settingsIn(dir string, adapters []*provider.Adapter) ([]settingCopy, error) {
	var all []settingCopy
	read := func(id, name string) error {
		if name == "" {
			return nil
		}
		file := filepath.Join(dir, name)
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		values, err := config.PluginSettings(file)
		for _, v := range values {
			all = append(all, settingCopy{id, file, v})
		}
		return err
	}
	err := read(f.opts.Provider, coreSettings)
	for _, a := range adapters {
		if f.opts.Provider == "" || f.opts.Provider == a.ID {
			err = errors.Join(err, read(a.ID, a.PluginConfigFile))
		}
	}
	return all, err
}
