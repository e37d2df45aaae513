// Package strictyaml reads YAML that a person wrote and a program must not
// misread: one document, no duplicate keys, no anchors, aliases or merge keys,
// a bounded size. It promises that every fault it reports names its line, and
// that a tree it returns can be walked without meeting a cycle.
package strictyaml

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

const (
	// MaxBytes bounds a file: settings are read at every start.
	MaxBytes = 1 << 20
	maxDepth = 64
)

// Error says what is wrong and where. It never quotes a value, which may be a
// secret in the wrong place.
type Error struct {
	Line   int    // from 1; 0 where the parser does not know it
	Key    string // the key the fault is at, "" where it is not at a key
	Reason string
}

func (e *Error) Error() string {
	switch {
	case e.Line == 0:
		return e.Reason
	case e.Key == "":
		return fmt.Sprintf("line %d: %s", e.Line, e.Reason)
	}
	return fmt.Sprintf("line %d: key %q: %s", e.Line, e.Key, e.Reason)
}

// Parse returns the root of the one document in data, or nil where there is
// none or it is null (an empty file, or nothing but comments). The error is an
// *Error.
func Parse(data []byte) (root *yaml.Node, err error) {
	// A parser that panics on odd bytes must not take the command with it.
	defer func() {
		if r := recover(); r != nil {
			root, err = nil, &Error{Reason: "not YAML"}
		}
	}()
	if fault := readable(data); fault != nil {
		return nil, fault
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, syntax(err)
	}
	if err := dec.Decode(&more); err == nil {
		return nil, &Error{Line: more.Line, Reason: "a second document; one is allowed"}
	} else if !errors.Is(err, io.EOF) {
		return nil, syntax(err)
	}
	root = doc.Content[0]
	if fault := check(root, 0); fault != nil {
		return nil, fault
	}
	if root.Tag == "!!null" {
		return nil, nil
	}
	return root, nil
}

func readable(data []byte) *Error {
	if len(data) > MaxBytes {
		return &Error{Reason: fmt.Sprintf("larger than %d KiB", MaxBytes>>10)}
	}
	// Found here rather than by the library, which does not say on which line.
	line := 1
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			return &Error{Line: line, Reason: "not UTF-8"}
		case r == '\n':
			line++
		case r < ' ' && r != '\t' && r != '\r', r == 0x7f:
			return &Error{Line: line, Reason: fmt.Sprintf("control character %U", r)}
		}
		i += n
	}
	return nil
}

var yamlLine = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^line (\d+): `) })

// syntax takes the line out of the library's message. The library leaves the
// line out where it is the first, and counts from 0 where the parser and not
// the scanner found the fault.
func syntax(err error) *Error {
	msg := strings.TrimPrefix(err.Error(), "yaml: ")
	m := yamlLine().FindStringSubmatch(msg)
	if m == nil {
		return &Error{Line: 1, Reason: msg}
	}
	line, _ := strconv.Atoi(m[1]) // the expression matched digits
	reason := msg[len(m[0]):]
	if strings.HasPrefix(reason, "did not find expected") {
		line++
	}
	return &Error{Line: line, Reason: reason}
}

func check(n *yaml.Node, depth int) *Error {
	switch {
	case depth > maxDepth:
		return &Error{Line: n.Line, Reason: fmt.Sprintf("nested deeper than %d levels", maxDepth)}
	case n.Kind == yaml.AliasNode, n.Anchor != "":
		return &Error{Line: n.Line, Reason: "anchors and aliases are not supported"}
	case n.Kind == yaml.MappingNode:
		if fault := checkKeys(n); fault != nil {
			return fault
		}
	}
	for _, child := range n.Content {
		if fault := check(child, depth+1); fault != nil {
			return fault
		}
	}
	return nil
}

func checkKeys(n *yaml.Node) *Error {
	seen := make(map[string]int, len(n.Content)/2)
	for key := range Pairs(n) {
		switch first, dup := seen[key.Value]; {
		case key.Kind != yaml.ScalarNode:
			return &Error{Line: key.Line, Reason: "a key must be a plain word"}
		case key.Tag == "!!merge":
			return &Error{Line: key.Line, Key: key.Value, Reason: "merge keys are not supported"}
		case dup:
			return &Error{Line: key.Line, Key: key.Value, Reason: fmt.Sprintf("given twice, first on line %d", first)}
		}
		seen[key.Value] = key.Line
	}
	return nil
}

// Pairs yields the keys and values of a mapping in the order of the file, and
// nothing for any other node, nil included.
func Pairs(n *yaml.Node) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(key, value *yaml.Node) bool) {
		if n == nil || n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i], n.Content[i+1]) {
				return
			}
		}
	}
}

// Get returns the value of one key of a mapping, or nil.
func Get(n *yaml.Node, name string) *yaml.Node {
	for key, value := range Pairs(n) {
		if key.Value == name {
			return value
		}
	}
	return nil
}

// IsNull reports a value that was left out (`key:` with nothing behind it).
func IsNull(n *yaml.Node) bool {
	return n == nil || n.Kind == yaml.ScalarNode && n.Tag == "!!null"
}

// Kind names a node's kind for a message.
func Kind(n *yaml.Node) string {
	switch {
	case n == nil:
		return "nothing"
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	}
	switch n.Tag {
	case "!!null":
		return "nothing"
	case "!!bool":
		return "true or false"
	case "!!int", "!!float":
		return "a number"
	case "!!str":
		return "a string"
	}
	return "a value of type " + strings.TrimPrefix(n.Tag, "!!")
}
