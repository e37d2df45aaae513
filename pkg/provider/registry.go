package provider

import (
	"embed"
	"maps"
	"path"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/kyoli-gam/kyoli/internal/strictyaml"
)

//go:embed openai.yaml anthropic.yaml
var builtins embed.FS

// Registry holds the adapters of a run.
type Registry struct {
	byID map[string]*Adapter
}

// Load builds the registry from the built-in adapters and the user's: overrides
// maps a name to its mapping in file, the settings file, which errors name. A
// built-in name is merged over (lists are replaced, maps merged, a null entry
// of a map removes it); any other name is a provider of the user's own. The
// error is an *AdapterError.
func Load(overrides map[string]*yaml.Node, file string) (*Registry, error) {
	r := &Registry{byID: map[string]*Adapter{}}
	if err := r.loadBuiltins(); err != nil {
		return nil, err
	}
	for _, id := range slices.Sorted(maps.Keys(overrides)) {
		if err := r.override(id, overrides[id], file); err != nil {
			return nil, err
		}
	}
	if err := r.checkFiles(overrides, file); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *Registry) loadBuiltins() error {
	entries, err := builtins.ReadDir(".")
	if err != nil {
		return &AdapterError{File: "built-in", Reason: err.Error()}
	}
	for _, entry := range entries {
		id := strings.TrimSuffix(entry.Name(), path.Ext(entry.Name()))
		data, err := builtins.ReadFile(entry.Name())
		if err != nil {
			return &AdapterError{File: "built-in", Adapter: id, Reason: err.Error()}
		}
		node, err := strictyaml.Parse(data)
		if err != nil {
			return &AdapterError{File: entry.Name(), Adapter: id, Reason: err.Error()}
		}
		if err := r.override(id, node, entry.Name()); err != nil {
			return err
		}
		r.byID[id].Builtin = true
	}
	return nil
}

// override merges one mapping over the adapter of that name, or over an empty
// one.
func (r *Registry) override(id string, node *yaml.Node, file string) error {
	a := &Adapter{
		ID: id, DisplayName: id, AuthJSONKey: id,
		AccountsFile: id + "-multi-account-accounts.json",
		TokenRequest: "form", DeviceRequest: "form", UsageFormat: UsageFormatAuto,
		LimitPatterns:   defaultLimitPatterns,
		OpenCodeOptions: map[string]string{"baseURL": "{{.BaseURL}}", "apiKey": "{{.AccessToken}}"}, //nolint:gosec // a template
	}
	if known := r.byID[id]; known != nil {
		a = known
	}
	d := decoder{file: file, adapter: a}
	if err := d.decode(node); err != nil {
		return err
	}
	r.byID[id] = a
	return nil
}

// checkFiles refuses two providers on one account file: they would take each
// other's accounts for their own.
func (r *Registry) checkFiles(overrides map[string]*yaml.Node, file string) error {
	owner := map[string]string{}
	for _, a := range r.All() {
		name := strings.ToLower(a.AccountsFile) // file systems may fold case
		other, taken := owner[name]
		if !taken {
			owner[name] = a.ID
			continue
		}
		id := a.ID
		if overrides[id] == nil {
			id, other = other, id
		}
		e := &AdapterError{File: file, Adapter: id, Key: "accounts_file", Reason: "is the account file of provider " + other}
		if node := strictyaml.Get(overrides[id], "accounts_file"); node != nil {
			e.Line = node.Line
		}
		return e
	}
	return nil
}

// Get returns one adapter, or an *UnknownProviderError.
func (r *Registry) Get(id string) (*Adapter, error) {
	if a := r.byID[id]; a != nil {
		return a, nil
	}
	return nil, &UnknownProviderError{Name: id, Known: r.IDs()}
}

// IDs returns the names of the providers, sorted.
func (r *Registry) IDs() []string { return slices.Sorted(maps.Keys(r.byID)) }

// All returns the adapters, sorted by name.
func (r *Registry) All() []*Adapter {
	all := make([]*Adapter, 0, len(r.byID))
	for _, id := range r.IDs() {
		all = append(all, r.byID[id])
	}
	return all
}
