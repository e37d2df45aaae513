package migrate

import (
	"strings"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

// Identity is what an access token says of its owner, as far as it says it.
type Identity struct {
	AccountID, Email, Plan string
}

// Login is a provider as both sides know it.
type Login struct {
	// Provider is kyoli's name, Key OpenCode's (the entry in auth.json).
	Provider, Key string
	// Backend has the provider's accounts.
	Backend store.Backend
	// Identify reads an access token, unverified. It may be nil.
	Identify func(access store.Secret) Identity
	// OnTaken is told when a credential of auth.json is in the store, with the
	// hash of the refresh token that it replaced there, empty for a new account.
	// It may be nil, and must not wait.
	OnTaken func(a *store.Account, parent string)
}

func (l Login) taken(a *store.Account, parent string) {
	if l.OnTaken != nil {
		l.OnTaken(a, parent)
	}
}

// relation is what an entry of auth.json is to kyoli's accounts.
type relation int

const (
	// absent: there is no such entry.
	absent relation = iota
	// held: an account has this very credential.
	held
	// rotated: the entry has a newer credential of an account.
	rotated
	// outdated: the entry has an older credential of an account, or one that
	// kyoli had and gave up.
	outdated
	// foreign: somebody else's login.
	foreign
)

// classify compares an entry with what the store has and with what kyoli left
// there last. The account is nil for a foreign one, and where it is gone.
func (l Login) classify(e Entry, book *ledger, accounts *store.Accounts) (relation, *store.Account) {
	if e.Type != OAuth {
		return foreign, nil
	}
	if r, a := byToken(e, accounts); a != nil {
		return r, a
	}
	base, based := book.base(e)
	owner := find(accounts, base.Account)
	if book.had(e) {
		return outdated, owner
	}
	if based && owner != nil && l.continues(e, owner, book.unsure(e.Key)) {
		if owner.RefreshToken.Hash() == base.Refresh {
			return rotated, owner // only the file has moved
		}
		return newer(e, owner), owner
	}
	if a := l.byIdentity(e, accounts); a != nil {
		return newer(e, a), a
	}
	return foreign, nil
}

// byToken finds the account that has the entry's tokens. Where a refresh kept
// the refresh token, the later expiry tells which access token is newer.
func byToken(e Entry, accounts *store.Accounts) (relation, *store.Account) {
	for _, a := range accounts.List {
		switch {
		case e.Refresh != "" && a.RefreshToken.Same(e.Refresh) && a.AccessToken.Same(e.Access):
			return held, a
		case e.Refresh != "" && a.RefreshToken.Same(e.Refresh):
			return newer(e, a), a
		case e.Refresh == "" && e.Access != "" && a.AccessToken.Same(e.Access):
			return outdated, a
		}
	}
	return foreign, nil
}

func newer(e Entry, a *store.Account) relation {
	if e.Refresh != "" && e.Expires > a.ExpiresAt {
		return rotated
	}
	return outdated
}

// find is the account of that uuid, or the one that had it first: a refresh
// may bring another.
func find(accounts *store.Accounts, uuid string) *store.Account {
	if uuid == "" {
		return nil
	}
	if a := accounts.Get(uuid); a != nil {
		return a
	}
	for _, a := range accounts.List {
		if a.CredentialOwnerID == uuid {
			return a
		}
	}
	return nil
}

// kinship is how an entry's identity compares with an account's.
type kinship int

const (
	kinUnknown kinship = iota
	kinSame
	kinDifferent
)

func (l Login) kinship(e Entry, a *store.Account) kinship {
	id := l.identity(e)
	switch {
	case id.Email != "" && a.Email != "":
		return sameIf(strings.EqualFold(id.Email, a.Email))
	case id.AccountID != "" && a.AccountID != "":
		return sameIf(id.AccountID == a.AccountID)
	default:
		return kinUnknown
	}
}

func sameIf(ok bool) kinship {
	if ok {
		return kinSame
	}
	return kinDifferent
}

// identity is what the entry and its access token say.
func (l Login) identity(e Entry) Identity {
	id := Identity{}
	if l.Identify != nil && e.Access != "" {
		id = l.Identify(e.Access)
	}
	if e.AccountID != "" {
		id.AccountID = e.AccountID
	}
	return id
}

// continues tells whether an entry that was an account's, and changed, still
// is that account's: nothing must speak against it, and where it is not sure
// whose the entry was, something must speak for it.
func (l Login) continues(e Entry, a *store.Account, unsure bool) bool {
	switch l.kinship(e, a) {
	case kinSame:
		return true
	case kinUnknown:
		return !unsure
	default:
		return false
	}
}

// byIdentity finds the one account that the entry's identity names. Members of
// a ChatGPT workspace share its account id, so two that match are none.
func (l Login) byIdentity(e Entry, accounts *store.Accounts) *store.Account {
	var found *store.Account
	for _, a := range accounts.List {
		if l.kinship(e, a) != kinSame {
			continue
		}
		if found != nil {
			return nil
		}
		found = a
	}
	return found
}
