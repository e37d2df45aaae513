package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Probed says which of an account's endpoints a [ProbeError] is about.
type Probed string

// What can be asked with an access token.
const (
	ProbedUsage   Probed = "usage"
	ProbedProfile Probed = "profile"
)

// ProbeError is a usage or profile endpoint that did not give what it was asked
// for. It says nothing about the account's login: see Unauthorized.
type ProbeError struct {
	Provider    string // the adapter's id
	Probed      Probed
	Status      int    // HTTP status; 0 where there was no answer
	Code        string // the error code, cleaned; "" where there is none
	Description string // in the provider's words or ours; cleaned, cut, without tokens
	Err         error  // why there was no answer, nil where there was one
}

func (e *ProbeError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: no %s", e.Provider, e.Probed)
	for _, part := range []string{e.Code, e.Description} {
		if part != "" {
			b.WriteString(": " + part)
		}
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	if e.Status != 0 {
		fmt.Fprintf(&b, " (status %d)", e.Status)
	}
	return b.String()
}

func (e *ProbeError) Unwrap() error { return e.Err }

// Unauthorized reports that the provider refused the access token. A new one may
// do better.
func (e *ProbeError) Unauthorized() bool { return e.Status == http.StatusUnauthorized }

// Hint is what to do about an endpoint that is not what the adapter says.
func (e *ProbeError) Hint() string {
	switch {
	case e.Status == http.StatusNotFound, e.Status >= 300 && e.Status < 400, e.Status == 0 && e.Err == nil:
		return "kyoli providers show " + e.Provider
	}
	return ""
}

// probe asks one endpoint, once: no redirect, no retry. The body of an answer
// other than 2xx is in the error, as far as it can be shown.
func (c *Client) probe(ctx context.Context, a *Adapter, what Probed, target, access, accountID string) (*RawAnswer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout())
	defer cancel()
	fault := &ProbeError{Provider: a.ID, Probed: what}
	req, wrong := c.probeRequest(ctx, a, what, target, access, accountID)
	if wrong != "" {
		fault.Description = wrong
		return nil, fault
	}
	client, done := c.once(req.URL.Scheme)
	defer done()
	resp, err := client.Do(req)
	if err != nil {
		fault.Err = explain(ctx, c.timeout(), access, unquoted(err))
		return nil, fault
	}
	defer func() { _ = resp.Body.Close() }() // read to the end or given up; nothing to learn
	raw := &RawAnswer{Status: resp.StatusCode, spent: access}
	if raw.Body, err = readAnswer(resp); err != nil {
		fault.Err = explain(ctx, c.timeout(), access, err)
		return nil, fault
	}
	raw.Date = c.now()
	if raw.Status < 200 || raw.Status > 299 {
		fault.Status = raw.Status
		fault.Code, fault.Description = refusalOf(raw)
		return nil, fault
	}
	return raw, nil
}

// probeRequest returns what is wrong where there can be no request.
func (c *Client) probeRequest(ctx context.Context, a *Adapter, what Probed, target, access, accountID string) (*http.Request, string) {
	switch wrong := checkURL(target); {
	case target == "":
		return nil, fmt.Sprintf("the adapter has no %s_url", what)
	case wrong != "":
		return nil, fmt.Sprintf("%s_url: %s", what, wrong)
	case access == "":
		return nil, "there is no access token to ask with"
	case !headerSafe(access):
		return nil, "the access token cannot be sent in a header"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, fmt.Sprintf("%s_url: want a URL such as https://host/path", what)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.UserAgent())
	a.SetHeaders(req.Header, access, accountID)
	return req, ""
}

// unquoted is the cause of an error of net/http without the method and the URL
// in front of it.
func unquoted(err error) error {
	if cause := errors.Unwrap(err); cause != nil {
		return cause
	}
	return err
}

// refusalOf is what an answer other than 2xx says: RFC 6749's error, the nested
// one of OpenAI's and Anthropic's APIs, and {"detail": …} or {"message": …}.
func refusalOf(raw *RawAnswer) (code, description string) {
	answer, _ := jsonObject(raw.Body)
	fault := members(answer["error"])
	code = cmpOr(cmpOr(text(fault["code"]), text(fault["type"])), text(answer["error"]))
	for _, raw := range []json.RawMessage{fault["message"], answer["error_description"], answer["detail"], answer["message"]} {
		description = cmpOr(description, text(raw))
	}
	p := parser{raw: raw}
	code, description = cleanCode(code), p.clean(description)
	if code == "" && description == "" {
		description = probeMeaning(raw.Status)
	}
	return code, description
}

func probeMeaning(status int) string {
	switch {
	case status == http.StatusUnauthorized:
		return "the access token was refused"
	case status == http.StatusForbidden:
		return "not allowed with this access token"
	case status == http.StatusNotFound:
		return "there is no such address"
	case status >= 300 && status < 400:
		return "the provider redirects; a token is not sent after it"
	case status == http.StatusTooManyRequests:
		return "too many requests"
	case status >= 500:
		return "the provider is in trouble"
	}
	return "an answer without a reason"
}

// unreadable is a 2xx answer that does not hold what was asked for.
func unreadable(a *Adapter, what Probed, raw *RawAnswer, why string) error {
	return &ProbeError{Provider: a.ID, Probed: what, Status: raw.Status, Description: why}
}

// jsonObject reads an object, whatever else is in the answer.
func jsonObject(body []byte) (map[string]json.RawMessage, bool) {
	var m map[string]json.RawMessage
	err := json.Unmarshal(bytes.TrimPrefix(body, []byte("\ufeff")), &m)
	return m, err == nil && m != nil
}

// present reports a member that is there, be it null.
func present(m map[string]json.RawMessage, name string) bool {
	_, ok := m[name]
	return ok
}
