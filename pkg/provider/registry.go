package provider

import (
	"embed"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/kyoli-gam/kyoli/internal/strictyaml"
)

//go:embed openai.yaml anthropic.yaml
var builtins embed.FS

const builtinExt = ".yaml"

// builtinIDs are the names of the built-in adapters.
func builtinIDs() []string {
	entries, _ := builtins.ReadDir(".") // fails for a directory that is not embedded
	ids := make([]string, 0, len(entries))
	for _, entry := range entries {
		ids = append(ids, strings.TrimSuffix(entry.Name(), builtinExt))
	}
	return ids
}

// Registry holds the adapters of a run.
type Registry struct {
	file    string // the settings file, which errors name
	byID    map[string]*Adapter
	faults  map[string][]*AdapterError // what is wrong with the user's, by name
	missing map[string][]*AdapterError // what they lack yet, by name

	unfinished map[string][]*AdapterError // what only a part of them lacks
}

// Load builds the registry from the built-in adapters and the user's: overrides
// maps a name to its mapping in file, the settings file, which errors name. A
// built-in name is merged over (lists are replaced, maps merged, a null entry
// of a map removes it); any other name is a provider of the user's own. One that
// lacks a key that it needs is set aside as incomplete. The error is an
// *AdapterError.
func Load(overrides map[string]*yaml.Node, file string) (*Registry, error) {
	r, err := readAll(overrides, file)
	if err != nil {
		return nil, err
	}
	for _, id := range slices.Sorted(maps.Keys(r.faults)) {
		return nil, r.faults[id][0]
	}
	return r, nil
}

// readAll is Load that also takes what is wrong.
func readAll(overrides map[string]*yaml.Node, file string) (*Registry, error) {
	r := &Registry{
		file: file, byID: map[string]*Adapter{},
		faults: map[string][]*AdapterError{}, missing: map[string][]*AdapterError{}, unfinished: map[string][]*AdapterError{},
	}
	if err := r.loadBuiltins(); err != nil {
		return nil, err
	}
	for _, id := range slices.Sorted(maps.Keys(overrides)) {
		r.override(id, overrides[id], file)
	}
	r.checkFiles(overrides)
	return r, nil
}

func (r *Registry) loadBuiltins() error {
	for _, id := range builtinIDs() {
		name := id + builtinExt
		data, err := builtins.ReadFile(name)
		if err != nil {
			return &AdapterError{File: "built-in", Adapter: id, Reason: err.Error()}
		}
		node, err := strictyaml.Parse(data)
		if err != nil {
			return &AdapterError{File: name, Adapter: id, Reason: err.Error()}
		}
		r.override(id, node, name)
		for _, fault := range slices.Concat(r.faults[id], r.missing[id]) {
			return fault
		}
		r.byID[id].Builtin = true
	}
	return nil
}

// override merges one mapping over the adapter of that name, or over an empty
// one.
func (r *Registry) override(id string, node *yaml.Node, file string) {
	a := &Adapter{
		ID: id, DisplayName: id, AuthJSONKey: id,
		AccountsFile: id + "-multi-account-accounts.json",
		ClientAuth:   ClientAuthPost, TokenRequest: "form", DeviceRequest: "form", UsageFormat: UsageFormatAuto,
		LimitPatterns:   defaultLimitPatterns,
		OpenCodeOptions: map[string]string{"baseURL": "{{.BaseURL}}", "apiKey": "{{.AccessToken}}"}, //nolint:gosec // a template
	}
	if known := r.byID[id]; known != nil {
		a = known
	}
	d := decoder{file: file, adapter: a}
	d.decode(node)
	if len(d.faults) > 0 {
		r.faults[id] = d.faults
	}
	if len(d.missing) > 0 {
		r.missing[id] = d.missing
	}
	r.unfinished[id] = d.unfinished
	r.byID[id] = a
}

// checkFiles refuses two providers on one account file: they would take each
// other's accounts for their own.
func (r *Registry) checkFiles(overrides map[string]*yaml.Node) {
	owner := map[string]string{}
	for _, id := range slices.Sorted(maps.Keys(r.byID)) {
		name := strings.ToLower(r.byID[id].AccountsFile) // file systems may fold case
		other, taken := owner[name]
		if !taken {
			owner[name] = id
			continue
		}
		if overrides[id] == nil {
			id, other = other, id
		}
		e := &AdapterError{File: r.file, Adapter: id, Key: "accounts_file", Reason: "is the account file of provider " + other}
		if node := strictyaml.Get(overrides[id], "accounts_file"); node != nil {
			e.Line = node.Line
		}
		r.faults[id] = append(r.faults[id], e)
	}
}

// Get returns one adapter, an *UnknownProviderError, or the *AdapterError of one
// that is incomplete.
func (r *Registry) Get(id string) (*Adapter, error) {
	switch a := r.byID[id]; {
	case a == nil:
		return nil, &UnknownProviderError{Name: id, Known: r.IDs()}
	case len(r.missing[id]) > 0:
		return nil, r.missing[id][0]
	default:
		return a, nil
	}
}

// IDs returns the names of the providers, sorted, without those that are
// incomplete.
func (r *Registry) IDs() []string {
	var ids []string
	for id := range r.byID {
		if len(r.missing[id]) == 0 {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// Incomplete returns what the user's adapters lack, by their names: a client id or
// a token endpoint. Until it is there, a provider is none.
func (r *Registry) Incomplete() map[string][]*AdapterError { return maps.Clone(r.missing) }

// Draft returns an adapter that may be incomplete, or nil.
func (r *Registry) Draft(id string) *Adapter { return r.byID[id] }

// All returns the adapters, sorted by name, without those that are incomplete.
func (r *Registry) All() []*Adapter {
	var all []*Adapter
	for _, id := range r.IDs() {
		all = append(all, r.byID[id])
	}
	return all
}
