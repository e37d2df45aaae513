package store

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/kyoli-gam/kyoli/internal/rawjson"
)

// emptyFile is what a missing file is taken for.
const emptyFile = "{\n  \"version\": 1,\n  \"accounts\": []\n}"

// encode returns the file's content with the accounts as they are now, read again. Where nothing was changed that is
// the very document that was read, nil for a missing file.
func (a *Accounts) encode() (*document, error) {
	e := &encoder{a: a, doc: a.doc, active: a.active(), texts: make(map[int][]byte), form: &form{Sealing: a.sealing, scheme: a.sealing.want()}}
	if e.doc == nil {
		e.doc = &document{raw: []byte(emptyFile)}
	}
	if err := e.plan(); err != nil {
		return nil, fmt.Errorf("encode %s: %w", a.path, err)
	}
	if len(e.texts) == 0 && !e.listChanges() {
		return a.doc, nil
	}
	d, p := e.next()
	if p != nil && p.cause != nil {
		return nil, fmt.Errorf("encode %s: %w", a.path, p.cause)
	}
	if p != nil {
		return nil, fmt.Errorf("encode %s: %s (%s)", a.path, p.text, p.pointer)
	}
	d, err := e.opened(d)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", a.path, err)
	}
	return d, nil
}

// opened opens what was made again, and holds it against what it was made of: a token that could not be read back is
// not written.
func (e *encoder) opened(d *document) (*document, error) {
	d, err := d.opened(e.form.Sealing, e.a.doc)
	if err != nil || d.base == nil && (e.a.doc == nil || e.a.doc.base == nil) {
		return d, err
	}
	by := e.a.byUUID()
	for i := range d.entries {
		x := &d.entries[i]
		if a := by[x.was.UUID]; a != nil && x.of == nil && a.Credential() != x.was.Credential() {
			return nil, fmt.Errorf("the sealed token of %s cannot be read back", a.Name())
		}
	}
	return d, nil
}

// encoder finds out what has to be done to the text that was read, and does it.
type encoder struct {
	a      *Accounts
	doc    *document
	active string

	form *form // of tokens

	texts   map[int][]byte // new texts of entries, by their place
	removed []int          // places of entries, the last first
	added   []*Account
}

func (e *encoder) plan() error {
	now := e.a.byEntry()
	for i := len(e.doc.entries) - 1; i >= 0; i-- {
		x := &e.doc.entries[i]
		a := counterpart(now, x)
		if a == nil || e.a.dropped[x] {
			e.removed = append(e.removed, i)
			continue
		}
		if !e.differs(x, a) {
			continue
		}
		text, err := x.patch(e.doc.raw[x.start:x.end], a, e.form)
		if err != nil {
			return fmt.Errorf("account %d: %w", i, err)
		}
		e.texts[i] = text
	}
	for _, a := range e.a.List {
		if !e.a.owns(a) {
			e.added = append(e.added, a)
		}
	}
	return nil
}

// counterpart returns what an entry has become: nil where its account was removed. A duplicate follows the entry that
// counts: it goes with it, and is renamed with it.
func counterpart(now []*Account, x *entry) *Account {
	if x.of == nil {
		return now[x.pos]
	}
	counts := now[x.of.pos]
	if counts == nil {
		return nil
	}
	a := x.was
	a.UUID = counts.UUID
	return &a
}

// differs says whether an entry has to be written: it was changed, or it becomes the active account and has no uuid
// in the file.
func (e *encoder) differs(x *entry, a *Account) bool {
	refresh, access := x.reformed(a, e.form)
	reform := refresh || access
	e.a.reform = e.a.reform || reform
	return reform || x.changed(a) || x.noUUID && a.UUID == e.active && e.active != e.doc.active
}

func (e *encoder) listChanges() bool {
	return len(e.added) > 0 || len(e.removed) > 0 || e.active != e.doc.active
}

// next makes the new content and reads it, so that nothing is written that could not be read again. Where only texts
// of entries were replaced, only those are read.
func (e *encoder) next() (*document, *problem) {
	raw := e.splice()
	if !e.listChanges() {
		return e.reread(raw)
	}
	raw, err := e.rebuild(raw)
	if err != nil {
		return nil, &problem{text: err.Error(), cause: err}
	}
	return parse(raw)
}

// reread returns the document that raw, which splice made, is.
func (e *encoder) reread(raw []byte) (*document, *problem) {
	d := &document{raw: raw, active: e.doc.active, later: e.doc.later, entries: slices.Clone(e.doc.entries)}
	shift := 0
	for i := range d.entries {
		x := &d.entries[i]
		start, end := x.start+shift, x.end+shift
		if text, ok := e.texts[i]; ok {
			if err := rawjson.Validate(text); err != nil {
				return nil, syntaxProblem(err)
			}
			*x = entry{pos: i}
			if p := readEntry(x, rawjson.NewCursor(text)); p != nil {
				return nil, p.within(strconv.Itoa(i))
			}
			shift += len(text) - (end - start)
			end = start + len(text)
		}
		x.start, x.end, x.of, x.locked = start, end, nil, nil
		x.was.RefreshToken, x.was.AccessToken = x.stored[0], x.stored[1]
	}
	d.findDuplicates()
	return d, nil
}

// splice replaces texts in place, which is all that most changes take.
func (e *encoder) splice() []byte {
	size := len(e.doc.raw)
	for _, text := range e.texts {
		size += len(text)
	}
	out := make([]byte, 0, size)
	from := 0
	for i := range e.doc.entries {
		if text, ok := e.texts[i]; ok {
			x := &e.doc.entries[i]
			out = append(append(out, e.doc.raw[from:x.start]...), text...)
			from = x.end
		}
	}
	return append(out, e.doc.raw[from:]...)
}

// rebuild makes the changes that concern the list and the active account.
func (e *encoder) rebuild(raw []byte) ([]byte, error) {
	top := rawjson.Split(raw)
	list, ok := top.Array("accounts")
	if !ok {
		list = rawjson.NewArray("  ")
	}
	for _, i := range e.removed {
		list.Delete(i)
	}
	for _, a := range e.added {
		o, err := newEntry(a, e.form)
		if err != nil {
			return nil, err
		}
		if err := list.Append(o); err != nil {
			return nil, err
		}
	}
	if len(e.added)+len(e.removed) > 0 {
		if err := top.Set("accounts", list); err != nil {
			return nil, err
		}
	}
	if e.active == "" {
		top.Delete("activeAccountUuid")
	} else if e.active != e.doc.active {
		if err := top.Set("activeAccountUuid", e.active); err != nil {
			return nil, err
		}
	}
	return top.Bytes(), nil
}

// owns says whether an account was read from this content.
func (a *Accounts) owns(x *Account) bool {
	return x.from != nil && a.doc != nil && x.from.pos < len(a.doc.entries) && &a.doc.entries[x.from.pos] == x.from
}

// byEntry returns for each entry that was read the account as it is now, or nil where it was removed.
func (a *Accounts) byEntry() []*Account {
	if a.doc == nil {
		return nil
	}
	now := make([]*Account, len(a.doc.entries))
	for _, x := range a.List {
		if a.owns(x) {
			now[x.from.pos] = x
		}
	}
	return now
}

// active returns the active account's uuid, which follows an account whose uuid was changed.
func (a *Accounts) active() string {
	for _, x := range a.List {
		if a.Active != "" && a.owns(x) && x.from.was.UUID == a.Active {
			return x.UUID
		}
	}
	return a.Active
}
