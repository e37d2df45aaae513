package cmd

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	maxInput      = 64 << 20 // as much as an account file may be
	maxInputDepth = 64
)

// inputError says what is wrong with the JSON given to `accounts add` or
// `import`: where (file or "stdin"), which line, which field. It never quotes a
// value.
type inputError struct {
	Source string
	Line   int    // 0 = the whole
	Field  string // "accounts[1].expiresAt", "" = the whole
	Reason string
	Help   string // a command that helps, "" = the help of `accounts add`
}

func (e *inputError) Error() string {
	text := e.Source
	if e.Line > 0 {
		text += fmt.Sprintf(": line %d", e.Line)
	}
	if e.Field != "" {
		text += ": " + e.Field
	}
	return text + ": " + e.Reason
}

// Hint shows what is accepted.
func (e *inputError) Hint() string {
	if e.Help != "" {
		return e.Help
	}
	return "kyoli accounts add --help"
}

// node is a JSON value that knows where it stands.
type node struct {
	kind   jsontext.Kind
	offset int64 // of its first byte
	raw    jsontext.Value
	names  []string // of an object's members
	kids   []*node  // members or elements
}

func (n *node) member(name string) *node {
	for i, have := range n.names {
		if have == name {
			return n.kids[i]
		}
	}
	return nil
}

// document is one parsed input.
type document struct {
	source string
	data   []byte
	root   *node
}

// readInput reads all of r, at most maxInput bytes.
func readInput(source string, r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxInput+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", source, err)
	case len(data) > maxInput:
		return nil, &inputError{Source: source, Reason: fmt.Sprintf("longer than %d MiB", maxInput>>20)}
	}
	return data, nil
}

// parseDocument parses strict JSON: UTF-8, no name twice, nothing after it. A
// byte order mark, which some shells put before what they pipe, is passed over.
func parseDocument(source string, data []byte) (*document, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	d := &document{source: source, data: data}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, &inputError{Source: source, Reason: "is empty"}
	}
	dec := jsontext.NewDecoder(bytes.NewReader(data))
	root, err := d.parseNode(dec, 0)
	if err == nil {
		if _, more := dec.ReadToken(); !errors.Is(more, io.EOF) {
			err = errTrailing
		}
	}
	if err != nil {
		return nil, d.syntaxError(dec, err)
	}
	d.root = root
	return d, nil
}

var (
	errTrailing = errors.New("something follows the JSON value")
	errDepth    = errors.New("nested too deeply")
)

func (d *document) parseNode(dec *jsontext.Decoder, depth int) (*node, error) {
	if depth > maxInputDepth {
		return nil, errDepth
	}
	switch kind := dec.PeekKind(); kind {
	case '{', '[':
		if _, err := dec.ReadToken(); err != nil {
			return nil, err
		}
		n := &node{kind: kind, offset: dec.InputOffset() - 1}
		err := d.parseKids(n, dec, depth)
		n.raw = d.data[n.offset:dec.InputOffset()]
		return n, err
	default:
		raw, err := dec.ReadValue()
		if err != nil {
			return nil, err
		}
		offset := dec.InputOffset() - int64(len(raw))
		return &node{kind: kind, offset: offset, raw: d.data[offset:dec.InputOffset()]}, nil
	}
}

func (d *document) parseKids(n *node, dec *jsontext.Decoder, depth int) error {
	for dec.PeekKind() != '}' && dec.PeekKind() != ']' {
		if n.kind == '{' {
			name, err := dec.ReadToken()
			if err != nil {
				return err
			}
			n.names = append(n.names, name.String())
		}
		kid, err := d.parseNode(dec, depth+1)
		if err != nil {
			return err
		}
		n.kids = append(n.kids, kid)
	}
	_, err := dec.ReadToken()
	return err
}

func (d *document) syntaxError(dec *jsontext.Decoder, err error) error {
	offset, reason := dec.InputOffset(), "not valid JSON"
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		offset = syntax.ByteOffset
	}
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		reason = "a name stands twice in one object"
	case errors.Is(err, io.ErrUnexpectedEOF):
		offset, reason = int64(len(d.data)), "the JSON ends in the middle"
	case errors.Is(err, errTrailing), errors.Is(err, errDepth):
		reason = err.Error()
	}
	return &inputError{Source: d.source, Line: d.line(offset), Reason: reason}
}

// line is the line of a byte, from 1.
func (d *document) line(offset int64) int {
	offset = min(max(offset, 0), int64(len(d.data)))
	return 1 + bytes.Count(d.data[:offset], []byte("\n"))
}

func (d *document) errorAt(n *node, field, format string, args ...any) error {
	return &inputError{Source: d.source, Line: d.line(n.offset), Field: field, Reason: fmt.Sprintf(format, args...)}
}
