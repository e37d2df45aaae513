package proxy_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/proxy"
)

// deadlines is a client's connection that remembers how long reading it may take.
type deadlines struct {
	*httptest.ResponseRecorder
	shortest time.Duration // 0 = no limit was set
}

func (d *deadlines) SetReadDeadline(t time.Time) error {
	if left := time.Until(t); !t.IsZero() && (d.shortest == 0 || left < d.shortest) {
		d.shortest = left
	}
	return nil
}

func (d *deadlines) SetWriteDeadline(time.Time) error { return nil }

// A deadline that is the process's next timer wakes a thread for each request; the beat of a claim, 20 s,
// is what there is besides.
func TestForwardedRequestsGetNoNearDeadline(t *testing.T) {
	secret := proxy.NewSecret()
	p, err := proxy.New(proxy.Options{
		Upstreams: map[string]proxy.Upstream{"acme": {
			BaseURL: "https://api.example.com", Allow: func(string) bool { return true }, Transport: reading{},
		}},
		Keys: func() ([]proxy.Key, error) { return []proxy.Key{{Name: "test", Hash: secret.Hash()}}, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, path string
		near       bool
		status     int
	}{
		{"forwarded", "/" + secret.Reveal() + "/acme/responses", false, http.StatusOK},
		{"no secret", "/acme/responses", true, http.StatusUnauthorized},
		{"no such provider", "/" + secret.Reveal() + "/other/responses", true, http.StatusNotFound},
		{"health", "/healthz", true, http.StatusMethodNotAllowed},
		{"metrics", "/metrics", true, http.StatusOK},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
			p.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://localhost"+tt.path, strings.NewReader("hello")))
			if w.Code != tt.status {
				t.Errorf("status %d, want %d", w.Code, tt.status)
			}
			if near := w.shortest < 20*time.Second; w.shortest == 0 || near != tt.near {
				t.Errorf("the body has %s to come", w.shortest)
			}
		})
	}
}

// reading is a provider that reads a request to its end.
type reading struct{}

func (reading) RoundTrip(r *http.Request) (*http.Response, error) {
	_, err := io.Copy(io.Discard, r.Body)
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody}, err
}
