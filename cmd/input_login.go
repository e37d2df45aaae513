package cmd

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/kyoli-gam/kyoli/internal/rawjson"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// login is one account as it was given to `accounts add`. Times are ms since the
// epoch, 0 = not given.
type login struct {
	field    string // where it stands: "accounts[1]", "openai", "" = the whole
	Provider string // "" = not said
	key      bool   // Provider is a key of auth.json, which may be of no concern

	UUID, CredentialOwnerID, AccountID, AccountUUID, DeviceID string
	Label, Email, Plan                                        string
	Refresh, Access, IDToken                                  string
	ExpiresAt                                                 int64

	// Account is, for an account of an account file, what else is known of it:
	// its state, and what this kyoli does not know. nil = nothing.
	Account *store.Account
}

// inputKind is the form in which accounts came.
type inputKind int

const (
	kindAccount     inputKind = iota // an account of the account file, or an OAuth answer
	kindEntry                        // an entry of auth.json
	kindAccountFile                  // a whole account file
	kindAuthFile                     // a whole auth.json
)

// Names under which a value is taken, the account file's first.
var (
	namesRefresh   = []string{"refreshToken", "refresh_token", "refresh"}
	namesAccess    = []string{"accessToken", "access_token", "access"}
	namesIDToken   = []string{"idToken", "id_token"}
	namesExpiry    = []string{"expiresAt", "expires_at", "expires"}
	namesPlan      = []string{"planTier", "plan_tier", "plan"}
	namesAccountID = []string{"accountId", "account_id"}
)

// logins reads the accounts out of a document, and the names of what was left
// out because it is no OAuth login. now is what expires_in counts from.
func (d *document) logins(now time.Time) (list []*login, skipped []string, err error) {
	root := d.root
	switch root.kind {
	case '[':
		list, err = d.array(root, "", now)
	case '{':
		switch objectKind(root) {
		case kindAccountFile:
			list, err = d.accountFile(root, now)
		case kindAuthFile:
			list, skipped, err = d.authFile(root, now)
		default:
			var one *login
			one, err = d.login(root, "", now)
			list = []*login{one}
		}
	default:
		err = d.errorAt(root, "", "must be an object or an array of objects, is %s", kindName(root.kind))
	}
	if err == nil && len(list) == 0 && len(skipped) == 0 {
		err = d.errorAt(root, "", "there is no account in it")
	}
	if err != nil {
		return nil, nil, err
	}
	return list, skipped, nil
}

// objectKind tells the forms apart by the members that only one of them has.
func objectKind(n *node) inputKind {
	if n.member("accounts") != nil {
		return kindAccountFile
	}
	if entry := n.member("type"); entry != nil && entry.kind == '"' {
		return kindEntry
	}
	for i, kid := range n.kids {
		if kid.kind != '{' || kid.member("type") == nil || isKnownName(n.names[i]) {
			return kindAccount
		}
	}
	if len(n.kids) == 0 {
		return kindAccount
	}
	return kindAuthFile
}

func isKnownName(name string) bool {
	for _, names := range [][]string{namesRefresh, namesAccess, namesExpiry} {
		for _, known := range names {
			if name == known {
				return true
			}
		}
	}
	return false
}

// accountList is the array of accounts in an account file.
func (d *document) accountList(n *node) (*node, error) {
	if version := n.member("version"); version != nil && string(version.raw) != "1" {
		return nil, d.errorAt(version, "version", "must be 1: this kyoli knows no other")
	}
	accounts := n.member("accounts")
	if accounts.kind != '[' {
		return nil, d.errorAt(accounts, "accounts", "must be an array, is %s", kindName(accounts.kind))
	}
	return accounts, nil
}

func (d *document) accountFile(n *node, now time.Time) ([]*login, error) {
	accounts, err := d.accountList(n)
	if err != nil {
		return nil, err
	}
	list, err := d.array(accounts, "accounts", now)
	if err != nil {
		return nil, err
	}
	of := (&reader{d: d, n: n}).text("provider")
	for _, l := range list {
		if l.Provider == "" {
			l.Provider = of
		}
	}
	return list, nil
}

