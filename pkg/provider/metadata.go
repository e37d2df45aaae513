package provider

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

// Metadata is what an issuer says of itself, as far as an adapter needs it.
type Metadata struct {
	Issuer       string
	AuthorizeURL string // "" where there is no login in a browser
	TokenURL     string
	DeviceURL    string // "" where it has no device flow (RFC 8628)
	ProfileURL   string // its userinfo endpoint, or ""
	Scopes       []string
	Consent      bool     // offline_access has to be asked for with prompt=consent (OpenID Connect Core section 11)
	ClientAuth   string   // where a client secret goes, as an adapter has it
	Notes        []string // what may not work, each a sentence
}

// metadataJSON has the members of OpenID Connect Discovery 1.0 section 3 and of RFC
// 8414 section 2 that count here.
type metadataJSON struct {
	Issuer          string    `json:"issuer"`
	Authorize       string    `json:"authorization_endpoint"`
	Token           string    `json:"token_endpoint"`
	Device          string    `json:"device_authorization_endpoint"`
	UserInfo        string    `json:"userinfo_endpoint"`
	Scopes          *[]string `json:"scopes_supported"`
	ResponseTypes   *[]string `json:"response_types_supported"`
	GrantTypes      *[]string `json:"grant_types_supported"`
	ChallengeMethod *[]string `json:"code_challenge_methods_supported"`
	AuthMethods     *[]string `json:"token_endpoint_auth_methods_supported"`
	Prompts         *[]string `json:"prompt_values_supported"`
}

// readMetadata checks an answer and takes what is needed from it.
func readMetadata(from place, body []byte) (*Metadata, error) {
	fault := &DiscoveryError{URL: from.url.String()}
	var m metadataJSON
	if err := json.Unmarshal(body, &m); err != nil {
		fault.Reason = "the answer is not metadata: a member has another type than it must have"
		return nil, fault
	}
	if fault.Reason = m.wrong(from); fault.Reason != "" {
		return nil, fault
	}
	out := &Metadata{
		Issuer: m.Issuer, AuthorizeURL: m.Authorize, TokenURL: m.Token, DeviceURL: m.Device, ProfileURL: m.UserInfo,
	}
	if !offers(m.ResponseTypes, "code") {
		out.AuthorizeURL = ""
	}
	out.ClientAuth = ClientAuthBasic // which is what a list that was left out says (RFC 8414 section 2)
	if m.AuthMethods != nil && slices.Contains(*m.AuthMethods, "client_secret_post") {
		out.ClientAuth = ClientAuthPost
	}
	m.scopes(out)
	m.notes(out)
	return out, nil
}

// wrong is why the metadata cannot be used, "" where they can.
func (m *metadataJSON) wrong(from place) string {
	// OpenID Connect Discovery section 4.3 and RFC 8414 section 3.3: else whoever can
	// answer here could pass for another issuer. A slash at the end leads to the same
	// place either way.
	if strings.TrimSuffix(m.Issuer, "/") != strings.TrimSuffix(from.issuer, "/") {
		return "it is the metadata of another issuer: " + oneLine(cmpOr(m.Issuer, "none"))
	}
	endpoints := []struct{ name, url string }{
		{"authorization_endpoint", m.Authorize},
		{"token_endpoint", m.Token},
		{"device_authorization_endpoint", m.Device},
		{"userinfo_endpoint", m.UserInfo},
	}
	for _, e := range endpoints {
		if e.url == "" {
			continue
		}
		if wrong := checkEndpoint(e.url, from.url); wrong != "" {
			return e.name + ": " + wrong
		}
	}
	browser := m.Authorize != "" && offers(m.ResponseTypes, "code")
	switch {
	case m.Token == "":
		return "it has no token_endpoint"
	case !browser && m.Device == "":
		return "it has neither a login in a browser by code nor one by device"
	case m.ChallengeMethod != nil && !slices.Contains(*m.ChallengeMethod, "S256") && browser:
		return "code_challenge_methods_supported has no S256, without which kyoli does not log in (RFC 7636)"
	}
	return ""
}

// checkEndpoint is checkURL, and keeps an issuer elsewhere from naming this machine.
func checkEndpoint(endpoint string, from *url.URL) string {
	if wrong := checkURL(endpoint); wrong != "" {
		return wrong
	}
	u, err := url.Parse(endpoint)
	if err == nil && loopbackName(u.Hostname()) && !loopbackName(from.Hostname()) {
		return "is on this machine, and the issuer is not"
	}
	return ""
}

// offers tells whether a list has a value; one that was left out is no refusal.
func offers(list *[]string, value string) bool { return list == nil || slices.Contains(*list, value) }

// scopes are those that tell who it is and bring a refresh token.
func (m *metadataJSON) scopes(out *Metadata) {
	for _, scope := range []string{"openid", "email", "offline_access"} {
		if m.Scopes == nil && scope != "offline_access" && m.UserInfo == "" {
			continue // an OAuth server that is no OpenID provider
		}
		if offers(m.Scopes, scope) {
			out.Scopes = append(out.Scopes, scope)
		}
	}
	out.Consent = slices.Contains(out.Scopes, "openid") && slices.Contains(out.Scopes, "offline_access") && offers(m.Prompts, "consent")
}

func (m *metadataJSON) notes(out *Metadata) {
	note := func(holds bool, text string) {
		if holds {
			out.Notes = append(out.Notes, text)
		}
	}
	note(m.ChallengeMethod == nil && out.AuthorizeURL != "", "it does not say that it checks PKCE (code_challenge_methods_supported); kyoli uses S256 anyway")
	note(!slices.Contains(out.Scopes, "offline_access"), "it does not offer the scope offline_access; how it gives a refresh token is its own affair (scopes, authorize_params)")
	note(!offers(m.GrantTypes, "refresh_token"), "it does not say that it gives refresh tokens (grant_types_supported)")
	note(m.AuthMethods != nil && !slices.Contains(*m.AuthMethods, "none"), "it lists no clients without a secret; where yours has one, name its variable with --client-secret-env")
	note(out.ProfileURL == "", "it has no userinfo_endpoint; who an account is comes from the tokens alone")
}
