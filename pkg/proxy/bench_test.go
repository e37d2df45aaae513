package proxy_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/kyoli-gam/kyoli/pkg/proxy"
)

// What the proxy does for a request, without the network on either side of it.
func BenchmarkServeHTTP(b *testing.B) {
	secret := proxy.NewSecret()
	keys := []proxy.Key{{Name: "bench", Hash: secret.Hash()}}
	p, err := proxy.New(proxy.Options{
		Upstreams: map[string]proxy.Upstream{"acme": {
			BaseURL: "https://api.example.com/v1", Allow: func(string) bool { return true }, Transport: echo{},
		}},
		Keys: func() ([]proxy.Key, error) { return keys, nil },
	})
	if err != nil {
		b.Fatal(err)
	}
	w := &discard{header: http.Header{}}
	for b.Loop() {
		r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, "http://localhost:4780/acme/responses", http.NoBody)
		if err != nil {
			b.Fatal(err)
		}
		r.ContentLength, r.Body = 5, io.NopCloser(strings.NewReader("hello"))
		r.Header = http.Header{
			"Authorization": {"Bearer " + secret.Reveal()}, "Content-Type": {"application/json"},
			"User-Agent": {"me/1"}, "Accept": {"*/*"}, "Accept-Encoding": {"gzip"}, "Connection": {"keep-alive"},
		}
		clear(w.header)
		p.ServeHTTP(w, r)
		if w.status != http.StatusOK {
			b.Fatal(w.status)
		}
	}
	b.ReportAllocs()
}

// echo is a provider that answers with the request's body.
type echo struct{}

func (echo) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, ContentLength: r.ContentLength, Body: r.Body,
		Header: http.Header{"Content-Type": {"application/json"}, "Date": {"now"}},
	}, nil
}

// discard is a client that does not look at the answer.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(status int)      { d.status = status }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
