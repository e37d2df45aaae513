package manager

import (
	"context"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

// Use is one request's use of an account. It is not safe for concurrent use, but for [Use.End].
//
// What it is told of the request's outcome goes to the store as the marks of [Manager] do, and sees
// to it that the session's next choice knows it.
type Use struct {
	// Account is the account, as it was when the use began or the token was made valid.
	Account *store.Account
	// Model takes the place of the request's model; empty leaves it.
	Model string

	s *Session
	h *held
}

// End ends the use. It may be called more than once.
func (u *Use) End() {
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	if u.h == nil {
		return
	}
	u.h.uses--
	u.h.used = u.s.m.now()
	u.h = nil
}

// Valid makes the account's token valid. A token that the provider has refused is named in rejected;
// empty = none. Errors are those of [Manager.Valid].
func (u *Use) Valid(ctx context.Context, rejected store.Secret) error {
	o := ValidOptions{Rejected: rejected}
	if o.valid(u.Account, u.s.m.now()) {
		return nil
	}
	defer u.s.changed()
	a, _, err := u.s.m.Valid(ctx, u.Account.UUID, o)
	if err != nil {
		return err
	}
	u.Account = a
	return nil
}

// Succeeded says that a request which began at started was answered well (see [Manager.MarkSuccess]).
// It is written down even where ctx has ended.
func (u *Use) Succeeded(ctx context.Context, started time.Time) error {
	s := u.s
	s.mu.Lock()
	a := u.Account
	if s.snap != nil {
		if now := ownedBy(s.snap.Accounts, a.OwnerID()); now != nil {
			a = now
		}
	}
	u.touch(a)
	s.mu.Unlock()
	s.exhausted.Clear(a.UUID)
	if a.ConsecutiveAuthFailures == 0 && a.RateLimitResetAt == 0 {
		return nil
	}
	defer s.changed()
	return s.m.MarkSuccess(context.WithoutCancel(ctx), a.UUID, started)
}

// touch writes down, beside the request and once in a while, that the account is in use. The caller
// holds the session's mu.
func (u *Use) touch(a *store.Account) {
	now := u.s.m.now()
	if u.h == nil || now.Sub(u.h.touched) < writeEvery {
		return
	}
	u.h.touched = now
	used := *a
	u.s.beside(func(ctx context.Context) { u.s.m.Used(ctx, &used) })
}

// Limited says that the account answered 429 (see [Manager.MarkLimited]).
func (u *Use) Limited(ctx context.Context, retryAfter time.Duration) error {
	defer u.s.changed()
	u.s.exhausted.Mark(u.Account.UUID, u.s.m.now())
	return u.s.m.MarkLimited(ctx, u.Account.UUID, retryAfter)
}

// Refused says that the provider refused the account's token though it is fresh (see
// [Manager.MarkAuthFailure]).
func (u *Use) Refused(ctx context.Context, reason string) error {
	defer u.s.changed()
	return u.s.m.MarkAuthFailure(ctx, u.Account.UUID, u.Account.AccessToken, reason)
}

// Revoked says that the provider named the account's token as revoked (see [Manager.MarkRevoked]).
func (u *Use) Revoked(ctx context.Context, reason string) error {
	defer u.s.changed()
	return u.s.m.MarkRevoked(ctx, u.Account.UUID, u.Account.AccessToken, reason)
}
