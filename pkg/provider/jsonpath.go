package provider

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"github.com/theory/jsonpath"
)

const badPath = "want a JSON path (RFC 9535), such as $.limits.short.used"

func checkJSONPath(s string) string {
	switch {
	case len(s) > maxValue:
		return badPath
	case strings.Count(s, "..") > 1: // each multiplies the time that a look-up takes
		return "want a JSON path with at most one descendant segment (..)"
	}
	if _, err := parsePath(s); err != nil {
		return badPath
	}
	return ""
}

// parsePath makes a panic of the library's an error: a path comes from a file.
func parsePath(s string) (path *jsonpath.Path, err error) {
	defer func() {
		if r := recover(); r != nil {
			path, err = nil, errors.New("not a JSON path")
		}
	}()
	return jsonpath.Parse(s)
}

// document is an answer that paths are looked up in.
type document struct{ root any }

// readDocument reads JSON, numbers as they are spelled; nil where it is none.
func readDocument(data []byte) *document {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !json.Valid(data) {
		return nil
	}
	var d document
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if dec.Decode(&d.root) != nil {
		return nil
	}
	return &d
}

// at is the value at a path, nil where it is null or is not the only one, and how
// many there are.
func (d *document) at(path string) (value json.RawMessage, count int) {
	defer func() {
		if r := recover(); r != nil {
			value, count = nil, 0
		}
	}()
	p, err := parsePath(path)
	if err != nil {
		return nil, 0 // checked when the settings were read
	}
	nodes := p.Select(d.root)
	if len(nodes) != 1 || nodes[0] == nil {
		return nil, len(nodes)
	}
	value, _ = json.Marshal(nodes[0]) // it came from JSON
	return value, 1
}

// name is the text at a path; an id that is a number is taken as it is spelled.
func (d *document) name(path string) string {
	if d == nil || path == "" {
		return ""
	}
	value, _ := d.at(path)
	var n json.Number
	if text(value) == "" && json.Unmarshal(value, &n) == nil {
		return n.String()
	}
	return text(value)
}
