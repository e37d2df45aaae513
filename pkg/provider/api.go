package provider

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/kyoli-gam/kyoli/internal/hop"
)

// idleConns is how many connections to one provider are kept for the next request; more than a
// person's programs have under way at once.
const idleConns = 128

// APITransport returns what carries API requests to the adapter's base URL: given, nil for one that
// connects directly, with the limits that a request with a token in it needs. It asks for no
// compression of its own, so that answers pass as they are.
func (a *Adapter) APITransport(given *http.Transport) *http.Transport {
	t := &http.Transport{}
	if given != nil {
		t = given.Clone()
	}
	scheme, _, _ := strings.Cut(a.BaseURL, ":")
	harden(t, scheme)
	t.MaxResponseHeaderBytes = 4 * maxHeaderBytes
	t.DisableCompression = true
	t.ForceAttemptHTTP2 = true
	t.MaxIdleConns, t.MaxIdleConnsPerHost = 0, idleConns
	if t.IdleConnTimeout == 0 {
		t.IdleConnTimeout = 90 * time.Second
	}
	if t.TLSHandshakeTimeout == 0 {
		t.TLSHandshakeTimeout = 10 * time.Second
	}
	return t
}

// API is where an adapter's API is, ready to be compared with. The zero value serves nothing.
type API struct {
	base *url.URL
	path string // of base, as it is escaped and without a slash at the end
}

// API returns where the API is; one that serves nothing where the adapter has no base URL.
func (a *Adapter) API() API {
	base, err := url.Parse(a.BaseURL)
	if err != nil || a.BaseURL == "" {
		return API{}
	}
	return API{base: base, path: strings.TrimSuffix(base.EscapedPath(), "/")}
}

// Serves tells whether a URL is one of the API: at its base URL or below, by a path that no server can
// read as leading elsewhere.
func (p API) Serves(u *url.URL) bool {
	if p.base == nil || u.Scheme != p.base.Scheme || !strings.EqualFold(u.Host, p.base.Host) || u.User != nil || u.Opaque != "" {
		return false
	}
	rest, ok := strings.CutPrefix(u.EscapedPath(), p.path)
	return ok && (rest == "" || rest[0] == '/') && hop.PlainPath(rest)
}

// Forwards tells whether a path below the base URL, as it is escaped in a URL, is
// one that the proxy forwards.
func (a *Adapter) Forwards(escaped string) bool {
	if !hop.PlainPath(escaped) {
		return false
	}
	for _, p := range a.Paths {
		if rest, ok := strings.CutPrefix(escaped, strings.TrimSuffix(p, "/")); ok && (rest == "" || rest[0] == '/') {
			return true
		}
	}
	return len(a.Paths) == 0
}
