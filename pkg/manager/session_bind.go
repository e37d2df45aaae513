package manager

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/claims"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// bindings are the accounts that session keys are bound to, as one process knows them.
type bindings map[string]*binding

type binding struct {
	owner string // the account's credential owner
	at    time.Time
	fresh bool // not written down yet
}

// owner returns the credential owner of the account that a key is bound to, "" for none.
func (b bindings) owner(key string, now time.Time) string {
	if got := b[key]; got != nil && key != "" && now.Sub(got.at) < claims.StickyFor {
		return got.owner
	}
	return ""
}

// set binds a key, and tells whether that is something new to write down.
func (b bindings) set(key, owner string, now time.Time) bool {
	got := b[key]
	if got == nil {
		b.makeRoom()
		got = &binding{}
		b[key] = got
	}
	// A binding ends when it has not been used for a while, so its use is worth a word as well.
	got.fresh = got.fresh || got.owner != owner || now.Sub(got.at) > claims.StickyFor/6
	if got.fresh {
		got.at = now
	}
	got.owner = owner
	return got.fresh
}

// makeRoom drops the oldest where there are as many as the file keeps: a tenth of them, so that it is
// not to be done for each new one.
func (b bindings) makeRoom() {
	if len(b) < claims.StickyMost {
		return
	}
	oldest := slices.SortedFunc(maps.Keys(b), func(x, y string) int { return b[x].at.Compare(b[y].at) })
	for _, key := range oldest[:len(oldest)/10] {
		delete(b, key)
	}
}

// fresh returns what is to be written down, key to credential owner.
func (b bindings) fresh() map[string]string {
	fresh := map[string]string{}
	for key, got := range b {
		if got.fresh {
			fresh[key] = got.owner
			got.fresh = false
		}
	}
	return fresh
}

// bind binds a session key to an account. The caller holds mu.
func (s *Session) bind(key string, a *store.Account, now time.Time) {
	s.unwritten = s.bindings.set(key, a.OwnerID(), now) || s.unwritten
	s.writeSome(now)
}

// writeSome writes bindings and cursor beside the requests, once in a while. The caller holds mu.
func (s *Session) writeSome(now time.Time) {
	if !s.unwritten || now.Sub(s.written) < writeEvery {
		return
	}
	s.written = now
	s.beside(func(ctx context.Context) {
		if err := s.write(ctx); err != nil {
			s.m.tell(EventWarning, nil, "session bindings could not be written: "+err.Error())
		}
	})
}

// write puts bindings and cursor where other processes find them.
func (s *Session) write(ctx context.Context) error {
	s.mu.Lock()
	snap, fresh := s.snap, s.bindings.fresh()
	s.unwritten = false
	var cursor *claims.Cursor
	if moved := s.cursor; moved != (claims.Cursor{}) {
		cursor = &moved
	}
	s.mu.Unlock()
	if s.m.claims == nil || snap == nil {
		return nil
	}
	for key, owner := range fresh {
		a := ownedBy(snap.Accounts, owner)
		if a == nil {
			delete(fresh, key)
			continue
		}
		fresh[key] = a.UUID
	}
	return s.m.claims.Remember(ctx, fresh, cursor)
}
