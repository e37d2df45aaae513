package provider

import (
	"net/http"
	"net/url"
)

// Ways in which a client shows its secret (RFC 6749 section 2.3.1), by the names
// that metadata have for them without "client_secret_" in front.
const (
	ClientAuthPost  = "post"  // in the body of a request
	ClientAuthBasic = "basic" // in its Authorization header
)

func checkClientAuth(s string) string {
	if s != ClientAuthPost && s != ClientAuthBasic {
		return "want post or basic"
	}
	return ""
}

// clientAuth takes the client secret out of the parameters of a request where it has
// to be in a header, and returns what puts it there.
func clientAuth(way string, params map[string]string) func(http.Header) {
	secret := params["client_secret"]
	if way != ClientAuthBasic || secret == "" {
		return func(http.Header) {}
	}
	delete(params, "client_secret")
	id := params["client_id"]
	return func(h http.Header) {
		r := http.Request{Header: h}
		r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret)) // encoded as the RFC's appendix B says
	}
}
