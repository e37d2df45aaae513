package manager

import (
	"context"
	"slices"
	"time"

	"github.com/kyoli-gam/kyoli/internal/seal"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// look makes sure that what the session knows of the files is recent, and tells whether it read them
// now.
func (s *Session) look(ctx context.Context, anew bool) (bool, error) {
	if !anew && s.recent() {
		return false, nil
	}
	s.reading.Lock()
	defer s.reading.Unlock()
	if !anew && s.recent() {
		return false, nil // read while we waited
	}
	s.mu.Lock()
	changes := s.changes
	s.mu.Unlock()
	accounts, err := s.m.store.Peek(ctx)
	if err == nil && slices.ContainsFunc(accounts.List, func(a *store.Account) bool { return a.Sealed() != seal.None }) {
		accounts, err = s.m.store.Load(ctx) // once for many requests
	}
	if err != nil {
		return true, err
	}
	view, err := s.m.look(ctx)
	if err != nil {
		return true, err
	}
	s.readPools()
	snap := s.m.snapshot(accounts, view)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.snap, s.snapAt, s.snapNo = snap, snap.At, changes
	return true, nil
}

// readPools reads the pools. Those of a file that cannot be read are gone until it can: the work goes
// on without them.
func (s *Session) readPools() {
	if s.o.Pools == nil {
		return
	}
	c, err := s.o.Pools()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil && !s.poolsFailed {
		s.m.tell(EventWarning, nil, "pools and chains are left out: "+err.Error())
	}
	if s.pools, s.poolsFailed = c, err != nil; err != nil {
		s.pools = nil
	}
}

func (s *Session) recent() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.snap != nil && s.snapNo == s.changes && s.m.now().Sub(s.snapAt).Abs() <= snapshotFor
}

// changed makes the next request look at the files again.
func (s *Session) changed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes++
}

// ownedBy returns the account with this credential owner, nil for none.
func ownedBy(accounts *store.Accounts, owner string) *store.Account {
	if owner == "" {
		return nil
	}
	for _, a := range accounts.List {
		if a.OwnerID() == owner {
			return a
		}
	}
	return nil
}

// Accounts is how many accounts there are, as of the last look at the files.
func (s *Session) Accounts() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.snap == nil {
		return 0
	}
	return len(s.snap.Accounts.List)
}

// Limits is when the first limit ends of the accounts that are limited now; the zero time where none
// is.
func (s *Session) Limits(ctx context.Context) time.Time {
	if _, err := s.look(ctx, false); err != nil {
		return time.Time{}
	}
	s.mu.Lock()
	snap := s.snap
	s.mu.Unlock()
	var first time.Time
	for _, a := range snap.Accounts.List {
		if snap.Status(a) != StatusRateLimited {
			continue
		}
		if until := LimitedUntil(a, snap.At); first.IsZero() || until.Before(first) {
			first = until
		}
	}
	return first
}
