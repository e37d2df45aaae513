// Package eventlog keeps the story of the accounts: a file with one JSON object a
// line, which all kyoli processes append to.
//
// It promises that
//   - a line is written with one append, so that lines of many processes never mix;
//   - the log takes about twice [MaxSize] at most, and rotation loses no line but the
//     oldest;
//   - logging never blocks, and never fails the command that logs: a log that cannot be
//     written is told of once;
//   - there is no room for a secret: tokens are named by their hashes, commands by
//     their names without arguments.
package eventlog

import (
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/kyoli-gam/kyoli/internal/termtext"
)

// Event is one line. Only Kind is required; [Log.Append] fills in Time, PID and Command.
type Event struct {
	// Time is when it happened.
	Time Time `json:"time"`
	// PID is the kyoli process that tells of it.
	PID int `json:"pid,omitzero"`
	// Command is kyoli's command, such as "accounts use", without arguments.
	Command string `json:"command,omitempty"`
	// Kind says what happened, see [Kinds].
	Kind string `json:"event"`
	// Provider is the account's provider.
	Provider string `json:"provider,omitempty"`
	// UUID is the account, Account what it was called at that time.
	UUID    string `json:"uuid,omitempty"`
	Account string `json:"account,omitempty"`
	// Reason says why, or how, in words.
	Reason string `json:"reason,omitempty"`
	// Session is the claim's session, HolderPID and Program the process that holds it.
	Session   string `json:"session,omitempty"`
	HolderPID int    `json:"holderPid,omitzero"`
	Program   string `json:"program,omitempty"`
	// Parent is the hash of a refresh token that was spent or replaced, Token that of the one in its
	// place (the first 16 bytes of the SHA-256, in hexadecimal).
	Parent string `json:"parent,omitempty"`
	Token  string `json:"token,omitempty"`
	// Rest are the members that a newer kyoli has added.
	Rest jsontext.Value `json:",embed"`
}

// Time is a time to the millisecond, in UTC and RFC 3339.
type Time struct{ time.Time }

const timeLayout = "2006-01-02T15:04:05.000Z07:00"

// MarshalJSON implements json.Marshaler.
func (t Time) MarshalJSON() ([]byte, error) {
	return t.UTC().AppendFormat(nil, `"`+timeLayout+`"`), nil
}

// UnmarshalJSON implements json.Unmarshaler. It takes every RFC 3339 time.
func (t *Time) UnmarshalJSON(b []byte) error {
	if len(b) < 2 || b[0] != '"' {
		return errNotEvent
	}
	at, err := time.Parse(time.RFC3339, string(b[1:len(b)-1]))
	if err != nil {
		return err
	}
	t.Time = at.UTC()
	return nil
}

// String is the time as it stands in the file.
func (t Time) String() string { return t.UTC().Format(timeLayout) }

// The longest that fields can be, in runes. With all at their limits a line stays far below what
// a reader takes.
const (
	maxName   = 256
	maxReason = 1024
	maxLine   = 64 << 10
)

// tidy makes the fields fit for a line: harmless, and of bounded length.
func (e *Event) tidy() {
	for _, s := range []*string{&e.Command, &e.Kind, &e.Provider, &e.UUID, &e.Account, &e.Session, &e.Program, &e.Parent, &e.Token} {
		*s = cut(termtext.Clean(*s), maxName)
	}
	e.Reason = cut(termtext.Clean(e.Reason), maxReason)
	e.Rest = nil
}

func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// JSON is the event as it stands in the log, without a line break.
func (e *Event) JSON() ([]byte, error) { return json.Marshal(e) }

// begin is what every line begins with. Within a JSON string the quotes would be escaped, so
// nothing else can look like it.
const begin = `{"time":"`

// Parse reads one line. Members that it does not know are kept. A line that was appended to a torn
// one is found behind its remains; torn is true then.
func Parse(line []byte) (e Event, torn bool, err error) {
	if err = parse(line, &e); err == nil {
		return e, false, nil
	}
	if i := strings.LastIndex(string(line), begin); i > 0 {
		e = Event{}
		if parse(line[i:], &e) == nil {
			return e, true, nil
		}
	}
	return Event{}, false, err
}

func parse(line []byte, e *Event) error {
	if jsontext.Value(line).Kind() != '{' {
		return errNotEvent
	}
	if err := json.Unmarshal(line, e); err != nil {
		return fmt.Errorf("%w: %w", errNotEvent, err)
	}
	if e.Kind == "" || e.Time.IsZero() {
		return errNotEvent
	}
	return nil
}
