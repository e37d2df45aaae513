package provider

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a network in memory, on which time can be made to pass.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	over  sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.over.Do(func() { close(p.done) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	p.conns <- server
	return client, nil
}

// slowly runs test in a bubble for each way not to answer in time. The client reaches the server at whatever address,
// and arrived counts its requests.
func slowly(t *testing.T, test func(t *testing.T, c *Client, arrived *atomic.Int32)) {
	t.Helper()
	for name, answer := range map[string]func(w http.ResponseWriter, over <-chan struct{}){
		// Also when the client goes: what is written then may still come.
		"silence":            func(_ http.ResponseWriter, over <-chan struct{}) { <-over },
		"one byte at a time": drip,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var arrived atomic.Int32
				over := make(chan struct{})
				p := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
				s := &httptest.Server{Listener: p, Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					arrived.Add(1)
					_, _ = io.Copy(io.Discard, r.Body)
					answer(w, over)
				})}}
				s.StartTLS() // plain http does not dial as it is told
				defer s.Close()
				defer close(over)
				s.Client().Transport.(*http.Transport).DialContext = p.dial
				began := time.Now()
				test(t, &Client{HTTP: s.Client(), Timeout: 7 * time.Second}, &arrived)
				if took := time.Since(began); took != 7*time.Second {
					t.Errorf("waited for %s", took)
				}
			})
		})
	}
}

// drip sends a byte every 20 ms for as long as anybody listens.
func drip(w http.ResponseWriter, _ <-chan struct{}) {
	for {
		time.Sleep(20 * time.Millisecond)
		if _, err := io.WriteString(w, " "); err != nil || http.NewResponseController(w).Flush() != nil {
			return
		}
	}
}

const inTime = "no whole answer within 7s"

func TestExchangeWithoutAnAnswerInTime(t *testing.T) {
	slowly(t, func(t *testing.T, c *Client, arrived *atomic.Int32) {
		raw, err := c.Exchange(t.Context(), adapterAt("https://example.com/t"), refreshToken, nil)
		var failed *SendError
		if !errors.As(err, &failed) || !failed.Sent || raw != nil || !strings.Contains(err.Error(), inTime) {
			t.Errorf("got %v, %v; want a *SendError with Sent true", raw, err)
		}
		if n := arrived.Load(); n != 1 {
			t.Errorf("the token was sent %d times", n)
		}
	})
}

func TestProbeWithoutAnAnswerInTime(t *testing.T) {
	slowly(t, func(t *testing.T, c *Client, arrived *atomic.Int32) {
		_, err := c.Usage(t.Context(), probedAt("https://example.com/u"), accessToken, "")
		var failed *ProbeError
		if !errors.As(err, &failed) || failed.Status != 0 || failed.Err == nil || failed.Hint() != "" || !strings.Contains(err.Error(), inTime) {
			t.Errorf("got %v; want a *ProbeError with its cause", err)
		}
		if n := arrived.Load(); n != 1 {
			t.Errorf("%d requests", n)
		}
	})
}
