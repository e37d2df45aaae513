package config

import (
	"bytes"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/kyoli-gam/kyoli/internal/strictyaml"
)

var errUneditable = errors.New("this file cannot be changed without losing something in it; edit it by hand")

// edit returns data with the value at path set; value is a scalar, or a list or a
// mapping that may replace one of its kind. It
// changes the text itself, so that spacing and comments stay as they are; where
// the text is too unusual for that, the file is written anew from its tree,
// which keeps the comments. Either way the result is read back, and has to be
// the old tree with the one value changed.
func edit(data []byte, path []string, value *yaml.Node) ([]byte, error) {
	want, err := strictyaml.Parse(data)
	if err != nil {
		return nil, err
	}
	if want == nil {
		want = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	}
	if !setNode(want, path, value) {
		return nil, errUneditable
	}
	if sameTree(data, want) {
		return data, nil
	}
	if out, ok := editText(data, path, value); ok && sameTree(out, want) {
		return out, nil
	}
	out, err := editTree(data, func(root *yaml.Node) bool { return setNode(root, path, value) })
	if err != nil || !sameTree(out, want) || !keepsComments(data, out) {
		return nil, errUneditable
	}
	return out, nil
}

// setNode sets the value at path in a tree, adding mappings as needed; false
// where something that is no mapping stands in the way.
func setNode(root *yaml.Node, path []string, value *yaml.Node) bool {
	node := root
	for i, name := range path {
		if strictyaml.IsNull(node) {
			keep := *node // its comments
			*node = yaml.Node{
				Kind: yaml.MappingNode, Tag: "!!map",
				HeadComment: keep.HeadComment, LineComment: keep.LineComment, FootComment: keep.FootComment,
			}
		}
		if node.Kind != yaml.MappingNode {
			return false
		}
		child := strictyaml.Get(node, name)
		if child == nil {
			child = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"}
			node.Content = append(node.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: name}, child)
		}
		if i == len(path)-1 {
			if child.Kind != value.Kind && !strictyaml.IsNull(child) {
				return false
			}
			child.Kind, child.Tag, child.Value, child.Style, child.Content = value.Kind, value.Tag, value.Value, value.Style, value.Content
		}
		node = child
	}
	return true
}

// editText replaces a value that is there, or adds a line (with the sections it
// needs) below the last one of the section it belongs to.
func editText(data []byte, path []string, scalar *yaml.Node) ([]byte, bool) {
	root, err := strictyaml.Parse(data)
	if err != nil {
		return nil, false
	}
	text, err := scalarText(scalar)
	if err != nil {
		return nil, false
	}
	parent, rest := deepest(root, path)
	switch {
	case len(rest) == 0:
		return replaceScalar(data, parent, text)
	case parent == root:
		return insert(data, len(data), "", rest, text), true
	case parent.Kind != yaml.MappingNode || parent.Style&yaml.FlowStyle != 0 || len(parent.Content) == 0:
		return nil, false
	}
	indent := strings.Repeat(" ", parent.Content[0].Column-1)
	return insert(data, lineEnd(data, lastLine(parent)), indent, rest, text), true
}

// deepest follows path as far as the tree goes.
func deepest(root *yaml.Node, path []string) (node *yaml.Node, rest []string) {
	node = root
	for i, name := range path {
		child := strictyaml.Get(node, name)
		if child == nil {
			return node, path[i:]
		}
		node = child
	}
	return node, nil
}

func lastLine(node *yaml.Node) int {
	last := node.Line
	for _, child := range node.Content {
		last = max(last, lastLine(child))
	}
	return last
}

// lineEnd is the offset behind a line and its line break.
func lineEnd(data []byte, line int) int {
	end := 0
	for ; line > 0 && end < len(data); line-- {
		next := bytes.IndexByte(data[end:], '\n')
		if next < 0 {
			return len(data)
		}
		end += next + 1
	}
	return end
}

func insert(data []byte, at int, indent string, path []string, text string) []byte {
	newline := "\n"
	if bytes.Contains(data, []byte("\r\n")) {
		newline = "\r\n"
	}
	var b bytes.Buffer
	b.Write(data[:at])
	if at > 0 && data[at-1] != '\n' {
		b.WriteString(newline)
	}
	for i, name := range path {
		b.WriteString(indent + strings.Repeat("  ", i) + name + ":")
		if i == len(path)-1 {
			b.WriteString(" " + text)
		}
		b.WriteString(newline)
	}
	b.Write(data[at:])
	return b.Bytes()
}

// replaceScalar replaces the text of a value that stands on one line.
func replaceScalar(data []byte, node *yaml.Node, text string) ([]byte, bool) {
	if node.Kind != yaml.ScalarNode || node.Value == "" && node.Style == 0 {
		return nil, false
	}
	start := lineEnd(data, node.Line-1)
	for range node.Column - 1 {
		_, size := utf8.DecodeRune(data[start:])
		start += size
	}
	length := tokenLength(data[start:], node)
	if length == 0 {
		return nil, false
	}
	return slices.Concat(data[:start], []byte(text), data[start+length:]), true
}

// tokenLength is the length of a value's text, 0 where it cannot be told.
func tokenLength(text []byte, node *yaml.Node) int {
	switch {
	case node.Style == 0 && bytes.HasPrefix(text, []byte(node.Value)):
		return len(node.Value)
	case node.Style&yaml.SingleQuotedStyle != 0 && text[0] == '\'':
		return quotedLength(text, '\'')
	case node.Style&yaml.DoubleQuotedStyle != 0 && text[0] == '"':
		return quotedLength(text, '"')
	}
	return 0
}

func quotedLength(text []byte, quote byte) int {
	for i := 1; i < len(text) && text[i] != '\n'; i++ {
		switch {
		case text[i] == '\\' && quote == '"':
			i++
		case text[i] != quote:
		case quote == '\'' && i+1 < len(text) && text[i+1] == quote:
			i++
		default:
			return i + 1
		}
	}
	return 0
}

func scalarText(scalar *yaml.Node) (string, error) {
	out, err := yaml.Marshal(scalar)
	return strings.TrimSuffix(string(out), "\n"), err
}

// editTree changes the library's tree, with its comments, and writes that.
func editTree(data []byte, change func(root *yaml.Node) bool) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, err
	}
	if doc.Kind != yaml.DocumentNode || !change(doc.Content[0]) {
		return nil, errUneditable
	}
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(&doc); err != nil {
		return nil, err
	}
	return b.Bytes(), enc.Close()
}

// sameTree reports a text that reads as the wanted tree.
func sameTree(data []byte, want *yaml.Node) bool {
	got, err := strictyaml.Parse(data)
	return err == nil && got != nil && sameNode(got, want)
}

func sameNode(a, b *yaml.Node) bool {
	return a.Kind == b.Kind && a.Tag == b.Tag && a.Value == b.Value &&
		slices.EqualFunc(a.Content, b.Content, sameNode)
}

// keepsComments reports that whatever looks like a comment in old is in the
// changed text as often. It reads the text and not the library's trees, which
// lack some comments from the start; a string with a "#" in it may make it too
// careful.
func keepsComments(old, changed []byte) bool {
	return maps.Equal(comments(old), comments(changed))
}

var comment = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)(?:^|[ \t])#.*$`) })

func comments(data []byte) map[string]int {
	count := map[string]int{}
	for _, match := range comment().FindAll(data, -1) {
		count[string(bytes.TrimSpace(match))]++
	}
	return count
}
