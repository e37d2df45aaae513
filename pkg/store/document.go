package store

import (
	"strconv"

	"github.com/kyoli-gam/kyoli/internal/rawjson"
)

// document is the content of an account file that was read. It is not changed any more and may be shared.
type document struct {
	raw        []byte
	entries    []entry
	duplicates int
	active     string
	later      string // the version, where that is above 1

	base *document // of one whose tokens were opened: what was read
}

// parse reads the content of an account file. Where there is a problem, nothing but later is to be used of the
// document.
func parse(raw []byte) (*document, *problem) {
	d := &document{raw: raw}
	if err := rawjson.Validate(raw); err != nil {
		return d, syntaxProblem(err)
	}
	c := rawjson.NewCursor(raw)
	if c.Kind() != '{' {
		return d, &problem{offset: c.Offset(), text: "the file is not a JSON object"}
	}
	p := &problem{text: "version is missing"}
	c.Members(func(name []byte) bool {
		var q *problem
		switch string(name) {
		case "version":
			p, q = nil, d.readVersion(c)
		case "accounts":
			q = d.readAccounts(c)
		case "activeAccountUuid":
			q = d.readActive(c)
		}
		if q != nil {
			p = q.within(string(name))
		}
		return q == nil
	})
	if p != nil {
		return &document{later: laterVersion(raw)}, p
	}
	d.findDuplicates()
	return d, nil
}

// laterVersion returns the version of a file that could not be read, where that is the reason.
func laterVersion(raw []byte) string {
	var d document
	c := rawjson.NewCursor(raw)
	c.Members(func(name []byte) bool {
		if string(name) == "version" {
			_ = d.readVersion(c)
		}
		return true
	})
	return d.later
}

func syntaxProblem(err error) *problem {
	s, ok := err.(*rawjson.SyntaxError) //nolint:errorlint // Validate wraps nothing
	if !ok {
		return &problem{text: err.Error()}
	}
	return &problem{offset: int(s.Offset), pointer: s.Pointer, text: s.Reason}
}

func (d *document) readVersion(c *rawjson.Cursor) *problem {
	offset, v := c.Offset(), c.Value()
	f, err := strconv.ParseFloat(string(v), 64)
	if v.Kind() != '0' || err != nil || f < 1 {
		return &problem{offset: offset, text: "version must be 1"}
	}
	if f > 1 {
		d.later = string(v)
	}
	return nil
}

func (d *document) readActive(c *rawjson.Cursor) *problem {
	offset := c.Offset()
	s, ok := rawjson.Text(c.Value())
	if !ok {
		return &problem{offset: offset, text: "activeAccountUuid must be a string"}
	}
	d.active = s
	return nil
}

// sizeGuess is about what an account takes in the file at least, to allocate seldom.
const sizeGuess = 1000

func (d *document) readAccounts(c *rawjson.Cursor) (p *problem) {
	if c.Kind() != '[' {
		return &problem{offset: c.Offset(), text: "accounts must be an array"}
	}
	d.entries = make([]entry, 0, len(d.raw)/sizeGuess+1)
	c.Elems(func() bool {
		i := len(d.entries)
		d.entries = append(d.entries, entry{pos: i})
		p = readEntry(&d.entries[i], c).within(strconv.Itoa(i))
		return p == nil
	})
	return p
}

// findDuplicates links entries that share a uuid to the one used last, the first of those where several were.
func (d *document) findDuplicates() {
	by := make(map[string]*entry, len(d.entries))
	for i := range d.entries {
		e := &d.entries[i]
		first := by[e.was.UUID]
		switch {
		case first == nil:
			by[e.was.UUID] = e
			continue
		case e.was.LastUsed > first.was.LastUsed:
			by[e.was.UUID] = e
		}
		d.duplicates++
	}
	if d.duplicates == 0 {
		return
	}
	for i := range d.entries {
		if e := &d.entries[i]; by[e.was.UUID] != e {
			e.of = by[e.was.UUID]
		}
	}
}

// accounts returns what a caller may change. A nil document is an empty list.
func (d *document) accounts(path string) *Accounts {
	a := &Accounts{path: path, doc: d}
	if d == nil {
		return a
	}
	n := len(d.entries) - d.duplicates
	a.Active, a.List = d.active, make([]*Account, 0, n)
	block := make([]Account, n) // one allocation for all
	for i := range d.entries {
		if e := &d.entries[i]; e.of == nil {
			x := &block[len(a.List)]
			e.account(x)
			a.List = append(a.List, x)
		}
	}
	a.Notes = d.notes(path)
	return a
}

func (d *document) notes(path string) []Note {
	var notes []Note
	if d.later != "" {
		notes = append(notes, Note{NoteVersion, path, path + " has version " + d.later + "; it is read, but not changed"})
	}
	if d.duplicates > 0 {
		text := path + ": " + strconv.Itoa(d.duplicates) + " more entries with the uuid of another; those used last count"
		notes = append(notes, Note{NoteDuplicate, path, text})
	}
	return notes
}
