package fakeprovider

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// tokenParams are the parameters of a token request that are looked at.
type tokenParams struct {
	GrantType    string `json:"grant_type"`
	RefreshToken string `json:"refresh_token"`
	ClientID     string `json:"client_id"`
	Code         string `json:"code"`
	Redirect     string `json:"redirect_uri"`
	Verifier     string `json:"code_verifier"`
	DeviceCode   string `json:"device_code"`
}

// token is the OAuth 2.0 token endpoint (RFC 6749 §4.1.3 and §6, RFC 8628 §3.4),
// for form and JSON requests alike.
func (p *Provider) token(w http.ResponseWriter, r *http.Request, _ []byte) {
	t := tokenRequest(r)
	if t.ClientID == "" {
		oauthError(w, "invalid_client", "client_id is missing")
		return
	}
	var c Credential
	var ok bool
	switch t.GrantType {
	case "refresh_token":
		p.mu.Lock()
		c, ok = p.rotate(t.RefreshToken)
		p.mu.Unlock()
	case "authorization_code":
		c, ok = p.redeem(t)
	case deviceGrant:
		p.deviceToken(w, t)
		return
	default:
		oauthError(w, "unsupported_grant_type", "there is no such grant here")
		return
	}
	if !ok {
		oauthError(w, "invalid_grant", "refresh token or code is unknown, spent or revoked")
		return
	}
	p.answerToken(w, c, t.GrantType != "refresh_token")
}

// answerToken hands a credential out; with an id token after a login.
func (p *Provider) answerToken(w http.ResponseWriter, c Credential, login bool) {
	p.mu.Lock()
	account := *p.accounts[p.refresh[c.RefreshToken].account]
	idToken := p.jwt(&account, c.ExpiresAt) // whose claims are those of an access token
	p.mu.Unlock()
	answer := map[string]any{
		"token_type": "Bearer", "access_token": c.AccessToken,
		"refresh_token": c.RefreshToken, "expires_in": int(p.ttl.Seconds()),
		"account": map[string]any{"uuid": account.UUID(), "email_address": account.Email},
	}
	if login {
		answer["id_token"] = idToken
	}
	writeJSON(w, http.StatusOK, answer)
}

func tokenRequest(r *http.Request) (t tokenParams) {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		if json.NewDecoder(r.Body).Decode(&t) != nil {
			return tokenParams{}
		}
		return t
	}
	return tokenParams{
		GrantType: r.PostFormValue("grant_type"), RefreshToken: r.PostFormValue("refresh_token"),
		ClientID: r.PostFormValue("client_id"), Code: r.PostFormValue("code"), Redirect: r.PostFormValue("redirect_uri"),
		Verifier: r.PostFormValue("code_verifier"), DeviceCode: r.PostFormValue("device_code"),
	}
}

// jsonNames tells whether a request is a JSON object with these members alone.
func jsonNames(r *http.Request, body []byte, names ...string) bool {
	var m map[string]any
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") || json.Unmarshal(body, &m) != nil {
		return false
	}
	slices.Sort(names)
	return slices.Equal(slices.Sorted(maps.Keys(m)), names)
}

// oauthError answers as RFC 6749 §5.2 has it.
func oauthError(w http.ResponseWriter, code, description string) {
	writeJSON(w, http.StatusBadRequest, map[string]any{
		"error": code, "error_description": description,
	})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a client that has gone is no error of ours
}
