package rawjson

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// Array is a JSON array whose elements can be changed one by one. Make one with ParseArray or NewArray. It is not
// safe for concurrent use.
type Array struct {
	body
	fresh bool
}

// NewArray returns an empty array whose elements will be indented by indent, on one line where that is empty.
func NewArray(indent string) *Array {
	return &Array{body: body{step: indent, compact: indent == ""}, fresh: true}
}

// Elems returns the raw elements, which share memory with the array.
func (a *Array) Elems() []jsontext.Value {
	elems := make([]jsontext.Value, len(a.items))
	for i := range a.items {
		elems[i] = a.items[i].value
	}
	return elems
}

// Object returns element i where that is an object. Changes to it take effect with Set(i, child).
func (a *Array) Object(i int) (*Object, bool) {
	v := a.items[i].value
	if v.Kind() != '{' {
		return nil, false
	}
	c := splitObject(v, "")
	a.child(&c.body)
	return c, true
}

// Set replaces element i; v as in Object.Set.
func (a *Array) Set(i int, v any) error {
	raw, err := a.value(v)
	if err != nil {
		return err
	}
	a.items[i].value = raw
	return nil
}

// SetRaw replaces element i by a raw value, which is kept byte for byte. A value that is not strict JSON is refused.
func (a *Array) SetRaw(i int, v jsontext.Value) error {
	if err := Validate(v); err != nil {
		return err
	}
	a.items[i].value = bytes.TrimSpace(v)
	return nil
}

// Append adds an element in the last place, laid out like the others; v as in Object.Set.
func (a *Array) Append(v any) error {
	raw, err := a.value(v)
	if err != nil {
		return err
	}
	a.append("", nil, raw)
	return nil
}

func (a *Array) value(v any) (jsontext.Value, error) {
	raw, verbatim, err := marshal(v)
	if err != nil || verbatim {
		return raw, err
	}
	return a.place(raw)
}

// Delete removes element i.
func (a *Array) Delete(i int) { a.remove(i) }

// Bytes returns the array's text.
func (a *Array) Bytes() []byte { return a.appendTo(nil, '[', ']') }
