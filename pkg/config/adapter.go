package config

import (
	"bytes"
	"context"

	"gopkg.in/yaml.v3"

	"github.com/kyoli-gam/kyoli/internal/strictyaml"
)

// PutAdapter sets the keys of an adapter in kyoli.yaml, which it makes where it is
// missing; the keys that values does not name stay as they are, and so does all else
// in the file. values is a mapping. It promises and fails as Set does.
func (c *Config) PutAdapter(ctx context.Context, name string, values *yaml.Node) error {
	return c.change(ctx, sectionAdapters+"."+name, true, putAdapter(name, values))
}

// PreviewAdapter is whether PutAdapter would change the file, and its error.
func (c *Config) PreviewAdapter(name string, values *yaml.Node) (changes bool, err error) {
	before, after, _, err := c.changed(sectionAdapters+"."+name, true, putAdapter(name, values))
	return !bytes.Equal(before, after), err
}

func putAdapter(name string, values *yaml.Node) func([]byte) ([]byte, error) {
	return func(data []byte) ([]byte, error) {
		var err error
		for key, value := range strictyaml.Pairs(values) {
			if data, err = edit(data, []string{sectionAdapters, name, key.Value}, value); err != nil {
				return nil, err
			}
		}
		return data, nil
	}
}

// RemoveAdapter takes an adapter out of kyoli.yaml, with the comments inside it, and
// what is set for its provider; own tells that nothing else has a provider of that
// name. It promises and fails as Set does.
func (c *Config) RemoveAdapter(ctx context.Context, name string, own bool) error {
	return c.change(ctx, sectionAdapters+"."+name, true, func(data []byte) ([]byte, error) {
		data, err := cut(data, []string{sectionAdapters, name})
		if err != nil || !own {
			return data, err
		}
		return cut(data, []string{sectionProviders, name})
	})
}

// cut returns data without the entry at path, and without a section that is empty
// then. Where the text is too unusual, the file is written anew from its tree; either
// way the result is read back, and has to be the old tree without the entry.
func cut(data []byte, path []string) ([]byte, error) {
	want, err := strictyaml.Parse(data)
	if err != nil {
		return nil, err
	}
	if !cutNode(want, path) {
		return data, nil // not there
	}
	if out, ok := cutText(data, path); ok && sameButEmpty(out, want) {
		return out, nil
	}
	out, err := editTree(data, func(root *yaml.Node) bool { return cutNode(root, path) })
	if err != nil || !sameButEmpty(out, want) || !keepsComments(data, out) {
		return nil, errUneditable
	}
	return out, nil
}

// cutNode takes the entry out of a tree, and a mapping that is empty then; false
// where it is not there.
func cutNode(node *yaml.Node, path []string) bool {
	if node == nil {
		return false
	}
	for i := 0; i+1 < len(node.Content) && node.Kind == yaml.MappingNode; i += 2 {
		if node.Content[i].Value != path[0] {
			continue
		}
		if len(path) > 1 && !cutNode(node.Content[i+1], path[1:]) {
			return false
		}
		if len(path) == 1 || len(node.Content[i+1].Content) == 0 {
			node.Content = append(node.Content[:i:i], node.Content[i+2:]...)
		}
		return true
	}
	return false
}

// cutText takes out the lines of an entry in block style: from its key's to the last
// of its value's.
func cutText(data []byte, path []string) ([]byte, bool) {
	root, err := strictyaml.Parse(data)
	if err != nil {
		return nil, false
	}
	parent, first, last := root, 0, 0
	for _, name := range path {
		key, value := entry(parent, name)
		if key == nil || parent.Style&yaml.FlowStyle != 0 {
			return nil, false
		}
		// A section goes as a whole where nothing else is in it, comments included.
		alone := first > 0 && len(parent.Content) == 2 && key.Line == first+1
		last = lastLine(value)
		if !alone {
			first = key.Line
		}
		parent = value
	}
	start, end := lineEnd(data, first-1), lineEnd(data, last)
	return append(data[:start:start], data[end:]...), true
}

func entry(node *yaml.Node, name string) (key, value *yaml.Node) {
	for k, v := range strictyaml.Pairs(node) {
		if k.Value == name {
			return k, v
		}
	}
	return nil, nil
}

// sameButEmpty is sameTree, where a section with nothing in it is as good as none.
func sameButEmpty(data []byte, want *yaml.Node) bool {
	got, err := strictyaml.Parse(data)
	if err != nil {
		return false
	}
	if got == nil {
		got = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	}
	return sameNode(filled(got), filled(want))
}

// filled is a mapping without the entries in which nothing is.
func filled(root *yaml.Node) *yaml.Node {
	out := *root
	out.Content = nil
	for key, value := range strictyaml.Pairs(root) {
		if !strictyaml.IsNull(value) && (value.Kind != yaml.MappingNode || len(value.Content) > 0) {
			out.Content = append(out.Content, key, value)
		}
	}
	return &out
}
