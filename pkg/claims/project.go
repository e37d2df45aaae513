package claims

import (
	"maps"
	"slices"
)

// project brings the plugin's file up to kyoli's holders: for each account one that lives. An entry
// of the plugin's own that lives is left alone; the account counts as claimed there either way.
func (st *state) project() error {
	uuids := maps.Clone(st.doc.Holders)
	for uuid := range st.plugin.entries {
		if _, ok := uuids[uuid]; !ok {
			uuids[uuid] = nil
		}
	}
	for _, uuid := range slices.Sorted(maps.Keys(uuids)) {
		if err := st.projectOne(uuid, uuids[uuid]); err != nil {
			return err
		}
	}
	return nil
}

func (st *state) projectOne(uuid string, records []*record) error {
	e := st.plugin.entries[uuid]
	if e != nil && !e.mine && e.live {
		return nil
	}
	r := representative(records, e)
	switch {
	case r == nil && e != nil && e.mine:
		st.plugin.remove(uuid)
		return nil
	case r == nil:
		return nil
	case e != nil && e.mine && e.PID == r.PID:
		if !r.local || !st.due(e.At) {
			return nil
		}
	default:
		e = &entry{PID: r.PID}
	}
	r.Seen = st.now // at least as late as the entry, by which standsFor knows it again
	return st.plugin.set(uuid, &entry{PID: e.PID, At: st.now, Rest: e.Rest, mine: true})
}

// representative is the holder that stands in the plugin's file: the one that does already, else the
// first that we can vouch for. The PID of a holder in another PID namespace would mean somebody else
// here.
func representative(records []*record, e *entry) *record {
	if e != nil && e.mine {
		for _, r := range records {
			if r.PID == e.PID {
				return r
			}
		}
	}
	for _, r := range records {
		if r.local {
			return r
		}
	}
	return nil
}
