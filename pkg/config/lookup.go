package config

import (
	"fmt"
	"path/filepath"

	"gopkg.in/yaml.v3"

	"github.com/kyoli-gam/kyoli/internal/strictyaml"
)

// Source is where a value comes from: the default (zero), or a line of a file.
type Source struct {
	File string
	Line int
}

func (s Source) String() string {
	if s.File == "" {
		return "default"
	}
	return fmt.Sprintf("%s:%d", s.File, s.Line)
}

// Value is one setting in force.
type Value struct {
	Key    string
	Value  any // bool, float64 or string
	Source Source
}

// For returns the settings in force for a provider: kyoli.yaml's for it, then
// kyoli.yaml's, then those of the npm plugin's file, then the defaults.
// pluginFile is a base name in the directory, "" for none; a file that does not
// exist is no fault, one that cannot be read is. The error is an *Error, or
// wraps the one of the file system.
func (c *Config) For(provider, pluginFile string) (Settings, error) {
	var s Settings
	values, err := c.List(provider, pluginFile)
	for i, v := range values {
		keys[i].apply(&s, v.Value)
	}
	return s, err
}

// List is For with the source of each setting, in the order of Keys. With an
// empty provider it leaves the providers' own out.
func (c *Config) List(provider, pluginFile string) ([]Value, error) {
	var plugin map[string]located
	pluginPath := filepath.Join(c.Dir, pluginFile)
	if pluginFile != "" {
		var err error
		if plugin, err = readPlugin(pluginPath); err != nil {
			return nil, err
		}
	}
	values := make([]Value, len(keys))
	for i, k := range keys {
		v := Value{Key: k.Name, Value: k.Default}
		if found, ok := plugin[k.Name]; ok {
			v.Value, v.Source = found.value, Source{pluginPath, found.line}
		}
		if found, ok := c.global[k.Name]; ok {
			v.Value, v.Source = found.value, Source{c.File, found.line}
		}
		if found, ok := c.provider[provider][k.Name]; ok {
			v.Value, v.Source = found.value, Source{c.File, found.line}
		}
		values[i] = v
	}
	return values, nil
}

// Get returns one value by its dotted key. A setting is looked up as List does
// with no provider and no plugin; "providers.P.KEY" and "adapters.A.KEY" only
// where the file has them, with ok false where it does not.
func (c *Config) Get(key string) (v Value, ok bool, err error) {
	parts, err := SplitKey(key)
	if err != nil {
		return v, false, err
	}
	if provider, name := Setting(parts); provider != "" {
		found, ok := c.provider[provider][name]
		if !ok {
			return v, false, nil
		}
		return Value{key, found.value, Source{c.File, found.line}}, true, nil
	}
	if parts[0] == sectionAdapters {
		return c.getAdapter(key, parts[1:])
	}
	values, err := c.List("", "")
	for _, v := range values {
		if v.Key == key {
			return v, true, err
		}
	}
	return v, false, err
}

func (c *Config) getAdapter(key string, path []string) (Value, bool, error) {
	node := c.adapters[path[0]]
	for _, name := range path[1:] {
		node = strictyaml.Get(node, name)
	}
	switch {
	case node == nil:
		return Value{}, false, nil
	case node.Kind != yaml.ScalarNode:
		return Value{}, false, &Error{
			File: c.File, Line: node.Line, Key: key, Reason: "is " + strictyaml.Kind(node) + ", not one value",
		}
	}
	return Value{key, node.Value, Source{c.File, node.Line}}, true, nil
}
