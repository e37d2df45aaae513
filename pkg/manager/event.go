package manager

import (
	"time"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

// EventKind says what an [Event] is about.
type EventKind string

// What a manager tells.
const (
	EventSelected  EventKind = "selected"     // an account was chosen and claimed
	EventSwitched  EventKind = "switched"     // another account took over
	EventRetried   EventKind = "retried"      // a request is sent again with the same account
	EventRefreshed EventKind = "refreshed"    // a token was renewed
	EventAdopted   EventKind = "adopted"      // somebody else's new token was taken over
	EventFailed    EventKind = "failed"       // a refresh failed
	EventDisabled  EventKind = "disabled"     // an account was auth-disabled, or disabled by hand
	EventEnabled   EventKind = "enabled"      // a disabled account was enabled
	EventReset     EventKind = "reset"        // limits and failures were cleared by hand
	EventAdded     EventKind = "added"        // an account is new
	EventRemoved   EventKind = "removed"      // an account was removed
	EventLimited   EventKind = "rate-limited" // an account answered 429, or its use says that it is used up
	EventRenamed   EventKind = "renamed"      // the provider gave the account another uuid
	EventWarning   EventKind = "warning"      // something went wrong that does not stop the work
)

// Event is one thing that happened to an account. It holds no secret: Parent and Child are hashes.
type Event struct {
	Kind EventKind
	At   time.Time
	// UUID is the account, Account its name for people.
	UUID, Account string
	// Detail says more, in words.
	Detail string
	// Parent and Child are the hashes of the refresh token spent and of the one that came of it.
	Parent, Child string
}

func (m *Manager) tell(kind EventKind, a *store.Account, detail string) {
	e := Event{Kind: kind, At: m.now(), Detail: detail}
	if a != nil {
		e.UUID, e.Account = a.UUID, a.Name()
	}
	m.onEvent(e)
}

// whyByHand is the detail of what the user did.
const whyByHand = "by hand"

// tellEach tells of what the user did to accounts.
func (m *Manager) tellEach(kind EventKind, accounts []*store.Account) {
	for _, a := range accounts {
		m.tell(kind, a, whyByHand)
	}
}

// tellAdopted tells of a token that somebody else has put into the place of the one seen.
func (m *Manager) tellAdopted(seen, stored *store.Account) {
	m.onEvent(Event{
		Kind: EventAdopted, At: m.now(), UUID: stored.UUID, Account: stored.Name(), Detail: "renewed meanwhile by somebody else",
		Parent: seen.RefreshToken.Hash(), Child: stored.RefreshToken.Hash(),
	})
}

// tellAdded tells of an account that is new, or has a new login.
func (m *Manager) tellAdded(r AddedAccount) {
	e := Event{
		Kind: EventAdded, At: m.now(), UUID: r.Account.UUID, Account: r.Account.Name(), Detail: whyByHand,
		Parent: r.parent, Child: r.Account.RefreshToken.Hash(),
	}
	switch {
	case r.parent != "":
		e.Kind, e.Detail = EventAdopted, "given "+whyByHand
	case r.Result != Added:
		return
	}
	m.onEvent(e)
}
