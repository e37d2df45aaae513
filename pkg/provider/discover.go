package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

const (
	maxMetadata       = 256 << 10
	metadataRedirects = 3
)

// DiscoveryError is metadata that could not be had, or that cannot be used.
type DiscoveryError struct {
	URL    string // what was asked for
	Reason string
	Err    error // why there was no answer, nil where there was one
}

func (e *DiscoveryError) Error() string {
	text := "discovery at " + e.URL + ": " + e.Reason
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *DiscoveryError) Unwrap() error { return e.Err }

// Hint is what shows how to write the adapter by hand.
func (e *DiscoveryError) Hint() string { return "kyoli help providers add" }

// Discover asks an issuer for its metadata, by OpenID Connect Discovery 1.0 and then
// by RFC 8414; a URL with /.well-known/ in it is asked alone. Redirects are followed
// on the same origin only, and nothing is sent that is secret. The error is a
// *DiscoveryError.
func (c *Client) Discover(ctx context.Context, target string) (*Metadata, error) {
	if wrong := checkURL(target); wrong != "" {
		return nil, &DiscoveryError{URL: shownURL(target), Reason: wrong}
	}
	u, err := url.Parse(target)
	if err != nil || u.RawQuery != "" || u.ForceQuery {
		return nil, &DiscoveryError{URL: shownURL(target), Reason: "want a URL without a query"}
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout())
	defer cancel()
	var last *DiscoveryError
	for _, place := range wellKnown(u) {
		body, fault := c.metadata(ctx, place.url)
		if fault == nil {
			return readMetadata(place, body)
		}
		if last = fault; fault.Err != nil {
			break // another path of a host that does not answer does not either
		}
	}
	return nil, last
}

// place is an address where metadata may be, and whose they have to be then.
type place struct {
	url    *url.URL
	issuer string
}

const (
	openIDSuffix = "/.well-known/openid-configuration"
	oauthSuffix  = "/.well-known/oauth-authorization-server"
)

// wellKnown are the addresses of an issuer's metadata: OpenID Connect Discovery
// section 4 appends to its path, RFC 8414 section 3.1 inserts in front of it.
func wellKnown(u *url.URL) []place {
	path := strings.TrimSuffix(u.EscapedPath(), "/")
	for _, suffix := range []string{openIDSuffix, oauthSuffix} {
		if before, ok := strings.CutSuffix(path, suffix); ok {
			return []place{{u, at(u, before).String()}}
		}
		if after, ok := strings.CutPrefix(path, suffix); ok {
			return []place{{u, at(u, after).String()}}
		}
	}
	issuer := u.String()
	return []place{{at(u, path+openIDSuffix), issuer}, {at(u, oauthSuffix+path), issuer}}
}

// at is another path on the same host.
func at(u *url.URL, escaped string) *url.URL {
	v := &url.URL{Scheme: u.Scheme, Host: u.Host}
	v.Path, _ = url.PathUnescape(escaped) // it was a path before
	v.RawPath = escaped
	return v
}

// metadata gets one address. The fault has an Err where there was no answer.
func (c *Client) metadata(ctx context.Context, u *url.URL) ([]byte, *DiscoveryError) {
	fault := func(reason string, err error) *DiscoveryError {
		return &DiscoveryError{URL: u.String(), Reason: reason, Err: err}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fault("want a URL such as https://login.example.com", err)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.UserAgent())
	client, done := c.once(u.Scheme)
	defer done()
	client.CheckRedirect = sameOrigin
	resp, err := client.Do(req)
	if err != nil {
		return nil, fault("no answer", explain(ctx, c.timeout(), "", unquoted(err)))
	}
	defer func() { _ = resp.Body.Close() }() // read to the end or given up; nothing to learn
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxMetadata+1))
	switch {
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		return nil, fault(redirected(resp), nil)
	case resp.StatusCode != http.StatusOK:
		return nil, fault(fmt.Sprintf("the answer is status %d", resp.StatusCode), nil)
	case err != nil:
		return nil, fault("the answer broke off", explain(ctx, c.timeout(), "", err))
	case len(body) > maxMetadata:
		return nil, fault(fmt.Sprintf("the answer is longer than %d KiB", maxMetadata>>10), nil)
	case !json.Valid(body):
		return nil, fault("the answer is not JSON", nil)
	}
	return body, nil
}

// sameOrigin lets a redirect lead to another path and nowhere else: whoever answers
// says where tokens are sent.
func sameOrigin(next *http.Request, before []*http.Request) error {
	first := before[0].URL
	if next.URL.Scheme != first.Scheme || !strings.EqualFold(next.URL.Host, first.Host) || len(before) > metadataRedirects {
		return http.ErrUseLastResponse
	}
	return nil
}

func redirected(resp *http.Response) string {
	to, err := resp.Location()
	if err != nil {
		return "it redirects to nowhere"
	}
	return "it redirects to " + oneLine(to.Scheme+"://"+to.Host) + ", which is not followed; give the issuer's own URL"
}

// shownURL is a URL for a message, without what may be secret in it.
func shownURL(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return "the URL given"
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return oneLine(u.String())
}

// oneLine makes text of unknown origin fit for a message.
func oneLine(s string) string {
	return cut(strings.Map(func(r rune) rune {
		if unprintable(r) {
			return -1
		}
		return r
	}, s))
}
