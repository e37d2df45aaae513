// Package hop knows what whoever passes HTTP requests on has to look at: the headers that end there,
// those for one connection and those that carry credentials, and the paths that do not mean the same
// to everybody. It promises to leave all other headers alone.
package hop

import (
	"net/http"
	"strings"
)

// perConnection tells the headers for one connection (RFC 9110 section 7.6.1), and those that ask for
// something which whoever passes a message on does not do.
func perConnection(name string) bool {
	switch name {
	case "Connection", "Proxy-Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization",
		"Te", "Trailer", "Transfer-Encoding", "Upgrade", "Expect":
		return true
	}
	return false
}

// credential tells the headers in which clients send credentials to AI providers.
func credential(name string) bool {
	switch name {
	case "Authorization", "Proxy-Authorization", "Cookie", "X-Api-Key", "Api-Key", "X-Goog-Api-Key":
		return true
	}
	return false
}

// DropConnection drops the headers for one connection, and those that Connection names.
func DropConnection(h http.Header) {
	dropNamed(h, h["Connection"])
	for name := range h { // a request has fewer headers than there are names to look for
		if perConnection(name) {
			delete(h, name)
		}
	}
}

// DropCredentials drops the credentials of a request.
func DropCredentials(h http.Header) {
	for name := range h {
		if credential(name) {
			delete(h, name)
		}
	}
}

// Forwarded is a copy of a request's headers without those for one connection and without the
// credentials, with room for more. The values are shared with the original: they may be replaced in
// the copy, and must not be changed.
func Forwarded(h http.Header, more int) http.Header {
	c := make(http.Header, len(h)+more)
	for name, values := range h {
		if !perConnection(name) && !credential(name) {
			c[name] = values
		}
	}
	dropNamed(c, h["Connection"])
	return c
}

// dropNamed drops the headers that a Connection header names.
func dropNamed(h http.Header, connection []string) {
	for _, names := range connection {
		for name := range strings.SplitSeq(names, ",") {
			name = strings.TrimSpace(name)
			if !strings.EqualFold(name, "keep-alive") && !strings.EqualFold(name, "close") { // no headers of others
				h.Del(name)
			}
		}
	}
}
