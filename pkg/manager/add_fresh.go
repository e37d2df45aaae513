package manager

import (
	"strings"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

// findFresh finds the account whose person has just logged in. Nothing that is stored is newer, unless it came of this
// very login.
func findFresh(accounts *store.Accounts, in Incoming, spent successors) (match, error) {
	token := in.Account.RefreshToken
	child := spent[token.Hash()]
	for _, a := range accounts.List {
		switch own := a.RefreshToken.Hash(); {
		case own == token.Hash():
			return match{account: a, newer: true}, nil
		case child != "" && own == child:
			return match{account: a, why: whyRenewed}, nil
		}
	}
	if in.Of != "" {
		return findNamed(accounts, in)
	}
	if in.New {
		return match{}, nil
	}
	a, err := same(accounts, in)
	if err != nil || a == nil {
		return match{}, err
	}
	return match{account: a, newer: true}, nil
}

// findNamed takes the account that the login was made for, where nothing speaks against its being of the same person.
func findNamed(accounts *store.Accounts, in Incoming) (match, error) {
	a := accounts.Get(in.Of)
	if a == nil {
		return match{}, &store.UnknownAccountError{Name: in.Of}
	}
	if !agree(a, in.Account) {
		e := &OtherPersonError{Account: a.Name(), Email: a.Email, Who: in.name()}
		if other, err := same(accounts, in); err == nil && other != nil && other != a {
			e.Other = other.Name()
		}
		return match{}, e
	}
	return match{account: a, newer: true}, nil
}

// agree tells whether two accounts can be one person's: what both are known by is the same. A uuid of kyoli's own making
// says nothing, so a different one does not count where the rest agrees.
func agree(a, who *store.Account) bool {
	known := false
	for _, t := range []struct{ have, got string }{
		{a.AccountID, who.AccountID},
		{strings.ToLower(a.Email), strings.ToLower(who.Email)},
	} {
		if t.have == "" || t.got == "" {
			continue
		}
		if t.have != t.got {
			return false
		}
		known = true
	}
	if known || who.UUID == "" || a.UUID == "" {
		return true
	}
	return sameUUID(a, who) || sameOwner(a, who)
}
