package proxy_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/proxy"
)

// inMemory is a listener whose connections are pipes, for which time can be made to pass.
type inMemory struct {
	conns chan net.Conn
	done  chan struct{}
}

func (l *inMemory) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *inMemory) Close() error   { close(l.done); return nil }
func (l *inMemory) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

// slowWorld is a proxy on pipes, in a bubble, in front of upstream.
type slowWorld struct {
	t      *testing.T
	l      *inMemory
	secret proxy.Secret
	beside sync.WaitGroup
}

func inBubble(t *testing.T, upstream func(*http.Request) (*http.Response, error), test func(*slowWorld)) {
	synctest.Test(t, func(t *testing.T) {
		w := &slowWorld{t: t, l: &inMemory{conns: make(chan net.Conn), done: make(chan struct{})}, secret: proxy.NewSecret()}
		p, err := proxy.New(proxy.Options{
			Upstreams: map[string]proxy.Upstream{"acme": {
				BaseURL: "https://api.example.com", Allow: func(string) bool { return true }, Transport: transport(upstream),
			}},
			Keys:    func() ([]proxy.Key, error) { return []proxy.Key{{Name: "test", Hash: w.secret.Hash()}}, nil },
			Explain: func(error) *proxy.Problem { return &proxy.Problem{Status: http.StatusBadGateway, Code: "no_answer"} },
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- proxy.Serve(ctx, p, proxy.Stop{}, w.l) }()
		test(w)
		w.beside.Wait()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// dial is a client's connection, on which something was sent already.
func (w *slowWorld) dial(head string) net.Conn {
	w.t.Helper()
	client, server := net.Pipe()
	w.l.conns <- server
	if _, err := io.WriteString(client, head); err != nil {
		w.t.Fatal(err)
	}
	return client
}

// post is the head of a request with a body of 1000 bytes.
func post(secret string) string {
	return "POST /acme/x HTTP/1.1\r\nHost: 127.0.0.1:1\r\nAuthorization: Bearer " + secret + "\r\nContent-Length: 1000\r\n\r\n"
}

// drip sends a byte after every pause, until the other side has enough of it.
func drip(c net.Conn, pause time.Duration) {
	for {
		time.Sleep(pause)
		if _, err := io.WriteString(c, "x"); err != nil {
			return
		}
	}
}

func hears(r io.Reader) (string, error) {
	b, err := io.ReadAll(r)
	return string(b), err
}

// reads is an upstream that answers when it has read the request.
func reads(r *http.Request) (*http.Response, error) {
	defer r.Body.Close()
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("fine")), ContentLength: 4}, nil
}

// A client that says nothing, or not enough, or one byte after the other, is let go in time, with an answer where it has
// asked something.
func TestSlowClients(t *testing.T) {
	for name, tt := range map[string]struct {
		head   func(secret string) string
		pause  time.Duration // between the bytes that follow; 0 = none follow
		least  time.Duration
		most   time.Duration
		answer string
	}{
		"nothing":                    {func(string) string { return "" }, 0, 30 * time.Second, 30 * time.Second, ""},
		"half a head":                {func(s string) string { return post(s)[:40] }, 0, 30 * time.Second, 30 * time.Second, ""},
		"a dripping head":            {func(string) string { return "GET / HTTP/1.1\r\nX: " }, time.Second, 30 * time.Second, 31 * time.Second, ""},
		"no body":                    {post, 0, time.Minute, 61 * time.Second, " 408 "},
		"a dripping body":            {post, 2 * time.Second, 10 * time.Minute, 10*time.Minute + 5*time.Second, " 408 "},
		"a body without the secret":  {func(string) string { return post("wrong") }, 0, 5 * time.Second, 6 * time.Second, " 401 "},
		"a dripping one without it":  {func(string) string { return post("wrong") }, time.Second, 5 * time.Second, 7 * time.Second, " 401 "},
		"a body for another path":    {func(s string) string { return strings.Replace(post(s), "acme", "none", 1) }, 0, 5 * time.Second, 6 * time.Second, " 404 "},
		"a body for the health page": {func(s string) string { return strings.Replace(post(s), "acme/x", "healthz", 1) }, 0, 5 * time.Second, 6 * time.Second, " 405 "},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, reads, func(w *slowWorld) {
				began := time.Now()
				c := w.dial(tt.head(w.secret.Reveal()))
				if tt.pause > 0 {
					w.beside.Go(func() { drip(c, tt.pause) })
				}
				heard, _ := hears(c)
				took := time.Since(began)
				if took < tt.least || took > tt.most || !strings.Contains(heard+" ", tt.answer) || tt.answer == "" && strings.Contains(heard, " 200 ") {
					w.t.Errorf("let go after %v with %q", took, heard)
				}
				c.Close()
			})
		})
	}
}

// A body that takes its time within the limits is forwarded, and what is thought about for an hour is waited for.
func TestPatience(t *testing.T) {
	upstream := func(r *http.Request) (*http.Response, error) {
		res, err := reads(r)
		select {
		case <-time.After(time.Hour):
		case <-r.Context().Done():
			return nil, errors.New("the client counts as gone")
		}
		return res, err
	}
	inBubble(t, upstream, func(w *slowWorld) {
		c := w.dial(post(w.secret.Reveal()))
		defer c.Close()
		w.beside.Go(func() {
			for range 10 {
				time.Sleep(50 * time.Second)
				_, _ = io.WriteString(c, strings.Repeat("x", 100))
			}
		})
		r := bufio.NewReader(c)
		for range 2 { // the connection can be used again
			res, err := http.ReadResponse(r, nil)
			if err != nil {
				w.t.Fatal(err)
			}
			body, err := io.ReadAll(res.Body)
			res.Body.Close()
			if err != nil || res.StatusCode != http.StatusOK || string(body) != "fine" {
				w.t.Fatalf("%s %q, %v", res.Status, body, err)
			}
			time.Sleep(time.Minute) // less than an idle connection is kept
			_, _ = io.WriteString(c, post(w.secret.Reveal())+strings.Repeat("x", 1000))
		}
	})
}

// A client that does not take its answer is let go, and one that takes it slowly is not.
func TestClientThatDoesNotTake(t *testing.T) {
	var let chan time.Duration
	upstream := func(*http.Request) (*http.Response, error) {
		began := time.Now()
		return &http.Response{StatusCode: http.StatusOK, ContentLength: -1, Body: &endless{func() { let <- time.Since(began) }}}, nil
	}
	inBubble(t, upstream, func(w *slowWorld) {
		let = make(chan time.Duration, 1)
		c := w.dial("GET /acme/x HTTP/1.1\r\nHost: 127.0.0.1:1\r\nX-Api-Key: " + w.secret.Reveal() + "\r\n\r\n")
		defer c.Close()
		part := make([]byte, 64<<10)
		for range 20 {
			time.Sleep(8 * time.Minute)
			if _, err := io.ReadFull(c, part); err != nil {
				w.t.Fatalf("a slow one is let go: %v", err)
			}
		}
		if took := <-let - 160*time.Minute; took < 9*time.Minute || took > 11*time.Minute {
			w.t.Errorf("let go after %v", took)
		}
	})
}

// endless is an answer that goes on.
type endless struct{ closed func() }

func (e *endless) Read(p []byte) (int, error) { return len(p), nil }

func (e *endless) Close() error {
	e.closed()
	return nil
}
