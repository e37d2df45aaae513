package manager

import (
	"context"
	"strings"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

// successors are the spent ones of the tokens that come in, by the tokens' hashes: the hash of what came of each in the
// end, empty where that is not known.
type successors map[string]string

// successors asks the store for what became of the tokens.
func (m *Manager) successors(ctx context.Context, logins []Incoming) (successors, error) {
	tokens := make([]store.Secret, len(logins))
	for i, in := range logins {
		tokens[i] = in.Account.RefreshToken
	}
	return m.store.Successors(ctx, tokens...)
}

// match is the account that a login belongs to.
type match struct {
	account *store.Account // nil = none yet
	newer   bool           // the login is newer than what is stored
	why     string         // it is another one, and not newer
}

const (
	whyRenewed = "a newer login is stored, which came of this one"
	whyOlder   = "a newer login is stored"
	whyNoAge   = "another login is stored, and this one does not say how old it is"
	whyEnded   = "another login is stored, and this one has ended"
)

// findIncoming finds the account that is there already.
func findIncoming(accounts *store.Accounts, in Incoming, spent successors) (match, error) {
	c := in.Account.Credential()
	for _, a := range accounts.List {
		if a.RefreshToken == c.RefreshToken {
			return match{account: a, newer: c.AccessToken != "" && c.ExpiresAt > a.ExpiresAt}, nil
		}
	}
	child, ended := spent[c.RefreshToken.Hash()]
	if child != "" {
		for _, a := range accounts.List {
			if a.RefreshToken.Hash() == child {
				return match{account: a, why: whyRenewed}, nil
			}
		}
	}
	a, err := same(accounts, in)
	if err != nil {
		return match{}, err
	}
	switch {
	case ended && a == nil:
		return match{}, &SpentLoginError{Account: in.name()}
	case ended:
		return match{account: a, why: whyOlder + "; this one was spent"}, nil
	case a == nil:
		return match{}, nil
	case in.copied:
		return compareCopy(a, in.Account), nil
	case a.IsAuthDisabled || c.ExpiresAt == 0 || c.ExpiresAt >= a.ExpiresAt:
		return match{account: a, newer: true}, nil
	}
	return match{account: a, why: whyOlder}, nil
}

// compareCopy compares a copied login with another of the same account. Who logs in and hands the login over means it to
// be used; a copy has to show that it is the newer one.
func compareCopy(a, copied *store.Account) match {
	m := match{account: a}
	switch {
	case copied.IsAuthDisabled:
		m.why = whyEnded
	case a.IsAuthDisabled || copied.ExpiresAt > a.ExpiresAt:
		m.newer = true
	case copied.ExpiresAt == 0:
		m.why = whyNoAge
	default:
		m.why = whyOlder
	}
	return m
}

// same finds the account by who it is: its uuid, now or at first, else its e-mail and account id. Several that would do
// are an error, for with the wrong one a login would be lost.
func same(accounts *store.Accounts, in Incoming) (*store.Account, error) {
	who := *in.Account
	if in.Email != "" {
		who.Email = in.Email
	}
	alike := []func(a, b *store.Account) bool{sameUUID, sameOwner, sameEmail, sameAccountID} // the surest first
	found := make([][]*store.Account, len(alike))
	for _, a := range accounts.List {
		for i, same := range alike {
			if same(a, &who) {
				found[i] = append(found[i], a)
			}
		}
	}
	for _, some := range found {
		switch len(some) {
		case 0:
			continue
		case 1:
			return some[0], nil
		}
		return nil, store.Ambiguous(in.name(), some)
	}
	return nil, nil
}

func sameUUID(a, b *store.Account) bool { return b.UUID != "" && a.UUID == b.UUID }

func sameOwner(a, b *store.Account) bool {
	return b.UUID != "" && a.CredentialOwnerID == b.UUID ||
		b.CredentialOwnerID != "" && a.OwnerID() == b.CredentialOwnerID
}

// sameEmail wants account ids that do not differ: one person may have an account of their own and one in a workspace.
func sameEmail(a, b *store.Account) bool {
	return b.Email != "" && strings.EqualFold(a.Email, b.Email) &&
		(a.AccountID == "" || b.AccountID == "" || a.AccountID == b.AccountID)
}

// sameAccountID is for accounts whose e-mail is not known: the members of a workspace share its id.
func sameAccountID(a, b *store.Account) bool {
	return b.AccountID != "" && a.AccountID == b.AccountID && (a.Email == "" || b.Email == "")
}

// name is how a login is called that may be no account yet.
func (in Incoming) name() string {
	for _, name := range []string{in.Label, in.Account.Label, in.Email, in.Account.Email, in.Account.UUID} {
		if name != "" {
			return name
		}
	}
	return "without a name"
}
