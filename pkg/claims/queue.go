package claims

import "slices"

// ticket judges one who waits: it must have a process, and is late when it has not renewed its ticket.
// The clock of another host may be off by more than that; it is passed over then, no more.
func (j *judge) ticket(t *ticket) {
	t.verdict = j.owner("ticket "+t.ID, t.process(), t.Seen)
	quiet := j.now.since(t.Seen)
	t.late = quiet > ticketSilence || quiet < -ticketSilence
}

func (t *ticket) holder() Holder {
	return Holder{
		ID: t.ID, Process: t.process(), Command: t.Command,
		Since: t.Since, Seen: t.Seen, Exclusive: t.Exclusive, Waiting: true,
	}
}

// stand gives a session its place at the end of the queue, or renews the one it has.
func (st *state) stand(h Holder, wants []string) {
	t := &ticket{ID: h.ID, Since: st.now}
	if i := slices.IndexFunc(st.doc.Tickets, func(t *ticket) bool { return t.ID == h.ID }); i >= 0 {
		t = st.doc.Tickets[i]
	} else {
		st.doc.Tickets = append(st.doc.Tickets, t)
	}
	t.owner, t.Command, t.Exclusive, t.Seen = ownerOf(h.Process), h.Command, h.Exclusive, st.now
	t.Wants = slices.Clone(wants)
	if t.Wants == nil {
		t.Wants = []string{}
	}
	st.judge.ticket(t)
}

// ahead is how many that are waited for came before a session.
func (st *state) ahead(id string) int {
	n := 0
	for _, t := range st.doc.Tickets {
		if t.ID == id {
			break
		}
		if t.live && !t.late {
			n++
		}
	}
	return n
}

// tidyTickets takes out tickets whose processes are gone. One that is only late keeps its place.
func (st *state) tidyTickets() {
	st.doc.Tickets = slices.DeleteFunc(st.doc.Tickets, func(t *ticket) bool {
		return !t.live || t.late && st.now.since(t.Seen) > Silence
	})
}

// queue adds those who wait, and sets aside for each that came before session id the best account
// that is free for it. Without this, one who comes later could be quicker to look and take it.
func (st *state) queue(v *View, id string) {
	for _, t := range st.doc.Tickets {
		if t.live && !t.late {
			v.Queue = append(v.Queue, Ticket{Holder: t.holder(), Wants: t.Wants})
		}
	}
	for _, t := range v.Queue {
		if t.ID == id {
			return
		}
		if uuid, ok := v.firstFree(t); ok {
			v.Holders[uuid] = append(v.Holders[uuid], t.Holder)
		}
	}
}

func (v *View) firstFree(t Ticket) (string, bool) {
	for _, uuid := range t.Wants {
		if v.Free(uuid, t.ID, t.Exclusive) {
			return uuid, true
		}
	}
	return "", false
}

// turnOf tells whether an account is free for a session that waits. A session that has lost its
// ticket has to get another one.
func (st *state) turnOf(id string) bool {
	v := st.view(id)
	i := slices.IndexFunc(v.Queue, func(t Ticket) bool { return t.ID == id })
	if i < 0 {
		return true
	}
	_, ok := v.firstFree(v.Queue[i])
	return ok
}
