package migrate

import (
	"slices"

	"github.com/kyoli-gam/kyoli/internal/rawjson"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// renewed is the entry with another credential of the same account: members
// that kyoli does not know, and the layout, stay.
func (e Entry) renewed(c store.Credential, accountID string) any {
	fresh := oauthEntry{
		Type: OAuth, Refresh: c.RefreshToken.Reveal(), Access: c.AccessToken.Reveal(),
		Expires: int64(c.ExpiresAt), AccountID: accountID,
	}
	obj, err := rawjson.ParseObject(slices.Clone(e.raw))
	if err != nil || e.Type != OAuth {
		return fresh
	}
	members := []change{{"refresh", fresh.Refresh}, {"access", fresh.Access}, {"expires", fresh.Expires}}
	if accountID != "" {
		members = append(members, change{"accountId", accountID})
	}
	for _, m := range members {
		if obj.Set(m.key, m.value) != nil {
			return fresh
		}
	}
	return obj
}
