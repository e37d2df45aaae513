package provider

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/kyoli-gam/kyoli/internal/tokenanswer"
)

// LoginTransport sends the requests that golang.org/x/oauth2 makes for a login,
// as a token request is sent: once, over a connection of its own, with kyoli's
// name, and without redirects. It is the http.RoundTripper of an http.Client.
type LoginTransport struct {
	Client *Client
	// Encoding of the request, "form" or "json".
	Encoding string
	// ClientAuth is where a client secret goes: "post" or "basic".
	ClientAuth string
	// Fields are the parameters that are sent; nil = all.
	Fields []string
	// Keep is handed each answer as it came, before anybody parses it.
	Keep func(*RawAnswer)
}

// RoundTrip implements http.RoundTripper. The error is a *SendError.
func (t *LoginTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(r.Context(), t.Client.timeout())
	defer cancel()
	req, secret, err := t.request(ctx, r)
	if err != nil {
		return nil, &SendError{Err: err}
	}
	client, done := t.Client.once(req.URL.Scheme)
	defer done()
	raw := &RawAnswer{Date: t.Client.now(), spent: secret}
	resp, err := client.Do(req) //nolint:gosec // the address is the adapter's
	if err != nil {
		return nil, &SendError{Sent: true, Err: explain(ctx, t.Client.timeout(), secret, unquoted(err))}
	}
	defer func() { _ = resp.Body.Close() }() // read to the end or given up; nothing to learn
	raw.Status = resp.StatusCode
	if raw.Body, err = readAnswer(resp); err != nil {
		return nil, &SendError{Sent: true, Err: explain(ctx, t.Client.timeout(), secret, err)}
	}
	if t.Keep != nil {
		t.Keep(raw)
	}
	return raw.response(r, resp.Header), nil
}

// request is r as the provider wants it, and the secret in it, which stays out
// of messages.
func (t *LoginTransport) request(ctx context.Context, r *http.Request) (req *http.Request, secret string, err error) {
	form, err := io.ReadAll(r.Body)
	_ = r.Body.Close()
	if err != nil {
		return nil, "", err
	}
	values, err := url.ParseQuery(string(form))
	if err != nil {
		return nil, "", err
	}
	params := map[string]string{}
	for name := range values {
		if t.sends(name) {
			params[name] = values.Get(name)
		}
	}
	authenticate := clientAuth(t.ClientAuth, params)
	body, contentType, err := encode(params, t.Encoding)
	if err != nil {
		return nil, "", err
	}
	req, err = http.NewRequestWithContext(ctx, http.MethodPost, r.URL.String(), io.NopCloser(strings.NewReader(body))) //nolint:gosec // the address is the adapter's
	if err != nil {
		return nil, "", err
	}
	req.ContentLength = int64(len(body)) // no GetBody: it is not sent twice
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", t.Client.UserAgent())
	authenticate(req.Header)
	return req, cmpOr(params["code"], params["device_code"]), nil
}

func (t *LoginTransport) sends(name string) bool {
	if t.Fields == nil {
		return true
	}
	for _, field := range t.Fields {
		if field == name {
			return true
		}
	}
	return false
}

// response is the answer for x/oauth2, which goes by the media type: JSON is
// JSON, however it is labelled.
func (r *RawAnswer) response(req *http.Request, header http.Header) *http.Response {
	header = header.Clone()
	if _, ok := tokenanswer.Read(r.Body); ok {
		header.Set("Content-Type", "application/json")
	}
	return &http.Response{
		Status: http.StatusText(r.Status), StatusCode: r.Status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(bytes.NewReader(r.Body)), ContentLength: int64(len(r.Body)), Request: req,
	}
}

// ClientSecret is the adapter's, "" where it has none. The error, for one that
// is not set, is a *TokenError.
func (c *Client) ClientSecret(a *Adapter) (string, error) {
	if a.ClientSecretEnv == "" {
		return "", nil
	}
	if secret := c.secret(a.ClientSecretEnv); secret != "" {
		return secret, nil
	}
	return "", &TokenError{
		Kind: Misconfigured, Provider: a.ID,
		Description: "the client secret is missing: " + a.ClientSecretEnv + " is not set",
	}
}

// MayHoldToken tells whether an answer may hold the only copy of a token.
func (r *RawAnswer) MayHoldToken() bool {
	return r.Status >= 200 && r.Status <= 299 && bytes.Contains(r.Body, []byte("_token"))
}