func (d *document) array(n *node, field string, now time.Time) ([]*login, error) {
	list := make([]*login, 0, len(n.kids))
	for i, kid := range n.kids {
		at := fmt.Sprintf("%s[%d]", field, i)
		if kid.kind != '{' {
			return nil, d.errorAt(kid, at, "must be an object, is %s", kindName(kid.kind))
		}
		one, err := d.login(kid, at, now)
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, nil
}

// authFile reads a whole auth.json. What is no OAuth login is skipped: kyoli
// holds nothing else.
func (d *document) authFile(n *node, now time.Time) (list []*login, skipped []string, err error) {
	for i, kid := range n.kids {
		key := n.names[i]
		if value, _ := text(kid.member("type")); value != "oauth" {
			skipped = append(skipped, fmt.Sprintf("%s (type %s)", key, value))
			continue
		}
		one, err := d.login(kid, key, now)
		if err != nil {
			return nil, nil, err
		}
		one.Provider, one.key = key, true
		list = append(list, one)
	}
	return list, skipped, nil
}

// login reads one account, whichever way its members are spelled.
func (d *document) login(n *node, field string, now time.Time) (*login, error) {
	if kind := n.member("type"); kind != nil {
		if value, ok := text(kind); ok && (value == "api" || value == "wellknown") {
			return nil, d.errorAt(kind, join(field, "type"), "is %q: kyoli holds OAuth logins only", value)
		}
	}
	r := &reader{d: d, n: n, field: field}
	l := &login{
		field:             field,
		Provider:          r.text("provider"),
		UUID:              r.text("uuid"),
		CredentialOwnerID: r.text("credentialOwnerId"),
		AccountID:         r.text(namesAccountID...),
		AccountUUID:       r.text("accountUuid", "account_uuid"),
		DeviceID:          r.text("deviceId", "device_id"),
		Label:             r.text("label"),
		Email:             r.text("email"),
		Plan:              r.text(namesPlan...),
		Refresh:           r.required(namesRefresh...),
		Access:            r.text(namesAccess...),
		IDToken:           r.text(namesIDToken...),
		ExpiresAt:         r.expiry(now),
	}
	if r.err == nil && n.member("refreshToken") != nil {
		l.Account, r.err = d.rest(n, field)
	}
	return l, r.err
}

// namesLogin are members that make up a login, whichever way they are spelled;
// namesState are the account file's others.
var (
	namesLogin = slices.Concat(namesRefresh, namesAccess, namesIDToken, namesExpiry, namesPlan, namesAccountID, []string{
		"type", "provider", "uuid", "credentialOwnerId", "accountUuid", "account_uuid", "deviceId", "device_id", "label", "email",
		"expires_in", "expiresIn", "token_type", "scope",
	})
	namesState = []string{
		"addedAt", "lastUsed", "enabled", "rateLimitResetAt", "cachedUsage", "cachedUsageAt",
		"consecutiveAuthFailures", "isAuthDisabled", "authDisabledReason",
	}
)

// rest reads what an account holds beside its login. null is as good as absent.
func (d *document) rest(n *node, field string) (*store.Account, error) {
	o := rawjson.Split(n.raw)
	for i, name := range n.names {
		if slices.Contains(namesLogin, name) || n.kids[i].kind == 'n' && slices.Contains(namesState, name) {
			o.Delete(name)
		}
	}
	a, err := store.ParseAccount(o.Bytes())
	var wrong *store.FieldError
	if !errors.As(err, &wrong) {
		return a, err
	}
	at := n.member(wrong.Field)
	if at == nil {
		at = n
	}
	return nil, d.errorAt(at, join(field, wrong.Field), "%s", wrong.Reason)
}
