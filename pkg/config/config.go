package config

import (
	"errors"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/kyoli-gam/kyoli/internal/regular"
	"github.com/kyoli-gam/kyoli/internal/strictyaml"
)

// Config is kyoli.yaml as it was read. It is not safe for use while Set runs.
type Config struct {
	Dir  string // of all of kyoli's files
	File string // kyoli.yaml in it, which need not exist

	LockTimeout time.Duration // how long Set waits for another process; 0 is the lock's default

	// CheckAdapters, where it is set, has to accept the adapters of a changed
	// file before the change is written: this package does not know their keys.
	CheckAdapters func(adapters map[string]*yaml.Node, file string) error

	content
}

// content is what a file says.
type content struct {
	global   map[string]located
	provider map[string]map[string]located
	lines    map[string]int // of the names under providers
	adapters map[string]*yaml.Node
}

type located struct {
	value any
	line  int
}

// Load reads kyoli.yaml in dir. One that does not exist is an empty one. The
// error is an *Error, or wraps the one of the file system.
func Load(dir string) (*Config, error) {
	c := &Config{Dir: dir, File: filepath.Join(dir, FileName)}
	data, err := readFile(c.File)
	if err != nil || data == nil {
		return c, err
	}
	c.content, err = parse(c.File, data)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// maxFile is far more than anybody writes into a file of settings, in bytes.
const maxFile = 1 << 20

// readFile returns nil for a file that is not there.
func readFile(file string) ([]byte, error) {
	data, err := regular.Read(file, maxFile)
	var long *regular.TooLongError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case errors.As(err, &long):
		return nil, &Error{File: file, Reason: long.Error()}
	}
	return data, err // names the file
}

func parse(file string, data []byte) (content, error) {
	r := reader{file: file}
	root, err := strictyaml.Parse(data)
	if err != nil {
		var fault *strictyaml.Error
		if errors.As(err, &fault) {
			return r.content, &Error{File: file, Line: fault.Line, Key: fault.Key, Reason: fault.Reason}
		}
		return r.content, &Error{File: file, Reason: err.Error()}
	}
	return r.content, r.read(root)
}

// reader turns the tree of a file into content.
type reader struct {
	file string
	content
}

// forAll is what is wrong with a global key of one provider.
const forAll = "this setting is for all providers, not for one"

const (
	sectionProviders = "providers"
	sectionAdapters  = "adapters"
)

