package claims

import (
	"context"
	"time"

	"github.com/kyoli-gam/kyoli/internal/procid"
)

// Store is the claims of one provider's accounts. It is safe for concurrent use.
type Store struct {
	o Options
}

// Open returns the claims that belong to an account file. It does no I/O.
func Open(accountFile string, o Options) *Store { _ = accountFile; return &Store{o: o} }

// DeadHolder is a claim that counts for nothing any more.
type DeadHolder struct {
	Holder
	// UUID is the account.
	UUID string
	// Why it counts as dead, in words.
	Why string
}

// View is what the claims were at one moment.
type View struct {
	// Holders are the live ones by account, in order of arrival.
	Holders map[string][]Holder
	// Dead are the others, which the next change takes out.
	Dead []DeadHolder
	// Cursor is where round-robin stands.
	Cursor Cursor
	// Notes say what is wrong with the files.
	Notes []Note
}

// Sticky returns the account that a session key is bound to.
func (v View) Sticky(key string) (string, bool) { _ = key; return "", false }

// Last429 returns when an account last answered 429; zero = not lately.
func (v View) Last429(uuid string) time.Time { _ = uuid; return time.Time{} }

// HeldByOther tells whether a session other than id holds the account.
func (v View) HeldByOther(uuid, id string) bool {
	for _, h := range v.Holders[uuid] {
		if h.ID != id {
			return true
		}
	}
	return false
}

// Count is the number of sessions other than id that hold the account.
func (v View) Count(uuid, id string) int {
	n := 0
	for _, h := range v.Holders[uuid] {
		if h.ID != id {
			n++
		}
	}
	return n
}

// Claim is a claim that this process made.
type Claim struct {
	// UUID is the account, ID the session.
	UUID, ID string

	store *Store
}

// View reads the claims without a lock. A file that cannot be parsed counts as empty and is noted.
func (s *Store) View(ctx context.Context) (View, error) { return View{}, ctx.Err() }

// Select chooses an account and claims it, in one step under the claims lock, so that processes
// which start at once see each other's choice. choose may be called more than once and must not
// wait for a network or another lock. Its error is returned as it is, and nothing is written then.
// An account that somebody holds exclusively, or that h wants for itself and somebody holds, gives
// a *[TakenError].
func (s *Store) Select(ctx context.Context, h Holder, choose func(View) (Choice, error)) (*Claim, error) {
	c, err := choose(View{})
	if err != nil {
		return nil, err
	}
	return &Claim{UUID: c.UUID, ID: h.ID, store: s}, ctx.Err()
}

// Transfer gives the claim to another process, normally the child that does the work.
func (c *Claim) Transfer(ctx context.Context, p procid.Process) error { _ = p; return ctx.Err() }

// Heartbeat says that the claim is alive: it is seen now, and is put back where it is missing. It
// returns a *[ReleasedError] when somebody has released the claim by hand.
func (c *Claim) Heartbeat(ctx context.Context) error { return ctx.Err() }

// Release ends the claim.
func (c *Claim) Release(ctx context.Context) error { return ctx.Err() }

// Keep sends a heartbeat every 20 s until ctx ends, and tells onError what went wrong.
func (c *Claim) Keep(ctx context.Context, onError func(error)) { _ = onError; <-ctx.Done() }

// GC takes out the claims of the dead and renews, in the plugin's file, those of the living. It
// takes the lock only where there is something to do. It returns what it took out.
func (s *Store) GC(ctx context.Context) ([]DeadHolder, error) { return nil, ctx.Err() }

// Rename moves all that belongs to an account to its new uuid.
func (s *Store) Rename(ctx context.Context, oldUUID, newUUID string) error {
	_, _ = oldUUID, newUUID
	return ctx.Err()
}

// ReleaseSession ends all claims of a session, also of another process. It returns how many.
func (s *Store) ReleaseSession(ctx context.Context, id string) (int, error) {
	_ = id
	return 0, ctx.Err()
}

// Mark429 remembers that an account answered 429 just now.
func (s *Store) Mark429(ctx context.Context, uuid string) error { _ = uuid; return ctx.Err() }

// TakenError says that an account cannot be had because of those that hold it.
type TakenError struct {
	// UUID is the account, Holders those that hold it.
	UUID    string
	Holders []Holder
}

// Error implements error.
func (e *TakenError) Error() string { return "account " + e.UUID + " is held by another process" }

// ReleasedError says that a claim was released by hand while its process went on.
type ReleasedError struct {
	// UUID is the account, ID the session.
	UUID, ID string
}

// Error implements error.
func (e *ReleasedError) Error() string {
	return "the claim on account " + e.UUID + " was released by another process"
}
