package store

import (
	"fmt"

	"github.com/kyoli-gam/kyoli/internal/rawjson"
)

// entry is one element of the file's accounts.
type entry struct {
	was        Account // as it was read
	noUUID     bool    // was.UUID is derived
	pos        int     // place among the entries of its document
	start, end int     // place of its text in the document
	of         *entry  // for a duplicate: the entry of this uuid that counts
}

// account makes a a copy of what was read, to be changed by a caller.
func (e *entry) account(a *Account) {
	*a = e.was
	a.CachedUsage = e.was.CachedUsage.Clone()
	a.from = e
}

// problem says what is wrong with a document, and where.
type problem struct {
	offset  int
	pointer string
	text    string
}

func (p *problem) within(name string) *problem {
	if p != nil {
		p.pointer = "/" + name + p.pointer
	}
	return p
}

// readEntry fills e from the account on which the cursor stands.
func readEntry(e *entry, c *rawjson.Cursor) *problem {
	e.start = c.Offset()
	if c.Kind() != '{' {
		return &problem{offset: e.start, text: "an account must be an object"}
	}
	e.was.Enabled = true
	var found [64]bool
	var p *problem
	next := 0
	c.Members(func(name []byte) bool {
		i, known := lookup(name, next)
		if !known {
			return true
		}
		offset := c.Offset()
		if text := fields[i].read(&e.was, c); text != "" {
			p = &problem{offset, "/" + fields[i].name, fields[i].name + " " + text}
			return false
		}
		found[i], next = true, i+1
		return true
	})
	if p != nil {
		return p
	}
	e.end = c.Offset()
	for i := range fields {
		if fields[i].required && !found[i] {
			return &problem{offset: e.start, text: fields[i].name + " is missing"}
		}
	}
	if e.was.UUID == "" {
		e.noUUID, e.was.UUID = true, derivedUUID(&e.was)
	}
	return nil
}

// changed says whether a differs from what was read.
func (e *entry) changed(a *Account) bool {
	for i := range fields {
		if !fields[i].same(&e.was, a) {
			return true
		}
	}
	return false
}

// patch returns the entry's text with what differs in a written over it.
func (e *entry) patch(raw []byte, a *Account) ([]byte, error) {
	o := rawjson.Split(raw)
	for i := range fields {
		f := &fields[i]
		if f.same(&e.was, a) && (f.name != "uuid" || !e.noUUID) {
			continue
		}
		if err := f.write(o, a); err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return o.Bytes(), nil
}

// newEntry returns the text of an account that was in no file.
func newEntry(a *Account) (*rawjson.Object, error) {
	o := rawjson.NewObject("  ")
	for i := range fields {
		if err := fields[i].write(o, a); err != nil {
			return nil, fmt.Errorf("%s: %w", fields[i].name, err)
		}
	}
	if a.unknown != nil {
		for _, name := range a.unknown.Names() {
			v, _ := a.unknown.Get(name)
			if err := o.SetRaw(name, v); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return o, nil
}
