package claims

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"path/filepath"
	"time"

	"github.com/kyoli-gam/kyoli/internal/atomicfile"
	"github.com/kyoli-gam/kyoli/internal/filelock"
)

// lostTries is how often a lost lock directory is fought for. Losing it takes a process that was
// stopped for longer than the plugin waits; twice in a row is chance, four times is a fault.
const lostTries = 4

// releasedFor is how long a release by hand is held against the heartbeats of that session.
const releasedFor = 24 * time.Hour

// step changes the claims: under the lock it reads, lets fn change what was read, tidies up and
// writes what has become different. fn runs again where the plugin's file has changed before its
// lock was taken, on a fresh state. What has happened is told when the lock is free again.
func (s *Store) step(ctx context.Context, fn func(*state) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := atomicfile.MkdirPrivate(filepath.Dir(s.plugin)); err != nil {
		return err
	}
	place := s.Lock()
	lock, err := filelock.Acquire(ctx, place.Path, place.Options)
	if err != nil {
		return err
	}
	events, err := s.locked(ctx, lock, fn)
	_ = lock.Release()
	for _, e := range events {
		s.o.OnEvent(e)
	}
	return err
}

// locked is a step under its lock. It returns what has happened and is on disk.
func (s *Store) locked(ctx context.Context, lock *filelock.Lock, fn func(*state) error) (events []Event, err error) {
	for try := 1; ; try++ {
		st, written, err := s.attempt(ctx, lock, fn)
		if written || err == nil {
			events = append(events, st.events...)
		}
		if _, lost := errors.AsType[*filelock.LostError](err); !lost || try == lostTries {
			return events, err
		}
		if written {
			// kyoli's own file is as it should be; only the plugin's has to be brought up to it.
			fn = func(*state) error { return nil }
		}
	}
}

// attempt is one try of a step. written tells whether kyoli's own file has been written.
func (s *Store) attempt(ctx context.Context, lock *filelock.Lock, fn func(*state) error) (st *state, written bool, err error) {
	if st, err = s.change(fn); err != nil {
		return nil, false, err
	}
	if st.pluginChanged() {
		if err := lock.EnterDir(ctx); err != nil {
			return nil, false, err
		}
		defer func() { err = errors.Join(err, lock.LeaveDir()) }()
		seen := st.other.bytes
		now, err := read(s.plugin)
		if err != nil {
			return nil, false, err
		}
		if !bytes.Equal(seen, now.bytes) {
			if st, err = s.change(fn); err != nil {
				return nil, false, err
			}
		}
	}
	written, err = s.write(st, lock)
	return st, written, err
}

// change reads, changes and tidies up.
func (s *Store) change(fn func(*state) error) (*state, error) {
	st, err := s.load()
	if err != nil {
		return nil, err
	}
	if err := fn(st); err != nil {
		return nil, err
	}
	return st, st.tidy()
}

// write puts both files on the disk where they have changed, kyoli's first (see load).
func (s *Store) write(st *state, lock *filelock.Lock) (written bool, err error) {
	b, changed, err := st.ownBytes()
	if err != nil {
		return false, err
	}
	if changed {
		if err := s.replace(st.own, b, nil); err != nil {
			return false, err
		}
		written = true
	}
	if !st.pluginChanged() {
		return written, nil
	}
	if b, err = st.plugin.encode(); err != nil {
		return written, err
	}
	return written, s.replace(st.other, b, lock.Held)
}

// replace writes a file anew, having set aside what was damaged.
func (s *Store) replace(old content, b []byte, check func() error) error {
	if old.damage != nil {
		note, err := old.aside()
		if err != nil {
			return err
		}
		s.o.OnNote(note)
	}
	// Not fsynced: what a power cut takes away here it makes worthless, for it ends all holders too.
	// What else is in the file, round-robin's place and the bindings, is a convenience.
	if err := atomicfile.Write(old.path, b, atomicfile.Options{NoSync: true, BeforeRename: check}); err != nil {
		return err
	}
	_ = atomicfile.Sweep(old.path) // what one that was killed in the midst of it left behind
	return nil
}

// ownBytes is what kyoli's file should hold, and whether it holds something else.
func (st *state) ownBytes() ([]byte, bool, error) {
	b, err := st.doc.encode()
	if err != nil {
		return nil, false, err
	}
	if st.own.damage == nil && st.own.bytes == nil {
		empty, err := newDocument().encode()
		return b, !bytes.Equal(b, empty), err
	}
	return b, st.own.damage != nil || !bytes.Equal(b, st.own.bytes), nil
}

func (st *state) pluginChanged() bool { return st.plugin.changed || st.other.damage != nil }

// tidy takes out what is dead or forgotten, vouches for the living, and projects them.
func (st *state) tidy() error {
	for uuid, records := range st.doc.Holders {
		st.keep(uuid, records, func(r *record) bool {
			if !r.live {
				st.happened(EventFreed, uuid, r.holder(), r.why)
			}
			return r.live
		})
	}
	for _, records := range st.doc.Holders {
		for _, r := range records {
			if r.local && st.due(r.Seen) {
				r.Seen = st.now
			}
		}
	}
	st.tidyTickets()
	st.forget()
	st.doc.Watch = st.judge.after
	return st.project()
}

// keep leaves of an account's records those that ok wants.
func (st *state) keep(uuid string, records []*record, ok func(*record) bool) (removed int) {
	var rest []*record
	for _, r := range records {
		if ok(r) {
			rest = append(rest, r)
		}
	}
	if len(rest) == 0 {
		delete(st.doc.Holders, uuid)
	} else {
		st.doc.Holders[uuid] = rest
	}
	return len(records) - len(rest)
}

// due tells whether a sign of life is to be renewed.
func (st *state) due(seen Millis) bool {
	d := st.now.since(seen)
	return d >= st.renewAfter || d < 0
}

// forget drops what is too old to matter, so that the file does not grow.
func (st *state) forget() {
	maps.DeleteFunc(st.doc.Last429, func(_ string, m Millis) bool { return !recent429(m, st.now) })
	maps.DeleteFunc(st.doc.Released, func(_ string, m Millis) bool { return st.now.since(m) > releasedFor })
	maps.DeleteFunc(st.doc.Sticky, func(_ string, b *binding) bool { return !b.valid(st.now) })
	for len(st.doc.Sticky) > StickyMost {
		oldest := ""
		for key, b := range st.doc.Sticky {
			if o := st.doc.Sticky[oldest]; o == nil || b.At < o.At || b.At == o.At && key < oldest {
				oldest = key
			}
		}
		delete(st.doc.Sticky, oldest)
	}
}
