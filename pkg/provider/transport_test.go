package provider

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
)

func dialing(dial func(context.Context, string, string) (net.Conn, error)) *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: dial}}
}

func dnsFails(context.Context, string, string) (net.Conn, error) {
	return nil, &net.DNSError{Err: "no such host", Name: "acme.example", IsNotFound: true}
}

func careless() *http.Client {
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // what must not work
}

func serveTLS(t *testing.T, config *tls.Config, h http.HandlerFunc) *httptest.Server {
	s := httptest.NewUnstartedServer(h)
	s.TLS = config
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // failed handshakes are what is wanted
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// oldTLS trusts the server and would speak its version.
func oldTLS(s *httptest.Server) *http.Client {
	client := s.Client()
	transport := client.Transport.(*http.Transport)
	transport.TLSClientConfig.MinVersion = tls.VersionTLS10
	return client
}

func TestExchangeOverTLS(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"access_token":"at"}`)
		}))
		s.EnableHTTP2 = http2
		s.StartTLS()
		t.Cleanup(s.Close)
		raw, err := (&Client{HTTP: s.Client()}).Exchange(t.Context(), adapterAt(s.URL), refreshToken, nil)
		if err != nil || string(raw.Body) != `{"access_token":"at"}` {
			t.Errorf("HTTP/2 %v: %v, %v", http2, raw, err)
		}
	}
}

func TestExchangeDoesNotFollowRedirects(t *testing.T) {
	elsewhere := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") })
	for _, status := range []int{301, 302, 303, 307, 308} {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL+"/t", status)
		})
		c := &Client{HTTP: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return nil }}}
		raw, err := c.Exchange(t.Context(), adapterAt(s.URL), refreshToken, nil)
		if err != nil {
			t.Errorf("%d: %v", status, err)
			continue
		}
		var refused *TokenError
		if _, err := c.Parse(&Adapter{}, raw); !errors.As(err, &refused) || refused.Kind != Transient || refused.Status != status {
			t.Errorf("%d: %#v", status, err)
		}
	}
}

func TestExchangeUsesAConnectionOnce(t *testing.T) {
	var connections atomic.Int32
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	c := &Client{HTTP: &http.Client{Transport: &http.Transport{}}}
	for range 3 {
		if _, err := c.Exchange(t.Context(), adapterAt(s.URL), refreshToken, nil); err != nil {
			t.Fatal(err)
		}
	}
	if n := connections.Load(); n != 3 {
		t.Errorf("%d connections for 3 requests", n)
	}
}

// Plain http is for this machine: no proxy and no dialler of anybody else's may
// come in between.
func TestExchangePlainHTTPStaysHere(t *testing.T) {
	s := serve(t, func(http.ResponseWriter, *http.Request) {})
	proxy := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the proxy saw the request") })
	proxyURL, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	c := &Client{HTTP: &http.Client{Transport: &http.Transport{
		Proxy: http.ProxyURL(proxyURL),
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			return nil, errors.New("another dialler was used")
		},
	}}}
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"127.0.0.1", "localhost"} {
		if _, err := c.Exchange(t.Context(), adapterAt("http://"+net.JoinHostPort(host, port)+"/t"), refreshToken, nil); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
}

func TestLoopbackDialer(t *testing.T) {
	for _, address := range []string{"192.0.2.1:80", "[2001:db8::1]:80", "0.0.0.0:80"} {
		conn, err := loopbackDialer().DialContext(t.Context(), "tcp", address)
		if err == nil {
			_ = conn.Close()
		}
		if err == nil || !strings.Contains(err.Error(), "not loopback") {
			t.Errorf("dialling %s: %v", address, err)
		}
	}
	if loopbackAddress("127.0.0.1") || !loopbackAddress("[::1]:1") || !loopbackAddress("[::ffff:127.0.0.1]:1") {
		t.Error("loopbackAddress")
	}
}

func TestExchangeThroughAnyRoundTripper(t *testing.T) {
	c := &Client{HTTP: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		return http.ReadResponse(bufio.NewReader(strings.NewReader("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")), r)
	})}}
	raw, err := c.Exchange(t.Context(), adapterAt("https://acme.example/t"), refreshToken, nil)
	if err != nil || string(raw.Body) != "{}" {
		t.Errorf("%v, %v", raw, err)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
