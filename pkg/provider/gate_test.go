package provider

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// readyAt serves as the transports differ: plain, TLS with HTTP/1.1 and with HTTP/2.
func readyAt(t *testing.T, name string, h http.HandlerFunc) (*httptest.Server, *Client) {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.EnableHTTP2 = name == "HTTP/2"
	if name == "plain" {
		s.Start()
	} else {
		s.StartTLS()
	}
	t.Cleanup(s.Close)
	return s, &Client{HTTP: s.Client()}
}

var transports = []string{"plain", "TLS", "HTTP/2"}

func TestReadyIsAskedDirectlyBefore(t *testing.T) {
	for _, name := range transports {
		t.Run(name, func(t *testing.T) {
			var connected, asked, arrived atomic.Int32
			s, c := readyAt(t, name, func(_ http.ResponseWriter, r *http.Request) {
				if body, err := io.ReadAll(r.Body); err == nil && strings.Contains(string(body), refreshToken) {
					arrived.Add(1)
				}
			})
			transport := c.HTTP.Transport.(*http.Transport)
			if name != "plain" {
				transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
					conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
					connected.Add(1)
					return conn, err
				}
			}
			_, err := c.Exchange(t.Context(), adapterAt(s.URL), refreshToken, func() error {
				asked.Add(1)
				if name != "plain" && connected.Load() != 1 || arrived.Load() != 0 {
					t.Errorf("asked with %d connections and %d requests", connected.Load(), arrived.Load())
				}
				return nil
			})
			if err != nil || asked.Load() != 1 || arrived.Load() != 1 {
				t.Errorf("asked %d times, arrived %d times, error %v", asked.Load(), arrived.Load(), err)
			}
		})
	}
}

func TestNotReadyKeepsTheTokenHere(t *testing.T) {
	lost := errors.New("the lease is lost")
	for _, name := range transports {
		t.Run(name, func(t *testing.T) {
			s, c := readyAt(t, name, func(_ http.ResponseWriter, r *http.Request) {
				if body, err := io.ReadAll(r.Body); err == nil || len(body) > 0 {
					t.Errorf("the provider got %q, %v", body, err)
				}
			})
			_, err := c.Exchange(t.Context(), adapterAt(s.URL), refreshToken, func() error { return lost })
			var failed *SendError
			if !errors.As(err, &failed) || failed.Sent || !errors.Is(err, lost) {
				t.Errorf("error %#v", err)
			}
		})
	}
}

// A network that swallows everything does not hold up one who gives up.
func TestGivingUpBeforeAnythingIsSent(t *testing.T) {
	for _, name := range []string{"connecting", "in front of TLS"} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			ours, theirs := net.Pipe()
			defer func() { _, _ = ours.Close(), theirs.Close() }()
			c := &Client{HTTP: dialing(func(ctx context.Context, _, _ string) (net.Conn, error) {
				if name == "connecting" {
					cancel()
					<-ctx.Done()
					return nil, ctx.Err()
				}
				time.AfterFunc(10*time.Millisecond, cancel) // the other side of the pipe never answers
				return ours, nil
			})}
			_, err := c.Exchange(ctx, adapterAt("https://acme.example/t"), refreshToken, func() error {
				t.Error("there was nothing to be ready for")
				return nil
			})
			var failed *SendError
			if !errors.As(err, &failed) || failed.Sent || !errors.Is(err, context.Canceled) {
				t.Errorf("error %#v", err)
			}
		})
	}
}

func TestGivingUpAfterItWasSent(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		cancel()
		select { // should the client go, the answer would be lost
		case <-r.Context().Done():
		case <-time.After(50 * time.Millisecond):
		}
		_, _ = io.WriteString(w, "{}")
	})
	raw, err := (&Client{}).Exchange(ctx, adapterAt(s.URL), refreshToken, nil)
	if err != nil || string(raw.Body) != "{}" {
		t.Errorf("%v, %v", raw, err)
	}
}

// Any transport can only send what it has read.
func TestSentIsWhatWasRead(t *testing.T) {
	for _, reads := range []bool{false, true} {
		c := &Client{HTTP: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			if reads {
				_, _ = r.Body.Read(make([]byte, 1))
			}
			return nil, errors.New("broken")
		})}}
		_, err := c.Exchange(t.Context(), adapterAt("https://acme.example/t"), refreshToken, nil)
		var failed *SendError
		if !errors.As(err, &failed) || failed.Sent != reads {
			t.Errorf("read %v: error %#v", reads, err)
		}
	}
}

// Who gives up need not be quicker than the transport to be heard.
func TestNothingPassesAfterTheEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	g := &gate{ended: ctx.Err}
	if err := g.pass(); !errors.Is(err, context.Canceled) || g.passed() {
		t.Errorf("passed: %v, error %v", g.passed(), err)
	}
}
