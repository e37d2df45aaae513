package store

import (
	"fmt"

	"github.com/kyoli-gam/kyoli/internal/rawjson"
	"github.com/kyoli-gam/kyoli/internal/seal"
)

// entry is one element of the file's accounts.
type entry struct {
	was        Account // as it was read
	noUUID     bool    // was.UUID is derived
	pos        int     // place among the entries of its document
	start, end int     // place of its text in the document
	of         *entry  // for a duplicate: the entry of this uuid that counts

	stored [2]Secret // the refresh and access token as they are in the file
	locked error     // why they cannot be opened; nil where they can, or need not be
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
	cause   error // nil where the text says it all
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
			p = &problem{offset: offset, pointer: "/" + fields[i].name, text: fields[i].name + " " + text}
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
	e.stored = [2]Secret{e.was.RefreshToken, e.was.AccessToken}
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

// reformed says for each token whether it has to be written again though it is the same: it is to be in another form,
// or for another owner.
func (e *entry) reformed(a *Account, f *form) (refresh, access bool) {
	moved := f.scheme != seal.None && (a.OwnerID() != e.was.OwnerID() || e.noUUID)
	refresh = f.misplaced(f.scheme, e.stored[0], a.RefreshToken)
	access = f.misplaced(f.scheme, e.stored[1], a.AccessToken)
	return refresh || moved && e.stored[0] != "", access || moved && e.stored[1] != ""
}

// patch returns the entry's text with what differs in a written over it, and its tokens in the form that is wanted.
func (e *entry) patch(raw []byte, a *Account, form *form) ([]byte, error) {
	o := rawjson.Split(raw)
	refresh, access := e.reformed(a, form)
	written, err := form.of(a)
	if err != nil {
		return nil, err
	}
	for i := range fields {
		f := &fields[i]
		again := f.name == "uuid" && e.noUUID || f.name == "refreshToken" && refresh || f.name == "accessToken" && access
		if f.same(&e.was, a) && !again {
			continue
		}
		if err := f.write(o, written); err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return o.Bytes(), nil
}

// newEntry returns the text of an account that was in no file.
func newEntry(a *Account, form *form) (*rawjson.Object, error) {
	o := rawjson.NewObject("  ")
	written, err := form.of(a)
	if err != nil {
		return nil, err
	}
	for i := range fields {
		if err := fields[i].write(o, written); err != nil {
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
