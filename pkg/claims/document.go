package claims

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/kyoli-gam/kyoli/internal/procid"
)

// version is what this code writes, and the highest that it understands.
const version = 1

// document is kyoli's file. Every object in it keeps, in Rest, the members that this code does not
// know, so that an older kyoli does not take away what a newer one has added.
type document struct {
	Version int `json:"version"`
	// Holders are the claims by account, in order of arrival.
	Holders map[string][]*record `json:"holders,omitempty"`
	// Tickets are the processes that wait, in order of arrival.
	Tickets []*ticket `json:"tickets,omitempty"`
	Cursor  cursor    `json:"cursor,omitzero"`
	// Sticky are the session keys, hashed.
	Sticky map[string]*binding `json:"sticky,omitempty"`
	// Last429 is when an account last answered 429.
	Last429 map[string]Millis `json:"last429,omitempty"`
	// Released are the sessions whose claims were released by hand, so that their heartbeats do
	// not put them back.
	Released map[string]Millis `json:"released,omitempty"`
	// Watch notes since when something has not changed that nothing else can be told of.
	Watch map[string]watched `json:"watch,omitempty"`
	Rest  jsontext.Value     `json:",embed"`
}

// owner is the process behind a record or a ticket.
type owner struct {
	PID       int    `json:"pid"`
	StartTime string `json:"startTime"`
	BootID    string `json:"bootId"`
	PIDNs     string `json:"pidNs"`
	Host      string `json:"host"`
}

func ownerOf(p procid.Process) owner {
	return owner{PID: p.PID, StartTime: p.StartTime, BootID: p.BootID, PIDNs: p.PIDNs, Host: p.Host}
}

func (o owner) process() procid.Process {
	return procid.Process{PID: o.PID, StartTime: o.StartTime, BootID: o.BootID, PIDNs: o.PIDNs, Host: o.Host}
}

// record is one claim.
type record struct {
	ID string `json:"id"`
	owner
	Command   string         `json:"command"`
	Since     Millis         `json:"since"`
	Seen      Millis         `json:"seen"`
	Exclusive bool           `json:"exclusive"`
	Rest      jsontext.Value `json:",embed"`

	verdict `json:"-"`
}

func (r *record) holder() Holder {
	return Holder{
		ID: r.ID, Process: r.process(), Command: r.Command,
		Since: r.Since, Seen: r.Seen, Exclusive: r.Exclusive,
	}
}

// ticket is a process that waits for one of the accounts it wants.
type ticket struct {
	ID string `json:"id"`
	owner
	Command   string         `json:"command"`
	Since     Millis         `json:"since"`
	Seen      Millis         `json:"seen"`
	Exclusive bool           `json:"exclusive"`
	Wants     []string       `json:"wants"`
	Rest      jsontext.Value `json:",embed"`

	verdict `json:"-"`
	// late: it has not been renewed in time.
	late bool
}

type cursor struct {
	Cursor
	Rest jsontext.Value `json:",embed"`
}

// IsZero leaves a cursor out that was never moved.
func (c cursor) IsZero() bool { return c.Cursor == Cursor{} && len(c.Rest) == 0 }

type binding struct {
	UUID string         `json:"uuid"`
	At   Millis         `json:"at"`
	Rest jsontext.Value `json:",embed"`
}

// watched says since when a value has been the same, on our clock.
type watched struct {
	Value Millis `json:"value"`
	Since Millis `json:"since"`
}

// format is how the files are written: as JSON.stringify(x, null, 2) does, with the bytes of unknown
// strings and numbers left alone.
var format = json.JoinOptions(
	jsontext.WithIndent("  "), jsontext.PreserveRawStrings(true), json.Deterministic(true),
)

// errNotObject is returned for JSON that is something else, null among it.
var errNotObject = errors.New("not a JSON object")

func newDocument() *document {
	d := &document{Version: version}
	d.fill()
	return d
}

// fill makes the maps that the file does not have.
func (d *document) fill() {
	if d.Holders == nil {
		d.Holders = map[string][]*record{}
	}
	if d.Sticky == nil {
		d.Sticky = map[string]*binding{}
	}
	if d.Last429 == nil {
		d.Last429 = map[string]Millis{}
	}
	if d.Released == nil {
		d.Released = map[string]Millis{}
	}
}

func parseDocument(b []byte) (*document, error) {
	d := newDocument()
	if len(b) == 0 {
		return d, nil
	}
	if err := parseObject(b, d); err != nil {
		return nil, err
	}
	d.fill()
	return d, d.check()
}

// check refuses what would make no sense later.
func (d *document) check() error {
	if d.Version < 1 {
		return fmt.Errorf("version %d", d.Version)
	}
	for uuid, records := range d.Holders {
		for i, r := range records {
			if r == nil || r.ID == "" || r.PID <= 0 {
				return fmt.Errorf("holder %d of account %s has no id or no process", i, uuid)
			}
		}
	}
	for i, t := range d.Tickets {
		if t == nil || t.ID == "" || t.PID <= 0 {
			return fmt.Errorf("ticket %d has no id or no process", i)
		}
	}
	for key, b := range d.Sticky {
		if b == nil {
			return fmt.Errorf("binding %s is null", key)
		}
	}
	return nil
}

// parseObject parses strictly (UTF-8, no name twice) and takes nothing but an object. Its error
// tells the place and never quotes the content.
func parseObject(b []byte, into any) error {
	if k := jsontext.Value(b).Kind(); k != '{' && k != jsontext.KindInvalid {
		return errNotObject
	}
	err := json.Unmarshal(b, into)
	if err == nil {
		return nil
	}
	if s, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return fmt.Errorf("not JSON at byte %d", s.ByteOffset)
	}
	if s, ok := errors.AsType[*json.SemanticError](err); ok {
		return fmt.Errorf("wrong type at byte %d (%s)", s.ByteOffset, s.JSONPointer)
	}
	return errors.New("not readable as JSON")
}

func (d *document) encode() ([]byte, error) {
	b, err := json.Marshal(d, format)
	if err != nil {
		return nil, err
	}
	return append(b, '\n'), nil
}
