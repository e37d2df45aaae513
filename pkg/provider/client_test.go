package provider

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const refreshToken = "rt-1-do-not-show"

func adapterAt(tokenURL string) *Adapter {
	return &Adapter{ID: "acme", ClientID: "cid", TokenURL: tokenURL, TokenRequest: "form"}
}

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

// seen is what of a request matters.
type seen struct {
	Method, Path, ContentType, Accept, UserAgent, Body string
}

func TestExchangeRequest(t *testing.T) {
	for _, tt := range []struct {
		name, encoding, secretEnv string
		want                      seen
	}{
		{"form", "form", "", seen{
			"POST", "/oauth/token", "application/x-www-form-urlencoded", "application/json", "kyoli/1.2.3",
			"client_id=cid&grant_type=refresh_token&refresh_token=rt-1-do-not-show",
		}},
		{"json", "json", "", seen{
			"POST", "/oauth/token", "application/json", "application/json", "kyoli/1.2.3",
			`{"client_id":"cid","grant_type":"refresh_token","refresh_token":"rt-1-do-not-show"}`,
		}},
		{"client secret", "form", "ACME_SECRET", seen{
			"POST", "/oauth/token", "application/x-www-form-urlencoded", "application/json", "kyoli/1.2.3",
			"client_id=cid&client_secret=value+of+ACME_SECRET&grant_type=refresh_token&refresh_token=rt-1-do-not-show",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got seen
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				got = seen{
					r.Method, r.URL.Path, r.Header.Get("Content-Type"), r.Header.Get("Accept"),
					r.Header.Get("User-Agent"), string(body),
				}
				// A provider whose clock is an hour off: only expires_in counts.
				w.Header().Set("Date", sentAt.Add(-time.Hour).Format(http.TimeFormat))
				w.WriteHeader(http.StatusTeapot)
				_, _ = io.WriteString(w, "body")
			})
			c := &Client{
				Version: "1.2.3", Now: func() time.Time { return sentAt },
				Secret: func(name string) string { return "value of " + name },
			}
			a := adapterAt(s.URL + "/oauth/token")
			a.TokenRequest, a.ClientSecretEnv = tt.encoding, tt.secretEnv
			raw, err := c.Exchange(t.Context(), a, refreshToken, nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
			want := &RawAnswer{Status: http.StatusTeapot, Date: sentAt, Body: []byte("body"), spent: refreshToken}
			if diff := cmp.Diff(want, raw, cmp.AllowUnexported(RawAnswer{})); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUserAgentWithoutVersion(t *testing.T) {
	for version, want := range map[string]string{"": "kyoli/unknown", "1.0 (x)\r\ny": "kyoli/unknown", " v1.0+dirty ": "kyoli/v1.0+dirty"} {
		if got := (&Client{Version: version}).UserAgent(); got != want {
			t.Errorf("version %q: %q, want %q", version, got, want)
		}
	}
}

// nobodyListens is where nobody does: a port that was let go may be another's.
const nobodyListens = "http://127.0.0.1:1"

func TestExchangeNothingSent(t *testing.T) {
	hit := func(w http.ResponseWriter, _ *http.Request) { t.Error("the request arrived") }
	stranger := serveTLS(t, &tls.Config{MinVersion: tls.VersionTLS12}, hit) // of an unknown authority
	old := serveTLS(t, &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}, hit)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()

	for _, tt := range []struct {
		name   string
		ctx    context.Context
		client Client
		url    string
		secret string
		want   string
	}{
		{"nobody listens", nil, Client{}, nobodyListens, "", "refused"},
		{"name not found", nil, Client{HTTP: dialing(dnsFails)}, "https://acme.example/t", "", "no such host"},
		{"unknown certificate authority", nil, Client{}, stranger.URL, "", "certificate"},
		{"the same, where the caller would not look", nil, Client{HTTP: careless()}, stranger.URL, "", "certificate"},
		{"TLS 1.1", nil, Client{HTTP: oldTLS(old)}, old.URL, "", "version"},
		{"given up before", cancelled, Client{}, serve(t, hit).URL, "", "canceled"},
		{"no client secret", nil, Client{}, serve(t, hit).URL, "ACME_SECRET", "ACME_SECRET is not set"},
		{"plain http elsewhere", nil, Client{}, "http://acme.example/t", "", "plain http is for"},
		{"no endpoint", nil, Client{}, "", "", "token_url"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.ctx == nil {
				tt.ctx = t.Context()
			}
			a := adapterAt(tt.url)
			a.ClientSecretEnv = tt.secret
			raw, err := tt.client.Exchange(tt.ctx, a, refreshToken, nil)
			var failed *SendError
			if !errors.As(err, &failed) || failed.Sent || raw != nil {
				t.Fatalf("got %v, %#v; want a *SendError with Sent false", raw, err)
			}
			if !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), refreshToken) {
				t.Errorf("error %q, want one with %q and without the token", err, tt.want)
			}
		})
	}
}

