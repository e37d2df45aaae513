package proxy_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/proxy"
)

// TestUpstreamGone: a client sees that an answer broke off, and does not take it for whole.
func TestUpstreamGone(t *testing.T) {
	w := start(t, func(rw http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(rw, "data: 1\n\n")
		_ = http.NewResponseController(rw).Flush()
		panic(http.ErrAbortHandler)
	})
	res, err := http.DefaultTransport.RoundTrip(w.request("POST", "/acme/v1/a", "", "Authorization", w.bearer()))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if b, err := io.ReadAll(res.Body); err == nil || string(b) != "data: 1\n\n" {
		t.Errorf("got %q, %v", b, err)
	}
	if rec := w.record(); rec.Err == nil || rec.Status != 200 {
		t.Errorf("logged %+v", rec)
	}
}

// TestClientGone: an upstream is not kept busy for nobody, before its answer and in the midst of it.
func TestClientGone(t *testing.T) {
	for _, midst := range []bool{false, true} {
		came, gone := make(chan struct{}), make(chan struct{})
		w := start(t, func(rw http.ResponseWriter, r *http.Request) {
			if midst {
				_, _ = io.WriteString(rw, "data: 1\n\n")
				_ = http.NewResponseController(rw).Flush()
			}
			close(came)
			<-r.Context().Done()
			close(gone)
		})
		ctx, cancel := context.WithCancel(t.Context())
		req := w.request("POST", "/acme/v1/a", "", "Authorization", w.bearer()).WithContext(ctx)
		var client sync.WaitGroup
		client.Go(func() {
			res, err := http.DefaultTransport.RoundTrip(req)
			if err == nil {
				_, _ = io.ReadAll(res.Body)
				_ = res.Body.Close()
			}
		})
		<-came
		cancel()
		<-gone
		client.Wait()
		if rec := w.record(); rec.Err == nil || !midst && rec.Status != 499 {
			t.Errorf("in the midst %v: logged %+v", midst, rec)
		}
	}
}

// TestManyStreams: a thousand open streams, each past its first output, all end whole.
func TestManyStreams(t *testing.T) {
	const n = 1000
	var open sync.WaitGroup
	open.Add(n)
	finish := make(chan struct{})
	w := start(t, func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(rw, "data: 1\n\n")
		_ = http.NewResponseController(rw).Flush()
		open.Done()
		<-finish
		_, _ = io.WriteString(rw, "data: 2\n\n")
	})
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	var clients, first sync.WaitGroup
	first.Add(n)
	for range n {
		clients.Go(func() {
			res, err := transport.RoundTrip(w.request("POST", "/acme/v1/a", "", "Authorization", w.bearer()))
			if err != nil {
				t.Error(err)
				first.Done()
				return
			}
			defer res.Body.Close()
			head := make([]byte, 9)
			_, err = io.ReadFull(res.Body, head)
			first.Done()
			if err != nil {
				t.Error(err)
				return
			}
			if rest, err := io.ReadAll(res.Body); err != nil || string(head)+string(rest) != "data: 1\n\ndata: 2\n\n" {
				t.Errorf("got %q, %v", rest, err)
			}
		})
	}
	first.Wait()
	open.Wait()
	close(finish)
	clients.Wait()
}

// TestSmuggling: what could be read as two requests is refused or read as one.
func TestSmuggling(t *testing.T) {
	var mu sync.Mutex
	var paths []string
	w := start(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		mu.Lock()
		defer mu.Unlock()
		paths = append(paths, r.URL.Path)
	})
	head := "POST /acme/v1/a HTTP/1.1\r\nHost: localhost\r\nAuthorization: " + w.bearer() + "\r\n"
	inner := "GET /acme/v1/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
	for name, raw := range map[string]string{
		"two lengths":            head + fmt.Sprintf("Content-Length: 0\r\nContent-Length: %d\r\n\r\n%s", len(inner), inner),
		"length and chunks":      head + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + inner,
		"an odd coding":          head + "Transfer-Encoding: xchunked\r\nContent-Length: 0\r\n\r\n" + inner,
		"a space before a colon": head + "Content-Length : 0\r\n\r\n" + inner,
		"a folded header":        head + "X: y\r\n Content-Length: 0\r\n\r\n" + inner,
		"a bare line feed":       head + "X: y\nContent-Length: 0\r\n\r\n" + inner,
		"two hosts":              "GET /acme/v1/a HTTP/1.1\r\nHost: localhost\r\nHost: evil.example.com\r\n\r\n",
		"an absolute target":     "GET http://evil.example.com/acme/v1/a HTTP/1.1\r\nHost: localhost\r\nAuthorization: " + w.bearer() + "\r\n\r\n",
		"a dot segment":          "GET /acme/v1/../../admin HTTP/1.1\r\nHost: localhost\r\nAuthorization: " + w.bearer() + "\r\n\r\n",
		"an encoded one":         "GET /acme/v1/%2e%2e/admin HTTP/1.1\r\nHost: localhost\r\nAuthorization: " + w.bearer() + "\r\n\r\n",
	} {
		c, err := net.Dial("tcp", w.addr)
		if err != nil {
			t.Fatal(err)
		}
		_ = c.SetDeadline(time.Now().Add(20 * time.Second))
		_, _ = io.WriteString(c, raw+"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
		r := bufio.NewReader(c)
		for { // what follows is without a secret, and so answered with 401 if it is answered
			res, err := http.ReadResponse(r, nil)
			if err != nil {
				break
			}
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
		}
		_ = c.Close()
		mu.Lock()
		for _, p := range paths {
			if p != "/base/v1/a" {
				t.Errorf("%s: the upstream got %s", name, p)
			}
		}
		mu.Unlock()
	}
}

// TestGracefulStop: no new requests, and those under way end.
func TestGracefulStop(t *testing.T) {
	p, err := proxy.New(proxy.Options{
		Upstreams: map[string]proxy.Upstream{}, Keys: func() ([]proxy.Key, error) { return nil, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	came, finish := make(chan struct{}), make(chan struct{})
	mux := http.NewServeMux()
	mux.Handle("/", p)
	mux.HandleFunc("/slow", func(rw http.ResponseWriter, _ *http.Request) {
		_ = http.NewResponseController(rw).Flush()
		close(came)
		<-finish
		_, _ = io.WriteString(rw, "done")
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error)
	go func() { served <- proxy.Serve(ctx, mux, proxy.Stop{Grace: 20 * time.Second}, l) }()
	res, err := http.Get("http://" + l.Addr().String() + "/slow")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	<-came
	cancel()
	for { // the listener is closed at once
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			break
		}
		_ = c.Close()
	}
	close(finish)
	if b, err := io.ReadAll(res.Body); err != nil || string(b) != "done" {
		t.Errorf("got %q, %v", b, err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func TestBadUpstream(t *testing.T) {
	if _, err := proxy.New(proxy.Options{Upstreams: map[string]proxy.Upstream{"a": {BaseURL: "http://[::1"}}}); err == nil {
		t.Error("taken")
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	s := proxy.NewSecret()
	if out := fmt.Sprintf("%s %v %+v %#v", s, s, s, s); strings.Contains(out, s.Reveal()[4:]) {
		t.Error(out)
	}
	if len(s.Reveal()) != 4+43 || proxy.NewSecret() == s {
		t.Errorf("%d characters", len(s.Reveal()))
	}
}
