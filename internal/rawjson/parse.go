package rawjson

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// Validate checks that data is one strict JSON value, with nothing but white space around it. Nesting deeper than
// 10,000 levels is refused. The error is a *SyntaxError.
func Validate(data []byte) error {
	d := jsontext.NewDecoder(bytes.NewBuffer(data))
	if _, err := d.ReadValue(); err != nil { // faster than SkipValue, and not a copy
		return syntaxError(data, err)
	}
	rest := int(d.InputOffset())
	if i := skipSpace(data, rest); i < len(data) {
		return &SyntaxError{Offset: int64(i), Reason: "there is more after the document's end"}
	}
	return nil
}

// ParseObject parses a document that must be one JSON object. The error is a *SyntaxError.
func ParseObject(data []byte) (*Object, error) {
	if err := validateKind(data, '{', "an object"); err != nil {
		return nil, err
	}
	return splitObject(data, ""), nil
}

// Split is ParseObject for a document that Validate has accepted and that is an object; it does not look again.
func Split(data []byte) *Object { return splitObject(data, "") }

// ParseArray parses a document that must be one JSON array. The error is a *SyntaxError.
func ParseArray(data []byte) (*Array, error) {
	if err := validateKind(data, '[', "an array"); err != nil {
		return nil, err
	}
	return splitArray(data, ""), nil
}

func validateKind(data []byte, first byte, what string) error {
	if err := Validate(data); err != nil {
		return err
	}
	if i := skipSpace(data, 0); data[i] != first {
		return &SyntaxError{Offset: int64(i), Reason: "the document is not " + what}
	}
	return nil
}

// body is what objects and arrays have in common: items between brackets, each with the bytes around its value.
type body struct {
	pre, post []byte // outside the brackets
	empty     []byte // between the brackets where there are no items
	items     []item
	outer     string // the indentation of the line on which the value starts
	step      string // one more level of it, for a value that shows none
	compact   bool   // such a value goes on one line
}

// item is one member or element: lead (white space, and for a member its name and colon), value, trail.
type item struct {
	name        string
	lead, trail []byte
	value       jsontext.Value
}

func splitObject(data []byte, outer string) *Object {
	o := &Object{body: body{outer: outer, step: defaultStep}}
	o.split(data, '}')
	return o
}

func splitArray(data []byte, outer string) *Array {
	a := &Array{body: body{outer: outer, step: defaultStep}}
	a.split(data, ']')
	return a
}

// split fills b from a validated object or array.
func (b *body) split(data []byte, closing byte) {
	start := skipSpace(data, 0)
	b.pre = data[:start]
	i := start + 1
	if end := skipSpace(data, i); data[end] == closing {
		b.empty, b.post = data[i:end:end], data[end+1:]
		return
	}
	for data[i-1] != closing {
		var it item
		from := i
		i = skipSpace(data, i)
		if closing == '}' {
			end := skipString(data, i)
			it.name = string(plainName(data[i:end]))
			i = skipSpace(data, skipSpace(data, end)+1)
		}
		end := skipValue(data, i)
		after := skipSpace(data, end)
		it.lead, it.value, it.trail = data[from:i:i], data[i:end:end], data[end:after:after]
		b.items = append(b.items, it)
		i = after + 1
	}
	b.post = data[i:]
}