func TestMissingSecretIsAMisconfiguration(t *testing.T) {
	a := adapterAt("https://acme.example/t")
	a.ClientSecretEnv = "ACME_SECRET"
	_, err := (&Client{}).Exchange(t.Context(), a, refreshToken, nil)
	var refused *TokenError
	if !errors.As(err, &refused) || refused.Kind != Misconfigured {
		t.Errorf("error %v, want a *TokenError of kind misconfigured", err)
	}
}

// After the first byte the token may be spent, whatever comes back.
func TestExchangeSent(t *testing.T) {
	big := strings.Repeat("x", 2<<20)
	for _, tt := range []struct {
		name, want string
		handler    func(w http.ResponseWriter, conn func() net.Conn)
	}{
		{"reset instead of an answer", "", func(_ http.ResponseWriter, conn func() net.Conn) {
			c := conn()
			_ = c.(*net.TCPConn).SetLinger(0)
			_ = c.Close()
		}},
		{"closed instead of an answer", "EOF", func(_ http.ResponseWriter, conn func() net.Conn) {
			_ = conn().Close()
		}},
		{"not HTTP", "malformed", func(_ http.ResponseWriter, conn func() net.Conn) {
			c := conn()
			_, _ = io.WriteString(c, "SSH-2.0-"+refreshToken+"\r\n\r\n")
			_ = c.Close()
		}},
		{"2 MiB", "longer than 1 MiB", func(w http.ResponseWriter, _ func() net.Conn) {
			_, _ = io.WriteString(w, big)
		}},
		{"cut short", "broke off", func(w http.ResponseWriter, _ func() net.Conn) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, `{"access_token":`)
		}},
		{"endless headers", "header", func(w http.ResponseWriter, _ func() net.Conn) {
			w.Header().Set("X-Large", strings.Repeat("x", 2*maxHeaderBytes))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int32
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				requests.Add(1)
				_, _ = io.Copy(io.Discard, r.Body)
				tt.handler(w, func() net.Conn { return hijack(t, w) })
			})
			raw, err := (&Client{}).Exchange(t.Context(), adapterAt(s.URL), refreshToken, nil)
			var failed *SendError
			if !errors.As(err, &failed) || !failed.Sent || raw != nil {
				t.Fatalf("got %v, %#v; want a *SendError with Sent true", raw, err)
			}
			if !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), refreshToken) {
				t.Errorf("error %q, want one with %q and without the token", err, tt.want)
			}
			if n := requests.Load(); n != 1 {
				t.Errorf("the token was sent %d times", n)
			}
		})
	}
}

func hijack(t *testing.T, w http.ResponseWriter) net.Conn {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		t.Error(err)
	}
	return conn
}

// The new refresh token is all that an answer must not lose.
func TestExchangeOfAnAnswerThatBreaksOffBehindTheToken(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, `{"access_token":"at","refresh_token":"rt-new","expires_i`)
	})
	a := adapterAt(s.URL)
	raw, err := (&Client{}).Exchange(t.Context(), a, refreshToken, nil)
	if err != nil {
		t.Fatal(err)
	}
	token, err := (&Client{}).Parse(a, raw)
	if err != nil || token.RefreshToken != "rt-new" || token.AccessToken != "at" {
		t.Errorf("got %+v, %v", raw, err)
	}
}

func TestExchangeRefusalsNeedNotBeWhole(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"2 MiB": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, strings.Repeat("x", 2<<20))
		},
		"cut short": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			w.WriteHeader(http.StatusForbidden)
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := &Client{}
			raw, err := c.Exchange(t.Context(), adapterAt(serve(t, handler).URL), refreshToken, nil)
			if err != nil {
				t.Fatal(err)
			}
			var refused *TokenError
			if _, err := c.Parse(&Adapter{}, raw); !errors.As(err, &refused) || refused.Kind != Transient || refused.Status != 403 {
				t.Errorf("error %#v", err)
			}
		})
	}
}

func TestExchangeKeepsTheServersWordsWithoutTheToken(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"error":"invalid_grant","error_description":"`+r.FormValue("refresh_token")+` is spent"}`)
	})
	c := &Client{}
	raw, err := c.Exchange(t.Context(), adapterAt(s.URL), "rt1", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Parse(&Adapter{ID: "acme"}, raw)
	if got, want := err.Error(), "acme: token request refused: invalid_grant: [redacted] is spent (status 400)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDefaultDeadline(t *testing.T) {
	deadline := make(chan time.Duration, 1)
	c := &Client{HTTP: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		until, ok := r.Context().Deadline()
		if !ok {
			t.Error("no deadline")
		}
		deadline <- time.Until(until)
		return nil, errors.New("enough")
	})}}
	_, err := c.Exchange(t.Context(), adapterAt("https://acme.example/t"), refreshToken, nil)
	if d := <-deadline; err == nil || d > 30*time.Second || d < 20*time.Second {
		t.Errorf("deadline in %v, error %v; want 30 s", d, err)
	}
}

// With a body that can be had again, net/http itself would repeat the request
// after some failures, and spend the token twice.
func TestTokenRequestCannotBeRepeated(t *testing.T) {
	req, err := (&Client{}).tokenRequest(t.Context(), adapterAt("https://acme.example/t"), refreshToken, &gate{})
	if err != nil || req.GetBody != nil {
		t.Errorf("error %v, or GetBody is set", err)
	}
}
