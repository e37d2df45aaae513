package pools

import (
	"bytes"
	"errors"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/kyoli-gam/kyoli/internal/rawjson"
)

// emptyFile is what the plugin begins with.
const emptyFile = "{\n  \"pools\": [],\n  \"chains\": []\n}\n"

// encode returns the file's content with pools and chains as they are now. What was not changed keeps its bytes.
func (c *Config) encode() ([]byte, error) {
	doc := c.doc
	if doc == nil {
		doc = []byte(emptyFile)
	}
	was, p := parse(doc)
	if p != nil {
		return nil, errors.New(p.text)
	}
	pools, err := textsOf(c.Pools)
	if err != nil {
		return nil, err
	}
	chains, err := textsOf(c.Chains)
	if err != nil {
		return nil, err
	}
	top := rawjson.Split(doc)
	if err := setList(top, "pools", rawsOf(was.Pools), pools); err != nil {
		return nil, err
	}
	if err := setList(top, "chains", rawsOf(was.Chains), chains); err != nil {
		return nil, err
	}
	out := top.Bytes()
	if _, p := parse(out); p != nil { // nothing is written that could not be read again
		return nil, errors.New(p.pointer + ": " + p.text)
	}
	return out, nil
}

// part is a pool, a chain or an entry: something that has a text in the file.
type part interface {
	source() jsontext.Value
	// text is the source with the changes made to it, or a fresh object.
	text() (any, error)
}

func textsOf[P part](parts []P) ([]any, error) {
	out := make([]any, 0, len(parts))
	for _, p := range parts {
		t, err := p.text()
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

func rawsOf[P part](parts []P) []jsontext.Value {
	out := make([]jsontext.Value, 0, len(parts))
	for _, p := range parts {
		out = append(out, p.source())
	}
	return out
}

func (p *Pool) source() jsontext.Value   { return p.raw }
func (ch *Chain) source() jsontext.Value { return ch.raw }
func (e *Entry) source() jsontext.Value  { return e.raw }

func (p *Pool) text() (any, error) {
	var was Pool
	return patch(p.raw, was.read, func(o *rawjson.Object) error {
		return errors.Join(
			set(o, "name", was.Name, p.Name),
			set(o, "baseProvider", was.BaseProvider, p.BaseProvider),
			setTexts(o, "members", was.Members, p.Members),
			set(o, "enabled", was.Enabled, p.Enabled),
		)
	})
}

func (ch *Chain) text() (any, error) {
	var was Chain
	entries, err := textsOf(ch.Entries)
	if err != nil {
		return nil, err
	}
	return patch(ch.raw, was.read, func(o *rawjson.Object) error {
		return errors.Join(
			set(o, "name", was.Name, ch.Name),
			setList(o, "entries", rawsOf(was.Entries), entries),
			set(o, "enabled", was.Enabled, ch.Enabled),
		)
	})
}

func (e *Entry) text() (any, error) {
	var was Entry
	return patch(e.raw, was.read, func(o *rawjson.Object) error {
		err := set(o, "pool", was.Pool, e.Pool)
		if e.Model == "" {
			o.Delete("model")
		} else {
			err = errors.Join(err, set(o, "model", was.Model, e.Model))
		}
		return errors.Join(err, set(o, "enabled", was.Enabled, e.Enabled))
	})
}

// patch lets change write over the text that a part was read from, or into a fresh object where it is new.
func patch(raw jsontext.Value, read func([]byte, *rawjson.Cursor) *problem, change func(*rawjson.Object) error) (any, error) {
	if raw == nil {
		o := rawjson.NewObject("  ")
		return o, change(o)
	}
	if p := read(raw, rawjson.NewCursor(raw)); p != nil {
		return nil, errors.New(p.text)
	}
	o := rawjson.Split(raw)
	if err := change(o); err != nil {
		return nil, err
	}
	return jsontext.Value(o.Bytes()), nil
}

// set writes a member that is missing or has become different.
func set[T comparable](o *rawjson.Object, name string, was, is T) error {
	if _, there := o.Get(name); there && was == is {
		return nil
	}
	return o.Set(name, is)
}

func setTexts(o *rawjson.Object, name string, was, is []string) error {
	if _, there := o.Get(name); there && slices.Equal(was, is) {
		return nil
	}
	values := make([]any, 0, len(is))
	for _, s := range is {
		values = append(values, s)
	}
	return putList(o, name, values)
}

// setList writes a list of parts where it has become different. A list that is missing and empty stays missing, but
// in a fresh object, where the schema wants it.
func setList(o *rawjson.Object, name string, was []jsontext.Value, is []any) error {
	_, there := o.Get(name)
	if (there || name != "entries") && slices.EqualFunc(was, is, func(w jsontext.Value, v any) bool {
		raw, ok := v.(jsontext.Value)
		return ok && bytes.Equal(w, raw)
	}) {
		return nil
	}
	return putList(o, name, is)
}

// putList makes a list's elements those given, and leaves the white space between them alone.
func putList(o *rawjson.Object, name string, values []any) error {
	list, ok := o.Array(name)
	if !ok {
		list = rawjson.NewArray("  ")
	}
	for list.Len() > len(values) {
		list.Delete(list.Len() - 1)
	}
	for i, v := range values {
		var err error
		if i < list.Len() {
			err = list.Set(i, v)
		} else {
			err = list.Append(v)
		}
		if err != nil {
			return err
		}
	}
	return o.Set(name, list)
}
