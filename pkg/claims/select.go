package claims

import (
	"context"
	"slices"
	"sync"

	"github.com/kyoli-gam/kyoli/internal/procid"
)

// Claim is a claim that this process made. It is safe for concurrent use.
type Claim struct {
	// UUID is the account, as it was called when it was claimed.
	UUID string
	// ID is the session.
	ID string

	store *Store
	mu    sync.Mutex
	rec   record // as it is to stand in the file
	uuid  string // what the account is called now
}

// Select chooses an account and claims it, in one step under the claims lock, so that processes
// which start at once see each other's choice.
//
// choose may be called more than once and must not wait for a network or another lock. Its error is
// returned as it is, and nothing is written then. A session that holds the account already has its
// claim renewed. An account that somebody else holds exclusively, or that h wants exclusively and
// somebody else holds, gives a *[TakenError]. A zero h.Process is the calling process.
func (s *Store) Select(ctx context.Context, h Holder, choose func(View) (Choice, error)) (*Claim, error) {
	if err := s.complete(&h); err != nil {
		return nil, err
	}
	var c *Claim
	err := s.step(ctx, func(st *state) (err error) {
		c, err = s.take(st, h, choose)
		return err
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (s *Store) complete(h *Holder) error {
	if h.ID == "" {
		return errNoSession
	}
	if h.Process == (procid.Process{}) {
		h.Process = s.o.Self
	}
	h.Command = commandName(h.Command)
	return nil
}

// take lets the chooser choose and writes its choice down.
func (s *Store) take(st *state, h Holder, choose func(View) (Choice, error)) (*Claim, error) {
	v := st.view(h.ID)
	choice, err := choose(v)
	if err != nil {
		return nil, err
	}
	if choice.UUID == "" {
		return nil, ErrBusy
	}
	if !v.Free(choice.UUID, h.ID, h.Exclusive) {
		return nil, &TakenError{UUID: choice.UUID, Holders: v.others(choice.UUID, h.ID)}
	}
	r := st.put(choice.UUID, record{
		ID: h.ID, owner: ownerOf(h.Process), Command: h.Command, Exclusive: h.Exclusive,
		Since: st.now, Seen: st.now,
	})
	delete(st.doc.Released, h.ID)
	st.dropTicket(h.ID)
	if choice.Cursor != nil {
		st.doc.Cursor.Cursor = *choice.Cursor
	}
	if choice.StickyKey != "" {
		st.bind(choice.StickyKey, choice.UUID)
	}
	return &Claim{UUID: choice.UUID, ID: h.ID, store: s, rec: *r, uuid: choice.UUID}, nil
}

// put writes a claim down, over the one that its session has on the account already.
func (st *state) put(uuid string, n record) *record {
	n.verdict = st.judge.owner(uuid+" "+n.ID, n.process(), n.Seen)
	for _, r := range st.doc.Holders[uuid] {
		if r.ID == n.ID {
			if r.owner != n.owner {
				st.happened(EventHanded, uuid, n.holder(), "")
			}
			n.Since, n.Rest = r.Since, r.Rest
			*r = n
			return r
		}
	}
	why := ""
	if n.Since != st.now {
		why = whyPutBack
	}
	r := &n
	st.happened(EventClaimed, uuid, n.holder(), why)
	st.doc.Holders[uuid] = append(st.doc.Holders[uuid], r)
	return r
}

func (st *state) bind(key, uuid string) {
	key = hashKey(key)
	b := st.doc.Sticky[key]
	if b == nil {
		b = &binding{}
		st.doc.Sticky[key] = b
	}
	b.UUID, b.At = uuid, st.now
}

func (st *state) dropTicket(id string) {
	st.doc.Tickets = slices.DeleteFunc(st.doc.Tickets, func(t *ticket) bool { return t.ID == id })
}

// Transfer gives the claim to another process, normally the child that does the work.
func (c *Claim) Transfer(ctx context.Context, p procid.Process) error {
	c.mu.Lock()
	c.rec.owner = ownerOf(p)
	c.mu.Unlock()
	return c.Heartbeat(ctx)
}

// Heartbeat says that the claim is alive: it is seen now, and is put back where it is missing, for
// the file may have been damaged, or another host may have given us up. It returns a
// *[ReleasedError] when somebody has released the claim by hand.
func (c *Claim) Heartbeat(ctx context.Context) error {
	return c.store.step(ctx, func(st *state) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		if _, ok := st.doc.Released[c.ID]; ok {
			return &ReleasedError{UUID: c.uuid, ID: c.ID}
		}
		c.follow(st)
		c.rec.Seen = st.now
		st.put(c.uuid, c.rec)
		return nil
	})
}

// Release ends the claim. It wants a ctx of its own: that of the work has often ended by then.
func (c *Claim) Release(ctx context.Context) error {
	return c.store.step(ctx, func(st *state) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.follow(st)
		st.drop(c.uuid, whyGivenBack, func(r *record) bool { return r.ID == c.ID })
		return nil
	})
}

// follow finds the claim again when its account has been given another uuid (see [Store.Rename]).
func (c *Claim) follow(st *state) {
	for uuid, records := range st.doc.Holders {
		for _, r := range records {
			if r.ID == c.ID && r.Since == c.rec.Since && st.find(c.uuid, c.ID) == nil {
				c.uuid = uuid
				return
			}
		}
	}
}

func (st *state) find(uuid, id string) *record {
	for _, r := range st.doc.Holders[uuid] {
		if r.ID == id {
			return r
		}
	}
	return nil
}
