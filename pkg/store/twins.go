package store

import (
	"context"
	"errors"

	"github.com/kyoli-gam/kyoli/internal/filelock"
)

// Two accounts can have one token, where another program made a second entry of one login. They have two leases, and
// the token must be sent once all the same.

// twins returns the open entries for a token that are under the lease of another owner.
func (j journal) twins(token Secret, owner string) ([]entryName, error) {
	names, err := j.list()
	if err != nil {
		return nil, err
	}
	var twins []entryName
	for _, n := range names {
		if n.state == stateOpen && n.parent == token.Hash() && n.owner != owner {
			twins = append(twins, n)
		}
	}
	return twins, nil
}

// awaitTwins waits for requests with the account's token that are made for another account. No lease is held yet.
func (f *File) awaitTwins(ctx context.Context, a *Account) error {
	path, err := f.resolve()
	if err != nil {
		return err
	}
	twins, err := f.journal(path).twins(a.RefreshToken, ownerHash(a.OwnerID()))
	if err != nil {
		return err
	}
	for _, n := range twins {
		l, err := f.takeLease(ctx, n.owner)
		if err != nil {
			return err
		}
		if err := errors.Join(f.recover(ctx, l), l.Release()); err != nil {
			return err
		}
	}
	return nil
}

// yieldToTwins looks for a request with this token for another account, when our own intent is there to be seen. Where
// there is one both start over.
func (l *lease) yieldToTwins(ctx context.Context) error {
	twins, err := l.f.journal(l.path).twins(l.account.RefreshToken, l.owner)
	if err != nil {
		return err
	}
	for _, n := range twins {
		twin, err := l.f.tryLease(ctx, l.path, n.owner)
		if err != nil {
			return err
		}
		if twin == nil {
			return &filelock.LostError{Path: l.f.path, Reason: "another account with the same token is being refreshed"}
		}
		if err := twin.Release(); err != nil {
			return err
		}
	}
	return nil
}
