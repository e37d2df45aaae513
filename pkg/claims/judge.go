package claims

import (
	"fmt"
	"time"

	"github.com/kyoli-gam/kyoli/internal/procid"
)

// verdict is what was found out about the process behind a record, a ticket or an entry.
type verdict struct {
	live bool
	// local: its process could be looked at and runs here, so that we may vouch for it.
	local bool
	// why it counts as dead.
	why string
}

// judge decides who lives.
type judge struct {
	now   Millis
	self  procid.Process
	alive func(procid.Process) procid.State
	// before is what was watched, after what is to be watched from now on.
	before, after map[string]watched
}

func (s *Store) judge(d *document) *judge {
	return &judge{
		now: s.now(), self: s.o.Self, alive: s.o.Alive,
		before: d.Watch, after: map[string]watched{},
	}
}

// owner judges a process that kyoli has written down, last seen at a time that its own clock gave.
func (j *judge) owner(key string, p procid.Process, seen Millis) verdict {
	st := j.alive(p)
	switch st.Life {
	case procid.Alive:
		return verdict{live: true, local: true}
	case procid.Dead:
		return verdict{why: st.Why}
	case procid.Unknown:
	}
	if st.SameClock && seen <= j.now {
		return j.silent(j.now.since(seen), st.Why)
	}
	return j.silent(j.unchanged(key, seen), st.Why)
}

// entry judges a process in the plugin's file as the plugin does: it must run, and have said so in
// the last minute. A time ahead of ours, for which the plugin keeps it for ever, is given a minute
// from when it was last seen to change.
func (j *judge) entry(uuid string, e *entry) verdict {
	p := j.self
	p.PID, p.StartTime = e.PID, ""
	if st := j.alive(p); st.Life == procid.Dead {
		return verdict{why: st.Why}
	}
	quiet := j.now.since(e.At)
	if e.At > j.now {
		quiet = j.unchanged(uuid+" "+e.foreignID(), e.At)
	}
	return j.silent(quiet, "")
}

// silent judges by how long nothing was heard.
func (j *judge) silent(quiet time.Duration, but string) verdict {
	if quiet <= Silence {
		return verdict{live: true}
	}
	why := fmt.Sprintf("nothing was heard of it for %s", quiet.Truncate(time.Second))
	if but != "" {
		why = but + ", and " + why
	}
	return verdict{why: why}
}

// unchanged is for how long a value is known to have been the same. It is measured on our own clock
// from when one of us first saw the value, because the clock that the value comes from is not ours.
// Should our clock have been set back since, the measuring begins anew.
func (j *judge) unchanged(key string, value Millis) time.Duration {
	w, ok := j.before[key]
	if !ok || w.Value != value || w.Since > j.now {
		w = watched{Value: value, Since: j.now}
	}
	j.after[key] = w
	return j.now.since(w.Since)
}
