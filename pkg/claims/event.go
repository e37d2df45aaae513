package claims

// EventKind says what an [Event] is about.
type EventKind string

// What a store tells.
const (
	EventClaimed  EventKind = "claimed"     // a process has claimed an account
	EventHanded   EventKind = "handed-over" // a claim went to another process
	EventReleased EventKind = "released"    // a claim was given back, or ended by hand
	EventFreed    EventKind = "freed"       // a dead process's claim was taken out
)

// Event is one thing that happened to a claim. It is told when it is on disk.
type Event struct {
	Kind EventKind
	// UUID is the account.
	UUID string
	// Holder is who holds the claim, or held it.
	Holder Holder
	// Why says why, in words; for a freed claim why its process counts as dead. It may be empty.
	Why string
}

// The reasons of events.
const (
	whyGivenBack = "given back"
	whyByHand    = "by hand"
	whyPutBack   = "put back: it was missing"
)

func (st *state) happened(kind EventKind, uuid string, h Holder, why string) {
	st.events = append(st.events, Event{Kind: kind, UUID: uuid, Holder: h, Why: why})
}

// drop takes those of an account's records out that ok wants, and tells of it.
func (st *state) drop(uuid, why string, ok func(*record) bool) (removed int) {
	return st.keep(uuid, st.doc.Holders[uuid], func(r *record) bool {
		if !ok(r) {
			return true
		}
		st.happened(EventReleased, uuid, r.holder(), why)
		return false
	})
}
