package provider

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"time"
)

// once returns a client for one request: a connection of its own, since one
// that has idled may break with the token in it, and no redirects, which would
// carry the token elsewhere (307 and 308 repeat the body).
func (c *Client) once(scheme string) (client *http.Client, done func()) {
	client = &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	t := &http.Transport{TLSHandshakeTimeout: 10 * time.Second}
	if c.HTTP != nil && c.HTTP.Transport != nil {
		given, ok := c.HTTP.Transport.(*http.Transport)
		if !ok {
			client.Transport = c.HTTP.Transport // not one whose limits we could set
			return client, func() {}
		}
		t = given.Clone()
	}
	harden(t, scheme)
	client.Transport = t
	return client, t.CloseIdleConnections
}

// harden sets the limits of a transport that is about to carry a token.
func harden(t *http.Transport, scheme string) {
	t.MaxResponseHeaderBytes = maxHeaderBytes
	if t.TLSClientConfig == nil {
		t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	t.TLSClientConfig.MinVersion = max(t.TLSClientConfig.MinVersion, tls.VersionTLS12)
	t.TLSClientConfig.InsecureSkipVerify = false
	if scheme == "http" {
		t.Proxy = nil
		t.DialContext = loopbackDialer().DialContext
	}
}

// loopbackDialer refuses, address by address and after the name was resolved,
// whatever is not this machine: a hosts file or a resolver can send localhost
// anywhere.
func loopbackDialer() *net.Dialer {
	return &net.Dialer{
		Timeout: 10 * time.Second,
		Control: func(_, address string, _ syscall.RawConn) error {
			if loopbackAddress(address) {
				return nil
			}
			return fmt.Errorf("plain http to %s refused: not loopback", address)
		},
	}
}
