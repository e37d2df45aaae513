// Package hop knows what whoever passes HTTP requests on has to look at: the headers that end there,
// those for one connection and those that carry credentials, and the paths that do not mean the same
// to everybody. It promises to leave all other headers alone.
package hop

import (
	"net/http"
	"strings"
)

// perConnection are the headers for one connection (RFC 9110 section 7.6.1), and those that ask for
// something which whoever passes a message on does not do.
var perConnection = []string{
	"Connection", "Proxy-Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization",
	"Te", "Trailer", "Transfer-Encoding", "Upgrade", "Expect",
}

// credentials are the headers in which clients send credentials to AI providers.
var credentials = []string{"Authorization", "Proxy-Authorization", "Cookie", "X-Api-Key", "Api-Key", "X-Goog-Api-Key"}

// DropConnection drops the headers for one connection, and those that Connection names.
func DropConnection(h http.Header) {
	for _, names := range h["Connection"] {
		for name := range strings.SplitSeq(names, ",") {
			h.Del(strings.TrimSpace(name))
		}
	}
	drop(h, perConnection)
}

// DropCredentials drops the credentials of a request.
func DropCredentials(h http.Header) { drop(h, credentials) }

func drop(h http.Header, names []string) {
	for _, name := range names {
		delete(h, name)
	}
}