func (r *reader) read(root *yaml.Node) error {
	if root != nil && root.Kind != yaml.MappingNode {
		return r.fault(root, "", "want a mapping of keys, got "+strictyaml.Kind(root))
	}
	for key, value := range strictyaml.Pairs(root) {
		var err error
		switch key.Value {
		case sectionProviders:
			err = r.readProviders(value)
		case sectionAdapters:
			err = r.readAdapters(value)
		default:
			err = r.readKey("", "", key, value, &r.global)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) readProviders(node *yaml.Node) error {
	if err := r.wantMapping(node, sectionProviders); err != nil {
		return err
	}
	for name, settings := range strictyaml.Pairs(node) {
		prefix := sectionProviders + "." + name.Value
		if err := r.wantMapping(settings, prefix); err != nil {
			return err
		}
		values := map[string]located{}
		for key, value := range strictyaml.Pairs(settings) {
			if err := r.readKey(prefix+".", "", key, value, &values); err != nil {
				return err
			}
		}
		if r.provider == nil {
			r.provider, r.lines = map[string]map[string]located{}, map[string]int{}
		}
		r.provider[name.Value], r.lines[name.Value] = values, name.Line
	}
	return nil
}

func (r *reader) readAdapters(node *yaml.Node) error {
	if err := r.wantMapping(node, sectionAdapters); err != nil {
		return err
	}
	for name, adapter := range strictyaml.Pairs(node) {
		if err := r.wantMapping(adapter, sectionAdapters+"."+name.Value); err != nil {
			return err
		}
		if r.adapters == nil {
			r.adapters = map[string]*yaml.Node{}
		}
		r.adapters[name.Value] = adapter
	}
	return nil
}

// wantMapping takes a section with nothing in it (everything commented out) for
// an empty one.
func (r *reader) wantMapping(node *yaml.Node, key string) error {
	if node.Kind == yaml.MappingNode || strictyaml.IsNull(node) {
		return nil
	}
	return r.fault(node, key, "want a mapping of keys, got "+strictyaml.Kind(node))
}

// readKey reads one setting, or a section of them. prefix is what stands before
// its name in messages, section what belongs to its name.
func (r *reader) readKey(prefix, section string, key, node *yaml.Node, into *map[string]located) error {
	name := section + key.Value
	if section == "" && isSection(name) {
		return r.readSection(prefix, name, node, into)
	}
	k := keyNamed(name)
	if head, tail, dotted := strings.Cut(key.Value, "."); k != nil && dotted {
		return r.fault(key, prefix+name, "want it in its section, as "+head+": { "+tail+": … }")
	}
	if k == nil {
		allowed := keyNames()
		if prefix == "" {
			allowed = append(allowed, sectionProviders, sectionAdapters)
		}
		return &Error{File: r.file, Line: key.Line, Key: prefix + name, Reason: "unknown key", Allowed: allowed}
	}
	if k.global && prefix != "" {
		return r.fault(key, prefix+name, forAll)
	}
	value := scalarValue(node)
	if wrong := k.accept(value, strictyaml.Kind(node)); wrong != "" {
		return r.fault(node, prefix+k.Name, wrong)
	}
	if *into == nil {
		*into = map[string]located{}
	}
	(*into)[k.Name] = located{value, node.Line}
	return nil
}

func (r *reader) readSection(prefix, name string, node *yaml.Node, into *map[string]located) error {
	if err := r.wantMapping(node, prefix+name); err != nil {
		return err
	}
	for key, value := range strictyaml.Pairs(node) {
		if err := r.readKey(prefix, name+".", key, value, into); err != nil {
			return err
		}
	}
	return nil
}

// scalarValue is a bool, float64 or string, or nil for anything else.
func scalarValue(node *yaml.Node) any {
	if node.Kind != yaml.ScalarNode {
		return nil
	}
	switch node.Tag {
	case "!!bool":
		var b bool
		if node.Decode(&b) == nil {
			return b
		}
	case "!!int", "!!float":
		var f float64
		if node.Decode(&f) == nil {
			return f
		}
	case "!!str":
		return node.Value
	}
	return nil
}

func (r *reader) fault(node *yaml.Node, key, reason string) error {
	return &Error{File: r.file, Line: node.Line, Key: key, Reason: reason}
}

// Adapters returns the mappings under `adapters`, by name, for the provider
// package to read.
func (c *Config) Adapters() map[string]*yaml.Node { return maps.Clone(c.adapters) }

// CheckProviders refuses a name under `providers` that is no provider's: its
// settings would be ignored. The error is an *Error.
func (c *Config) CheckProviders(ids []string) error {
	for _, name := range slices.Sorted(maps.Keys(c.provider)) {
		if !slices.Contains(ids, name) {
			return &Error{
				File: c.File, Line: c.lines[name], Key: sectionProviders + "." + name,
				Reason: "no such provider", Allowed: ids,
			}
		}
	}
	return nil
}

// maxAdapterKey is how many parts the longest key of an adapter has:
// adapters.NAME.usage_map.five_hour.used.
const maxAdapterKey = 5

// SplitKey takes a dotted key apart and checks it as far as this package can:
// a setting, a setting of a provider, or a value of an adapter. The error is an
// *Error.
func SplitKey(key string) ([]string, error) {
	parts := strings.Split(key, ".")
	provider, name := Setting(parts)
	switch k := keyNamed(name); {
	case k != nil && k.global && provider != "":
		return nil, &Error{Key: key, Reason: forAll}
	case keyNamed(name) != nil:
	case len(parts) >= 3 && len(parts) <= maxAdapterKey && parts[0] == sectionAdapters && !slices.Contains(parts, ""):
	default:
		allowed := append(keyNames(), sectionProviders+".PROVIDER.KEY", sectionAdapters+".NAME.KEY")
		return nil, &Error{Key: key, Reason: "unknown key", Allowed: allowed}
	}
	return parts, nil
}

// Setting tells what a key that SplitKey has taken apart is about: a setting by
// its name, and the provider whose it is, "" for all. The name is "" for a value
// of an adapter.
func Setting(parts []string) (provider, name string) {
	switch {
	case parts[0] == sectionAdapters:
		return "", ""
	case parts[0] == sectionProviders && len(parts) > 2 && parts[1] != "":
		return parts[1], strings.Join(parts[2:], ".")
	}
	return "", strings.Join(parts, ".")
}
