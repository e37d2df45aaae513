package provider

import (
	"github.com/kyoli-gam/kyoli/internal/tokenanswer"
)

func checkIdentityName(s string) string {
	switch s {
	case "account_id", "email", "plan":
		return ""
	}
	return "unknown key (allowed: account_id, email, plan)"
}

// identityIn is what the adapter's identity_map finds in a token's claims or in an
// answer at profile_url.
func (a *Adapter) identityIn(data []byte) Identity {
	if len(a.IdentityMap) == 0 {
		return Identity{}
	}
	doc := readDocument(data)
	return Identity{
		AccountID: accountID(doc.name(a.IdentityMap["account_id"])),
		Email:     email(doc.name(a.IdentityMap["email"])),
		Plan:      plan(doc.name(a.IdentityMap["plan"])),
	}
}

// Claims is [Claims] by the adapter's identity_map, and where that finds nothing, by
// the claims that every provider's tokens are looked through for.
func (a *Adapter) Claims(jwt string) (Identity, bool) {
	id, ok := Claims(jwt)
	if !ok {
		return id, false
	}
	data, _ := tokenanswer.JWTPayload(jwt) // Claims has read it
	mapped := a.identityIn(data)
	id.AccountID = cmpOr(mapped.AccountID, id.AccountID)
	id.Email = cmpOr(mapped.Email, id.Email)
	id.Plan = cmpOr(mapped.Plan, id.Plan)
	return id, true
}
