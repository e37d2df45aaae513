package provider

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/kyoli-gam/kyoli/internal/tokenanswer"
)

// Token is what a refresh brought.
type Token struct {
	AccessToken  string
	RefreshToken string    // "" where the provider left it out: the old one stays
	ExpiresAt    time.Time // of the access token; never zero
	IDToken      string

	AccountID string // from the tokens' claims
	Email     string
	Plan      string
	UUID      string // the account's, where the provider names it in its answer
}

// String keeps the tokens out of logs.
func (t *Token) String() string {
	return fmt.Sprintf("token of account %q until %s", t.AccountID, t.ExpiresAt.UTC().Format(time.RFC3339))
}

// GoString is String, for %#v.
func (t *Token) GoString() string { return t.String() }

// Parse reads an answer. expires_in that is missing, no number or absurd is
// clamped, a refresh token that is missing means that the old one stays. Where
// there is no token in the answer, the error is a *TokenError.
func (c *Client) Parse(a *Adapter, raw *RawAnswer) (*Token, error) {
	answer, isJSON := tokenanswer.Read(raw.Body)
	p := parser{adapter: a, raw: raw}
	if isJSON {
		p.answer = *answer
	}
	if raw.Status < 200 || raw.Status > 299 {
		return nil, p.refusal()
	}
	if !isJSON {
		return nil, p.unusable("the answer is not a JSON object")
	}
	switch access := answer.AccessToken; {
	case access == "" && len(answer.Member("error")) > 0:
		return nil, p.refusal() // 200 with an error in it
	case access == "":
		return nil, p.unusable("the answer has no access_token")
	case !headerSafe(access):
		return nil, p.unusable("the access_token cannot be sent in a header")
	}
	return p.token(c.sentAt(raw)), nil
}

func (c *Client) sentAt(raw *RawAnswer) time.Time {
	if raw.Date.IsZero() {
		return c.now()
	}
	return raw.Date
}

type parser struct {
	adapter *Adapter
	raw     *RawAnswer
	answer  tokenanswer.Answer // empty where it is no JSON object
}

func (p *parser) token(sent time.Time) *Token {
	t := &Token{
		AccessToken: p.answer.AccessToken, RefreshToken: p.answer.RefreshToken, IDToken: p.answer.IDToken,
		ExpiresAt: sent.Add(p.answer.Lifetime()),
	}
	t.identify(p.adapter, members(p.answer.Member("account")))
	return t
}

// identify takes each fact from the first place that has it: the id token, the
// access token, and the account that Anthropic's answer carries.
func (t *Token) identify(a *Adapter, account map[string]json.RawMessage) {
	for _, jwt := range []string{t.IDToken, t.AccessToken} {
		id, _ := a.Claims(jwt) // not a JWT: nothing to take
		t.AccountID = cmpOr(t.AccountID, id.AccountID)
		t.Email = cmpOr(t.Email, id.Email)
		t.Plan = cmpOr(t.Plan, id.Plan)
	}
	t.UUID = accountID(text(account["uuid"]))
	t.Email = cmpOr(t.Email, email(text(account["email_address"])))
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// deadStatus are the statuses with which RFC 6749 section 5.2 sends an error
// code. The same word in a 403 or a 5xx comes from something in between.
func deadStatus(status int) bool { return status == 400 || status == 401 }

// adapterFaults are the codes of RFC 6749 section 5.2 that blame the request
// and not the token in it.
var adapterFaults = []string{
	"invalid_client", "invalid_request", "invalid_scope", "unauthorized_client", "unsupported_grant_type",
}

func (p *parser) refusal() *TokenError {
	e := &TokenError{Provider: p.adapter.ID, Status: p.raw.Status}
	code, description := p.errorOf()
	switch e.Code = cleanCode(code); {
	case !deadStatus(e.Status):
	case e.Code == "invalid_grant", slices.Contains(p.adapter.RefusedCodes, e.Code):
		e.Kind = InvalidGrant
	case slices.Contains(adapterFaults, e.Code):
		e.Kind = Misconfigured
	}
	e.Description = p.clean(description)
	if e.Code == "" && e.Description == "" {
		e.Description = statusMeaning(e.Status)
	}
	return e
}

// errorOf finds code and description in RFC 6749's form and in the nested one
// of OpenAI's and Anthropic's APIs.
func (p *parser) errorOf() (code, description string) {
	nested := members(p.answer.Member("error"))
	if nested == nil {
		return text(p.answer.Member("error")), text(p.answer.Member("error_description"))
	}
	return cmpOr(text(nested["code"]), text(nested["type"])), text(nested["message"])
}

func statusMeaning(status int) string {
	switch {
	case status >= 300 && status < 400:
		return "the provider redirects; a token is not sent after it"
	case status == 429:
		return "too many requests"
	case status >= 500:
		return "the provider is in trouble"
	}
	return "no OAuth error in the answer, which is perhaps a firewall's"
}

func (p *parser) unusable(why string) *TokenError {
	return &TokenError{Kind: Transient, Provider: p.adapter.ID, Status: p.raw.Status, Description: why}
}
