package provider

import (
	"encoding/json"
	"strings"
	"unicode"

	"github.com/kyoli-gam/kyoli/internal/tokenanswer"
)

// Identity is who a token says it is for. Fields that the token does not have,
// or that could not be a name, are "".
type Identity struct {
	AccountID string
	Email     string
	Plan      string // lower case, as the account file has it
	Subject   string // the issuer's own name of the person (RFC 7519 section 4.1.2)
}

const (
	maxEmail = 320 // RFC 3696 erratum 1690 and some
	maxPlan  = 64
	maxID    = 256
)

// tokenClaims are the claims that OpenAI's tokens carry. Each is raw, so that
// one of another type does not hide the rest.
type tokenClaims struct {
	AccountID     json.RawMessage `json:"chatgpt_account_id"`
	Auth          json.RawMessage `json:"https://api.openai.com/auth"`
	Profile       json.RawMessage `json:"https://api.openai.com/profile"`
	Organizations json.RawMessage `json:"organizations"`
	Email         json.RawMessage `json:"email"`
	Subject       json.RawMessage `json:"sub"`
}

// Claims reads the payload of a JWT (RFC 7519) without checking its signature:
// it tells accounts apart and grants nothing. false means that the token is not
// a JWT, as many access tokens are not.
//
// The account id is the first of chatgpt_account_id, the same inside
// https://api.openai.com/auth, and the id of the first of organizations, which
// is the order OpenCode and the npm core look in.
func Claims(jwt string) (Identity, bool) {
	claims, ok := payload(jwt)
	if !ok {
		return Identity{}, false
	}
	auth, profile := members(claims.Auth), members(claims.Profile)
	return Identity{
		AccountID: firstOf(accountID, claims.AccountID, auth["chatgpt_account_id"], firstOrganization(claims.Organizations)),
		Email:     firstOf(email, claims.Email, profile["email"]),
		Plan:      firstOf(plan, auth["chatgpt_plan_type"]),
		Subject:   firstOf(accountID, claims.Subject),
	}, true
}

func payload(jwt string) (claims tokenClaims, ok bool) {
	data, ok := tokenanswer.JWTPayload(jwt)
	return claims, ok && json.Unmarshal(data, &claims) == nil
}

func members(raw json.RawMessage) map[string]json.RawMessage { return tokenanswer.Members(raw) }

func firstOrganization(raw json.RawMessage) json.RawMessage {
	var all []json.RawMessage
	if json.Unmarshal(raw, &all) != nil || len(all) == 0 {
		return nil
	}
	return members(all[0])["id"]
}

// firstOf returns the first value that is a string and fit for its purpose.
func firstOf(fit func(string) string, values ...json.RawMessage) string {
	for _, raw := range values {
		if s := fit(text(raw)); s != "" {
			return s
		}
	}
	return ""
}

func text(raw json.RawMessage) string { return tokenanswer.Text(raw) }

// accountID is sent as a header.
func accountID(s string) string {
	if len(s) > maxID || !headerSafe(s) {
		return ""
	}
	return s
}

func email(s string) string {
	if s = strings.TrimSpace(s); len(s) > maxEmail || strings.ContainsFunc(s, unprintable) {
		return ""
	}
	return s
}

func plan(s string) string {
	if s = strings.ToLower(strings.TrimSpace(s)); len(s) > maxPlan || strings.ContainsFunc(s, unprintable) {
		return ""
	}
	return s
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }
