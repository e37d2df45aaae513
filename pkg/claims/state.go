package claims

import (
	"fmt"
	"time"
)

// state is both files at one moment, with everybody judged.
type state struct {
	own, other content
	doc        *document
	plugin     *pluginFile
	judge      *judge
	now        Millis
	// renewAfter is how old a sign of life may be. Half a beat, so that no beat finds one that is a
	// moment too young and leaves it for the next.
	renewAfter time.Duration
	// events are told once the state is on disk.
	events []Event
}

// load reads and judges both files. kyoli's comes first: whoever has just claimed has written it
// first, and whoever has just released is then seen for a moment more rather than not at all.
func (s *Store) load() (*state, error) {
	own, err := read(s.own)
	if err != nil {
		return nil, err
	}
	other, err := read(s.plugin)
	if err != nil {
		return nil, err
	}
	st := &state{own: own, other: other, renewAfter: Beat / 2}
	if err := st.parse(); err != nil {
		return nil, err
	}
	st.judge = s.judge(st.doc)
	st.now = st.judge.now
	st.judgeAll()
	return st, nil
}

// parse takes what is damaged for empty, and notes it.
func (st *state) parse() error {
	st.doc = newDocument()
	if st.own.damage == nil {
		d, err := parseDocument(st.own.bytes)
		if err != nil {
			st.own.damage = &damagedError{path: st.own.path, reason: err.Error()}
		} else {
			st.doc = d
		}
	}
	if st.doc.Version != version {
		return &VersionError{Path: st.own.path, Version: st.doc.Version}
	}
	st.plugin, _ = parsePlugin(nil)
	if st.other.damage == nil {
		f, err := parsePlugin(st.other.bytes)
		if err != nil {
			st.other.damage = &damagedError{path: st.other.path, reason: err.Error()}
		} else {
			st.plugin = f
		}
	}
	return nil
}

func (st *state) judgeAll() {
	for uuid, records := range st.doc.Holders {
		for _, r := range records {
			r.verdict = st.judge.owner(uuid+" "+r.ID, r.process(), r.Seen)
		}
	}
	for _, t := range st.doc.Tickets {
		st.judge.ticket(t)
	}
	for uuid, e := range st.plugin.entries {
		e.mine = st.standsFor(uuid, e)
		if !e.mine {
			e.verdict = st.judge.entry(uuid, e)
		}
	}
}

// standsFor tells whether kyoli wrote an entry, for a holder in its own file. The process of a live
// holder may also have written it itself: OpenCode, run by exec, with the plugin in it. That of a
// dead one cannot have; where the entry is newer than the holder, its PID was used again.
func (st *state) standsFor(uuid string, e *entry) bool {
	for _, r := range st.doc.Holders[uuid] {
		if r.PID == e.PID && (r.live || e.At <= r.Seen) {
			return true
		}
	}
	return false
}

// notes are about the files that will be set aside.
func (st *state) notes() []Note {
	var n []Note
	for _, c := range []content{st.own, st.other} {
		if c.damage != nil {
			n = append(n, Note{File: c.path, Text: fmt.Sprintf("%v; its claims do not count", c.damage)})
		}
	}
	return n
}
