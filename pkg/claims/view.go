package claims

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"time"
)

// View is what the claims were at one moment.
type View struct {
	// Holders are the live ones by account, in order of arrival, the plugin's last.
	Holders map[string][]Holder
	// Dead are the others, which the next change takes out.
	Dead []DeadHolder
	// Queue are those that wait for an account, in order of arrival.
	Queue []Ticket
	// Cursor is where round-robin stands.
	Cursor Cursor
	// Notes say what is wrong with the files.
	Notes []Note

	now     Millis
	sticky  map[string]*binding
	last429 map[string]Millis
}

// DeadHolder is a claim that counts for nothing any more.
type DeadHolder struct {
	Holder
	// UUID is the account.
	UUID string
	// Why it counts as dead, in words.
	Why string
}

// Ticket is a process's place in the queue.
type Ticket struct {
	// Holder is who waits; Since is when it came.
	Holder
	// Wants are the accounts that would do, best first.
	Wants []string
}

// View reads the claims without a lock. A file that cannot be parsed counts as empty and is noted.
func (s *Store) View(ctx context.Context) (View, error) {
	if err := ctx.Err(); err != nil {
		return View{}, err
	}
	st, err := s.load()
	if err != nil {
		return View{}, err
	}
	return st.view(""), nil
}

// Sticky returns the account that a session key is bound to. The account need not exist any more.
func (v View) Sticky(key string) (string, bool) {
	b, ok := v.sticky[hashKey(key)]
	if !ok || !b.valid(v.now) {
		return "", false
	}
	return b.UUID, true
}

// Last429 returns when an account last answered 429; zero = not lately.
func (v View) Last429(uuid string) time.Time {
	m := v.last429[uuid]
	if !recent429(m, v.now) {
		return time.Time{}
	}
	return m.Time()
}

// HeldByOther tells whether a session other than id holds the account.
func (v View) HeldByOther(uuid, id string) bool { return v.Count(uuid, id) > 0 }

// Count is the number of sessions other than id that hold the account.
func (v View) Count(uuid, id string) int {
	n := 0
	for i := range v.Holders[uuid] {
		if v.Holders[uuid][i].ID != id {
			n++
		}
	}
	return n
}

// Free tells whether session id may have the account: for itself alone if exclusive, and without
// getting in the way of one that has it for itself alone.
func (v View) Free(uuid, id string, exclusive bool) bool {
	holders := v.Holders[uuid]
	return !slices.ContainsFunc(holders, func(h Holder) bool { return h.ID != id && (exclusive || h.Exclusive) })
}

// Knows tells whether there is anything of a session, dead or alive or waiting.
func (v View) Knows(id string) bool {
	for _, holders := range v.Holders {
		if slices.ContainsFunc(holders, func(h Holder) bool { return h.ID == id }) {
			return true
		}
	}
	return slices.ContainsFunc(v.Dead, func(h DeadHolder) bool { return h.ID == id }) ||
		slices.ContainsFunc(v.Queue, func(t Ticket) bool { return t.ID == id })
}

func (v View) others(uuid, id string) []Holder {
	var o []Holder
	for _, h := range v.Holders[uuid] {
		if h.ID != id {
			o = append(o, h)
		}
	}
	return o
}

// view is the state as session id sees it: accounts that are about to be taken by those who came
// before it count as held.
func (st *state) view(id string) View {
	v := View{
		Holders: map[string][]Holder{}, Cursor: st.doc.Cursor.Cursor, Notes: st.notes(),
		now: st.now, sticky: st.doc.Sticky, last429: st.doc.Last429,
	}
	for _, uuid := range slices.Sorted(maps.Keys(st.doc.Holders)) {
		for _, r := range st.doc.Holders[uuid] {
			v.add(uuid, r.holder(), r.verdict)
		}
	}
	for _, uuid := range slices.Sorted(maps.Keys(st.plugin.entries)) {
		if e := st.plugin.entries[uuid]; !e.mine {
			v.add(uuid, e.holder(), e.verdict)
		}
	}
	st.queue(&v, id)
	return v
}

func (v *View) add(uuid string, h Holder, is verdict) {
	if is.live {
		v.Holders[uuid] = append(v.Holders[uuid], h)
		return
	}
	v.Dead = append(v.Dead, DeadHolder{Holder: h, UUID: uuid, Why: is.why})
}

func (e *entry) holder() Holder {
	h := Holder{ID: e.foreignID(), Since: e.At, Seen: e.At, Foreign: true}
	h.PID = e.PID
	return h
}

func (b *binding) valid(now Millis) bool {
	d := now.since(b.At)
	return d < StickyFor && d > -StickyFor // the clock may have been set back
}

// recent429 forgets after an hour, longer than any rest after a 429, and what a clock that has been
// set back since left in the future.
func recent429(m, now Millis) bool {
	d := now.since(m)
	return m != 0 && d < time.Hour && d > -time.Minute
}

// hashKey keeps session keys, which may be words of the user's, out of the file.
func hashKey(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:16])
}
