package fakeprovider

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Deny is who says no at the consent page.
const Deny = "deny"

// authorization is a code that was handed out.
type authorization struct {
	account, clientID, redirect, challenge string
}

// authorizePage is the authorization endpoint (RFC 6749 section 4.1.1, PKCE by
// S256 alone). A person chooses an account on its page; "as" in the query chooses
// one without asking, and Deny says no. An account that is not there yet is made.
func (p *Provider) authorizePage(w http.ResponseWriter, r *http.Request, _ []byte) {
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	switch {
	case err != nil || back.Hostname() == "":
		http.Error(w, "redirect_uri is missing", http.StatusBadRequest)
		return
	case q.Get("response_type") != "code", q.Get("client_id") == "", q.Get("state") == "",
		q.Get("code_challenge") == "", q.Get("code_challenge_method") != "S256":
		http.Error(w, "not an authorization request with state and PKCE", http.StatusBadRequest)
		return
	}
	as := q.Get("as")
	if as == "" {
		p.consentPage(w, r)
		return
	}
	answer := url.Values{"state": {q.Get("state")}}
	if as == Deny {
		answer.Set("error", "access_denied")
		answer.Set("error_description", "The user said no")
	} else {
		answer.Set("code", p.grantCode(as, authorization{
			account: as, clientID: q.Get("client_id"), redirect: q.Get("redirect_uri"), challenge: q.Get("code_challenge"),
		}))
	}
	back.RawQuery = answer.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound) //nolint:gosec // where to is the test's business
}

// consentPage asks who logs in.
func (p *Provider) consentPage(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	names := slices.Sorted(maps.Keys(p.accounts))
	p.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = fmt.Fprint(w, "<!doctype html><title>Log in</title><h1>Who are you?</h1><ul>")
	for _, name := range append(names, "new-person", Deny) {
		_, _ = fmt.Fprintf(w, "<li><a id=%[1]q href=%[2]q>%[1]s</a>", html.EscapeString(name), html.EscapeString(r.URL.String()+"&as="+url.QueryEscape(name)))
	}
}

// grantCode hands out a code for an account, which is made where it is missing.
func (p *Provider) grantCode(id string, a authorization) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ensure(id)
	code := "ac_" + randomID()
	p.codes[code] = a
	return code
}

// ensure makes an account that is not there. The caller holds mu.
func (p *Provider) ensure(id string) {
	if p.accounts[id] == nil {
		p.accounts[id] = &Account{ID: id, Email: id + "@example.com", Plan: "plus"}
	}
}

// redeem takes a code once (RFC 6749 section 4.1.3, RFC 7636 section 4.6).
func (p *Provider) redeem(t tokenParams) (Credential, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a, ok := p.codes[t.Code]
	delete(p.codes, t.Code)
	sum := sha256.Sum256([]byte(t.Verifier))
	if !ok || a.clientID != t.ClientID || a.redirect != t.Redirect ||
		strings.TrimRight(base64.URLEncoding.EncodeToString(sum[:]), "=") != a.challenge {
		return Credential{}, false
	}
	return p.issue(a.account, randomID()), true
}
