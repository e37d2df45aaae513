package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kyoli-gam/kyoli/internal/filelock"
)

const (
	// leaseTimeout is the shortest wait for a refresh lease: a token request takes 30 s at most, and its holder writes
	// the answer down afterwards.
	leaseTimeout = 60 * time.Second
	// ownerChanges bounds how often a lease is taken anew because the account goes by another owner id by now.
	ownerChanges = 5
)

// Lease takes the refresh lease of an account and waits for it, 60 s at least. What the journal knows of the account
// is in the account file then. The error is *UnknownAccountError where the account is gone, *filelock.LockedError, or
// one of Load's and Update's.
func (f *File) Lease(ctx context.Context, uuid string) (Lease, error) {
	for range ownerChanges {
		a, err := f.account(ctx, uuid)
		if err != nil {
			return nil, err
		}
		if err := f.awaitTwins(ctx, a); err != nil {
			return nil, err
		}
		l, err := f.takeLease(ctx, ownerHash(a.OwnerID()))
		if err != nil {
			return nil, err
		}
		if err = l.reread(ctx, uuid); err == nil && l.account.OwnerID() == a.OwnerID() {
			return l, nil
		}
		if released := l.Release(); err != nil {
			return nil, errors.Join(err, released)
		}
	}
	return nil, fmt.Errorf("account %s in %s changes its owner again and again", uuid, f.path)
}

// account reads one account.
func (f *File) account(ctx context.Context, uuid string) (*Account, error) {
	accounts, err := f.load(ctx)
	if err != nil {
		return nil, err
	}
	if a := accounts.Get(uuid); a != nil {
		return a, nil
	}
	return nil, &UnknownAccountError{Name: uuid, File: f.path}
}

// lease is a held refresh lease.
type lease struct {
	f       *File
	path    string // of the account file, resolved
	owner   string // ownerHash
	lock    *filelock.Lock
	account *Account

	rotation *rotation // the last one
}

// takeLease waits for the lease of an owner.
func (f *File) takeLease(ctx context.Context, owner string) (*lease, error) {
	path, err := f.resolve()
	if err != nil {
		return nil, err
	}
	l := &lease{f: f, path: path, owner: owner}
	if l.lock, err = filelock.Acquire(ctx, f.leasePath(owner), f.leaseOptions(path, owner)); err != nil {
		return nil, f.lockProblem(err)
	}
	return l, nil
}

// tryLease takes a lease where nobody holds it, and returns nil where somebody does.
func (f *File) tryLease(ctx context.Context, path, owner string) (*lease, error) {
	lock, ok, err := filelock.TryAcquire(ctx, f.leasePath(owner), f.leaseOptions(path, owner))
	if err != nil || !ok {
		return nil, err
	}
	return &lease{f: f, path: path, owner: owner, lock: lock}, nil
}

// leasePath is what a lease is called, by the plugin too: it lies beside the path that the file was opened by.
func (f *File) leasePath(owner string) string { return f.path + ".refresh-" + owner }

func (f *File) leaseOptions(resolved, owner string) filelock.Options {
	return filelock.Options{
		Timeout: max(leaseTimeout, f.o.LockTimeout), Stale: filelock.StaleRefresh, PluginDir: true,
		FlockPath: resolved + ".refresh-" + owner, Now: f.o.Now, OnWait: f.o.OnWait,
	}
}

// reread brings what the journal knows of the account into the file, and reads it.
func (l *lease) reread(ctx context.Context, uuid string) error {
	if err := l.f.recover(ctx, l); err != nil {
		return err
	}
	a, err := l.f.account(ctx, uuid)
	l.account = a
	return err
}

// Account returns the account as it was read under the lease.
func (l *lease) Account() *Account { return l.account }

// Release gives the lease back.
func (l *lease) Release() error {
	if l.rotation != nil {
		l.rotation.end()
	}
	return l.lock.Release()
}
