package fakeprovider

import "net/http"

// discovery is the metadata of OpenID Connect Discovery 1.0, for whatever host the
// request came to.
func (p *Provider) discovery(w http.ResponseWriter, r *http.Request, _ []byte) {
	issuer := "http://" + r.Host
	writeJSON(w, http.StatusOK, map[string]any{
		"issuer":                                issuer,
		"authorization_endpoint":                issuer + "/oauth/authorize",
		"token_endpoint":                        issuer + "/oauth/token",
		"userinfo_endpoint":                     issuer + "/profile",
		"scopes_supported":                      []string{"openid", "email", "offline_access"},
		"response_types_supported":              []string{"code"},
		"grant_types_supported":                 []string{"authorization_code", "refresh_token"},
		"code_challenge_methods_supported":      []string{"S256"},
		"token_endpoint_auth_methods_supported": []string{"none"},
	})
}
