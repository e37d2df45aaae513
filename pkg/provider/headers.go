package provider

import (
	"net/http"
	"net/textproto"
	"slices"
	"strings"

	"github.com/kyoli-gam/kyoli/internal/hop"
	"github.com/kyoli-gam/kyoli/internal/tokenanswer"
)

// headerCharacter is RFC 9110's tchar (section 5.6.2).
func headerCharacter(c byte) bool {
	return alphanumeric(c) || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

// ownHeaders are kyoli's or the transport's: an adapter that could set them
// could pass kyoli off as another client, or one request as two.
var ownHeaders = []string{
	"Authorization", "Connection", "Content-Encoding", "Content-Length", "Content-Type", "Cookie", "Host",
	"Keep-Alive", "Proxy-Authorization", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "User-Agent",
}

func checkHeaderName(s string) string {
	switch {
	case !name(s, 128, headerCharacter):
		return "want the name of an HTTP header"
	case slices.Contains(ownHeaders, textproto.CanonicalMIMEHeaderKey(s)):
		return "this header is set by kyoli itself"
	}
	return ""
}

func checkHeaderValue(s string) string {
	if !headerSafe(s) || len(s) > maxValue {
		return "want 1 to 1024 printable ASCII characters, no space at either end"
	}
	return ""
}

func headerSafe(s string) bool { return tokenanswer.HeaderSafe(s) }

func hasHeader(headers map[string]string, name string) bool {
	for h := range headers {
		if strings.EqualFold(h, name) {
			return true
		}
	}
	return false
}

// SetHeaders prepares an API request: credentials that came with it go, the
// account's take their place, and the adapter's headers are added where the
// client sent none of its own (a list header is added to). accountID may be "".
func (a *Adapter) SetHeaders(h http.Header, accessToken, accountID string) {
	hop.DropCredentials(h)
	h["Authorization"] = []string{"Bearer " + accessToken}
	if a.AccountIDHeader != "" {
		h.Del(a.AccountIDHeader)
		if headerSafe(accountID) {
			h.Set(a.AccountIDHeader, accountID)
		}
	}
	for name, value := range a.Headers {
		switch given := h.Values(name); {
		case len(given) == 0:
			h.Set(name, value)
		case a.isList(name):
			h.Set(name, withItem(strings.Join(given, ","), value))
		}
	}
}

func (a *Adapter) isList(name string) bool {
	return slices.ContainsFunc(a.ListHeaders, func(l string) bool { return strings.EqualFold(l, name) })
}

// withItem adds an item to a comma-separated list (RFC 9110 section 5.6.1) that
// does not have it.
func withItem(list, item string) string {
	for have := range strings.SplitSeq(list, ",") {
		if strings.TrimSpace(have) == item {
			return list
		}
	}
	return list + "," + item
}
