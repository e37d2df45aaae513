package manager

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kyoli-gam/kyoli/internal/filelock"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// Result says how a token came to be valid.
type Result string

// The results of [Manager.Valid].
const (
	ResultFresh     Result = "fresh"     // it was valid for long enough
	ResultRefreshed Result = "refreshed" // this process renewed it
	ResultAdopted   Result = "adopted"   // another process had just renewed it
	ResultFailed    Result = "failed"    // in an [Outcome]
)

// startOvers bounds how often a refresh begins again because its lock was lost or its token changed
// under it.
const startOvers = 5

// ValidOptions say what counts as a valid token.
type ValidOptions struct {
	// MinTTL is how long the token must be good for; a minute at least. A provider whose tokens live
	// shorter gives what it has.
	MinTTL time.Duration
	// Force renews the token even where it is valid, and tries an auth-disabled account.
	Force bool
	// Rejected is an access token that the provider has refused: it is not valid, whatever its
	// expiry says. Another one that is stored by now is.
	Rejected store.Secret
}

// errStartOver says that the token changed while it was being renewed.
var errStartOver = errors.New("the stored token changed while it was being renewed")

// Valid returns the account with an access token that is good for as long as was asked. Where it
// has to be renewed, it is renewed once, however many processes ask; the others adopt the result.
// A request that has been sent is seen through to the disk even where ctx ends.
//
// Errors: *[LoginNeededError] where the login no longer works (the account is then auth-disabled,
// never removed), *[RefreshError] where the provider could not be reached or answered nonsense, and
// those of the store.
func (m *Manager) Valid(ctx context.Context, uuid string, o ValidOptions) (*store.Account, Result, error) {
	accounts, err := m.store.Load(ctx)
	if err != nil {
		return nil, "", err
	}
	seen, err := m.find(accounts, uuid)
	if err != nil {
		return nil, "", err
	}
	if seen.IsAuthDisabled && !o.Force {
		return nil, "", m.loginNeeded(seen, seen.AuthDisabledReason)
	}
	if err := seen.Opened(m.store.Path()); err != nil {
		return nil, "", err
	}
	if !o.Force && o.valid(seen, m.now()) {
		return seen, ResultFresh, nil
	}
	if err := m.resting(seen); err != nil && !o.Force {
		return nil, "", err
	}
	return m.renew(ctx, seen, o)
}

func (o ValidOptions) valid(a *store.Account, now time.Time) bool {
	return !a.AccessToken.Sealed() && livesFor(a, o.MinTTL, now) && (o.Rejected == "" || a.AccessToken != o.Rejected)
}

// adoptable tells whether what is stored now will do in place of a refresh: it has changed since it
// was seen, and is good.
func (o ValidOptions) adoptable(seen, stored *store.Account, now time.Time) bool {
	if stored.Credential() == seen.Credential() {
		return false
	}
	o.MinTTL = 0 // no refresh would bring a longer life than the one that was just made
	return o.valid(stored, now)
}

// find returns the account with this uuid, or the one that had it before the provider gave it
// another (it then is its credential owner).
func (m *Manager) find(accounts *store.Accounts, uuid string) (*store.Account, error) {
	if a := accounts.Get(uuid); a != nil {
		return a, nil
	}
	for _, a := range accounts.List {
		if uuid != "" && a.CredentialOwnerID == uuid {
			return a, nil
		}
	}
	return nil, &store.UnknownAccountError{Name: uuid, File: m.store.Path()}
}

// renew takes the lease as often as it takes to get a token out of it.
func (m *Manager) renew(ctx context.Context, seen *store.Account, o ValidOptions) (*store.Account, Result, error) {
	var err error
	for range startOvers {
		var a *store.Account
		var result Result
		a, result, err = m.renewOnce(ctx, seen, o)
		var lost *filelock.LostError
		var replaced *store.ReplacedError
		if !errors.As(err, &lost) && !errors.As(err, &replaced) && !errors.Is(err, errStartOver) {
			return a, result, err
		}
	}
	return nil, "", m.failed(seen, true, fmt.Errorf("gave up after %d attempts: %w", startOvers, err))
}

// renewOnce rereads under the lease, and adopts or rotates.
func (m *Manager) renewOnce(ctx context.Context, seen *store.Account, o ValidOptions) (_ *store.Account, _ Result, err error) {
	if m.lookElsewhere != nil {
		m.lookElsewhere(ctx, seen)
	}
	lease, err := m.lease(ctx, seen)
	if err != nil {
		return nil, "", err
	}
	defer func() {
		if rerr := lease.Release(); rerr != nil {
			m.tell(EventWarning, seen, "the refresh lease could not be released: "+rerr.Error())
		}
	}()
	stored := lease.Account()
	if err := stored.Opened(m.store.Path()); err != nil {
		return nil, "", err
	}
	if o.adoptable(seen, stored, m.now()) {
		m.tellAdopted(seen, stored)
		return stored, ResultAdopted, nil
	}
	if stored.IsAuthDisabled && !o.Force {
		return nil, "", m.loginNeeded(stored, stored.AuthDisabledReason)
	}
	if stored.RefreshToken == "" {
		return nil, "", m.loginNeeded(stored, "it has no refresh token")
	}
	a, err := m.rotate(ctx, lease, stored)
	if err != nil {
		return nil, "", err
	}
	return a, ResultRefreshed, nil
}

// lease takes the account's lease, also where it was given another uuid while we waited for it.
func (m *Manager) lease(ctx context.Context, seen *store.Account) (store.Lease, error) {
	lease, err := m.store.Lease(ctx, seen.UUID)
	var unknown *store.UnknownAccountError
	if !errors.As(err, &unknown) {
		return lease, err
	}
	if a := m.peek(ctx, seen.OwnerID()); a != nil && a.UUID != seen.UUID {
		return m.store.Lease(ctx, a.UUID)
	}
	return nil, err
}
