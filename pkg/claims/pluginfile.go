package claims

import (
	"math"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// pluginFile is the plugin's file, `{"<uuid>": {"pid","at"}}`. The plugin has no room for more than
// one process an account.
type pluginFile struct {
	// members are the entries as they are, those that are none in the plugin's eyes among them.
	members map[string]jsontext.Value
	// entries are those that count.
	entries map[string]*entry
	// changed: it is to be written.
	changed bool
}

// entry is one process in the plugin's file.
type entry struct {
	PID  int            `json:"pid"`
	At   Millis         `json:"at"`
	Rest jsontext.Value `json:",embed"`

	// mine: it stands for a holder in kyoli's file.
	mine    bool
	verdict `json:"-"`
}

// foreignPrefix begins the session ids of the plugin's processes.
const foreignPrefix = "plugin-"

// foreignID is the session id that an entry goes by.
func (e *entry) foreignID() string { return foreignPrefix + strconv.Itoa(e.PID) }

func parsePlugin(b []byte) (*pluginFile, error) {
	f := &pluginFile{entries: map[string]*entry{}}
	if len(b) == 0 {
		f.members = map[string]jsontext.Value{}
		return f, nil
	}
	if err := parseObject(b, &f.members); err != nil {
		return nil, err
	}
	for uuid, v := range f.members {
		if e, ok := parseEntry(v); ok {
			f.entries[uuid] = e
		}
	}
	return f, nil
}

// parseEntry takes what the plugin takes (isClaimShape): an integer above 0, written in whatever way,
// and a number. All else it neither counts nor touches.
func parseEntry(v jsontext.Value) (*entry, bool) {
	var loose struct {
		PID  jsontext.Value `json:"pid"`
		At   *Millis        `json:"at"`
		Rest jsontext.Value `json:",embed"`
	}
	if v.Kind() != '{' || json.Unmarshal(v, &loose) != nil || loose.At == nil || loose.PID.Kind() != '0' {
		return nil, false
	}
	f, err := strconv.ParseFloat(string(loose.PID), 64)
	if err != nil || f != math.Trunc(f) || f < 1 {
		return nil, false
	}
	return &entry{PID: int(min(f, math.MaxInt32)), At: *loose.At, Rest: loose.Rest}, true
}

// set puts an entry in the place of what is there for the account.
func (f *pluginFile) set(uuid string, e *entry) error {
	v, err := json.Marshal(e, format)
	if err != nil {
		return err
	}
	f.members[uuid], f.entries[uuid], f.changed = v, e, true
	return nil
}

func (f *pluginFile) remove(uuid string) {
	delete(f.members, uuid)
	delete(f.entries, uuid)
	f.changed = true
}

func (f *pluginFile) encode() ([]byte, error) { return json.Marshal(f.members, format) }
