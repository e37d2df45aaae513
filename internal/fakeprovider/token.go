package fakeprovider

import (
	"encoding/json"
	"net/http"
	"strings"
)

// token is the OAuth 2.0 token endpoint (RFC 6749 §6), for form and JSON
// requests alike.
func (p *Provider) token(w http.ResponseWriter, r *http.Request, _ []byte) {
	grantType, refreshToken, clientID := tokenRequest(r)
	switch {
	case grantType != "refresh_token":
		oauthError(w, "unsupported_grant_type", "only refresh_token is served here")
		return
	case clientID == "":
		oauthError(w, "invalid_client", "client_id is missing")
		return
	}
	p.mu.Lock()
	c, ok := p.rotate(refreshToken)
	var account Account
	if ok {
		account = *p.accounts[p.refresh[c.RefreshToken].account]
	}
	p.mu.Unlock()
	if !ok {
		oauthError(w, "invalid_grant", "refresh token is unknown, spent or revoked")
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"token_type": "Bearer", "access_token": c.AccessToken,
		"refresh_token": c.RefreshToken, "expires_in": int(p.ttl.Seconds()),
		"account": map[string]any{"uuid": account.UUID(), "email_address": account.Email},
	})
}

func tokenRequest(r *http.Request) (grantType, refreshToken, clientID string) {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		var body struct {
			GrantType    string `json:"grant_type"`
			RefreshToken string `json:"refresh_token"`
			ClientID     string `json:"client_id"`
		}
		if json.NewDecoder(r.Body).Decode(&body) != nil {
			return "", "", ""
		}
		return body.GrantType, body.RefreshToken, body.ClientID
	}
	return r.PostFormValue("grant_type"), r.PostFormValue("refresh_token"), r.PostFormValue("client_id")
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
