package rawjson

import (
	"bytes"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// Object is a JSON object whose members can be changed one by one. Make one with ParseObject or NewObject. It is not
// safe for concurrent use.
type Object struct {
	body
	fresh bool           // made here: laid out anew where it is put into another
	index map[string]int // by name; nil until needed, and after a removal
}

// indexFrom is the number of members from which a lookup uses an index.
const indexFrom = 24

// NewObject returns an empty object whose members will be indented by indent, on one line where that is empty.
func NewObject(indent string) *Object {
	return &Object{body: body{step: indent, compact: indent == ""}, fresh: true}
}

// Get returns a member's raw value, which shares memory with the object.
func (o *Object) Get(name string) (jsontext.Value, bool) {
	i := o.find(name)
	if i < 0 {
		return nil, false
	}
	return o.items[i].value, true
}

// Object returns a member that is itself an object. Changes to it take effect with Set(name, child). It returns
// false where there is no such member, or it is not an object.
func (o *Object) Object(name string) (*Object, bool) {
	v, ok := o.Get(name)
	if !ok || v.Kind() != '{' {
		return nil, false
	}
	c := splitObject(v, "")
	o.child(&c.body)
	return c, true
}

// Array returns a member that is an array. Changes to it take effect with Set(name, child). It returns false where
// there is no such member, or it is not an array.
func (o *Object) Array(name string) (*Array, bool) {
	v, ok := o.Get(name)
	if !ok || v.Kind() != '[' {
		return nil, false
	}
	c := splitArray(v, "")
	o.child(&c.body)
	return c, true
}

// Set gives a member a value, in its place where it exists, else after the others and laid out like them. v may be
// anything that encoding/json takes; a jsontext.Value, and an *Object or *Array that was parsed, is taken as it is.
// A value whose text is the same already changes nothing.
func (o *Object) Set(name string, v any) error {
	raw, verbatim, err := marshal(v)
	if err != nil {
		return err
	}
	if !verbatim {
		if raw, err = o.place(raw); err != nil {
			return err
		}
	}
	o.put(name, raw)
	return nil
}

// SetRaw gives a member a raw value, which is kept byte for byte. A value that is not strict JSON is refused.
func (o *Object) SetRaw(name string, v jsontext.Value) error {
	if err := Validate(v); err != nil {
		return err
	}
	o.put(name, bytes.TrimSpace(v))
	return nil
}

func (o *Object) put(name string, raw jsontext.Value) {
	name = validText(name)
	if i := o.find(name); i >= 0 {
		o.items[i].value = raw
		return
	}
	o.append(name, o.key(name), raw)
	if o.index != nil {
		o.index[name] = len(o.items) - 1
	}
}

// key returns a quoted name and colon, spaced as the last member's are.
func (o *Object) key(name string) []byte {
	key := appendString(nil, name)
	if n := len(o.items); n > 0 {
		lead := o.items[n-1].lead
		if i := skipString(lead, skipSpace(lead, 0)); i < len(lead) {
			return append(key, lead[i:]...)
		}
	}
	if o.compact {
		return append(key, ':')
	}
	return append(key, ": "...)
}

// Delete removes a member and says whether it was there.
func (o *Object) Delete(name string) bool {
	i := o.find(name)
	if i < 0 {
		return false
	}
	o.remove(i)
	o.index = nil
	return true
}

// Names returns the members' names in their order.
func (o *Object) Names() []string {
	names := make([]string, len(o.items))
	for i := range o.items {
		names[i] = o.items[i].name
	}
	return names
}

// Bytes returns the object's text.
func (o *Object) Bytes() []byte { return o.appendTo(nil, '{', '}') }

func (o *Object) find(name string) int {
	name = validText(name)
	if len(o.items) < indexFrom {
		return slices.IndexFunc(o.items, func(it item) bool { return it.name == name })
	}
	if o.index == nil {
		o.index = make(map[string]int, len(o.items))
		for i := range o.items {
			o.index[o.items[i].name] = i
		}
	}
	if i, ok := o.index[name]; ok {
		return i
	}
	return -1
}
