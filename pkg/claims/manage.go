package claims

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

// GC takes out the claims of the dead, the plugin's among them, and renews, in the plugin's file,
// those of the living, which nobody else does for a child that has outlived the kyoli that started
// it. It takes the lock only where there is something to do. It returns what it took out.
func (s *Store) GC(ctx context.Context) ([]DeadHolder, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var dead []DeadHolder
	collect := func(st *state) error {
		dead = st.view("").Dead
		for uuid, e := range st.plugin.entries {
			if !e.mine && !e.live {
				st.happened(EventFreed, uuid, e.holder(), e.why)
				st.plugin.remove(uuid)
			}
		}
		return nil
	}
	// The living mostly renew themselves, and only those that are late for it are a reason to write.
	late := func(st *state) error { st.renewAfter = 3 * Beat / 2; return collect(st) }
	st, err := s.change(late)
	if err != nil {
		return nil, err
	}
	if _, changed, err := st.ownBytes(); err != nil || !changed && !st.pluginChanged() {
		return nil, err
	}
	if err := s.step(ctx, collect); err != nil {
		return nil, err
	}
	return dead, nil
}

// Rename moves all that belongs to an account to its new uuid.
func (s *Store) Rename(ctx context.Context, oldUUID, newUUID string) error {
	if oldUUID == newUUID {
		return nil
	}
	return s.step(ctx, func(st *state) error {
		st.rename(oldUUID, newUUID)
		return nil
	})
}

func (st *state) rename(from, to string) {
	d := st.doc
	if records := d.Holders[from]; len(records) > 0 {
		d.Holders[to] = append(d.Holders[to], records...)
		delete(d.Holders, from)
	}
	if m, ok := d.Last429[from]; ok {
		d.Last429[to] = max(m, d.Last429[to])
		delete(d.Last429, from)
	}
	for _, b := range d.Sticky {
		if b.UUID == from {
			b.UUID = to
		}
	}
	for _, t := range d.Tickets {
		if i := slices.Index(t.Wants, from); i >= 0 {
			t.Wants[i] = to
		}
	}
	if d.Cursor.UUID == from {
		d.Cursor.UUID = to
	}
}

// ReleaseSession ends all claims of a session, also of another process, and its place in the queue.
// It returns how many there were. The session's own heartbeats do not put them back. An entry of the
// plugin's is taken out too, but a plugin that is alive writes it again.
func (s *Store) ReleaseSession(ctx context.Context, id string) (int, error) {
	n := 0
	err := s.step(ctx, func(st *state) error {
		n = st.release(id)
		return nil
	})
	return n, err
}

func (st *state) release(id string) (n int) {
	for uuid := range st.doc.Holders {
		n += st.drop(uuid, whyByHand, func(r *record) bool { return r.ID == id })
	}
	if strings.HasPrefix(id, foreignPrefix) {
		for uuid, e := range st.plugin.entries {
			if !e.mine && e.foreignID() == id {
				st.happened(EventReleased, uuid, e.holder(), whyByHand)
				st.plugin.remove(uuid)
				n++
			}
		}
		return n
	}
	if n > 0 {
		st.doc.Released[id] = st.now
	}
	st.dropTicket(id)
	return n
}

// Mark429 remembers that an account has answered 429 just now.
func (s *Store) Mark429(ctx context.Context, uuid string) error {
	return s.step(ctx, func(st *state) error {
		st.doc.Last429[uuid] = st.now
		return nil
	})
}

// Keep sends a heartbeat every 20 s until ctx ends, and tells onError what went wrong. It returns at
// once when the claim has been released by hand: going on would only say so again.
func (c *Claim) Keep(ctx context.Context, onError func(error)) {
	t := time.NewTicker(Beat)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		err := c.Heartbeat(ctx)
		if err == nil || ctx.Err() != nil {
			continue
		}
		onError(err)
		if _, released := errors.AsType[*ReleasedError](err); released {
			return
		}
	}
}
