package provider

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const accessToken = "at-1-do-not-show"

func probedAt(url string) *Adapter {
	return &Adapter{
		ID: "acme", UsageURL: url, ProfileURL: url, UsageFormat: UsageFormatAuto,
		AccountIDHeader: "X-Account", Headers: map[string]string{"X-Api-Version": "2"},
	}
}

// probes are both endpoints, which share everything but the form of the answer.
var probes = map[Probed]func(*Client, *testing.T, *Adapter, string) error{
	ProbedUsage: func(c *Client, t *testing.T, a *Adapter, access string) error {
		_, err := c.Usage(t.Context(), a, access, "acct")
		return err
	},
	ProbedProfile: func(c *Client, t *testing.T, a *Adapter, access string) error {
		_, err := c.Profile(t.Context(), a, access, "acct")
		return err
	},
}

func TestProbeRequest(t *testing.T) {
	for what, probe := range probes {
		var got *http.Request
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			got = r
			_, _ = io.WriteString(w, `{"five_hour":null,"email":"a@example.com"}`)
		})
		if err := probe(&Client{Version: "1.2"}, t, probedAt(s.URL+"/x?y=z"), accessToken); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		want := http.Header{
			"Authorization": {"Bearer " + accessToken}, "Accept": {"application/json"}, "Accept-Encoding": {"gzip"},
			"User-Agent": {"kyoli/1.2"}, "X-Account": {"acct"}, "X-Api-Version": {"2"},
		}
		if diff := cmp.Diff(want, got.Header); diff != "" || got.Method != "GET" || got.RequestURI != "/x?y=z" {
			t.Errorf("%s: %s %s\n%s", what, got.Method, got.RequestURI, diff)
		}
	}
}

// What cannot be asked is said before anything is sent, without the token.
func TestProbeNothingSent(t *testing.T) {
	s := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") })
	for _, tt := range []struct{ name, url, access, want string }{
		{"no endpoint", "", accessToken, "the adapter has no %s_url"},
		{"plain http", "http://acme.example/u", accessToken, "%s_url: want https; plain http is for 127.0.0.1, ::1 and localhost only"},
		{"password in the URL", "https://me:" + accessToken + "@acme.example/", accessToken, "%s_url: a URL must not hold a user name or password"},
		{"no token", s.URL, "", "there is no access token to ask with"},
		{"token that breaks a header", s.URL, accessToken + "\r\nX: y", "the access token cannot be sent in a header"},
	} {
		for what, probe := range probes {
			err := probe(&Client{}, t, probedAt(tt.url), tt.access)
			want := tt.want
			if strings.Contains(want, "%s") {
				want = fmt.Sprintf(want, what)
			}
			if got := fmt.Sprint(err); got != fmt.Sprintf("acme: no %s: %s", what, want) {
				t.Errorf("%s: %s", tt.name, got)
			}
		}
	}
}

func TestProbeRefusals(t *testing.T) {
	const html = "<html>go away</html>"
	for _, tt := range []struct {
		name         string
		status       int
		body         string
		want         ProbeError
		unauthorized bool
		hint         string
	}{
		{"nested error", 401, `{"error":{"type":"authentication_error","message":"expired"}}`, ProbeError{Code: "authentication_error", Description: "expired"}, true, ""},
		{"detail", 401, `{"detail":"Unauthorized"}`, ProbeError{Description: "Unauthorized"}, true, ""},
		{"message", 400, `{"message":"no"}`, ProbeError{Description: "no"}, false, ""},
		{"401 without a word", 401, ``, ProbeError{Description: "the access token was refused"}, true, ""},
		{"a firewall", 403, html, ProbeError{Description: "not allowed with this access token"}, false, ""},
		{"no such address", 404, html, ProbeError{Description: "there is no such address"}, false, "kyoli providers show acme"},
		{"redirect", 307, ``, ProbeError{Description: "the provider redirects; a token is not sent after it"}, false, "kyoli providers show acme"},
		{"too many", 429, ``, ProbeError{Description: "too many requests"}, false, ""},
		{"trouble", 503, html, ProbeError{Description: "the provider is in trouble"}, false, ""},
		{"odd", 418, html, ProbeError{Description: "an answer without a reason"}, false, ""},
		{"the token in the answer", 401, `{"detail":"bad ` + accessToken + `\u001b[31m"}`, ProbeError{Description: "bad [redacted][31m"}, true, ""},
		{"2 MiB of it", 500, strings.Repeat("x", 2<<20), ProbeError{Description: "the provider is in trouble"}, false, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			elsewhere := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") })
			s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", elsewhere.URL)
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			})
			for what, probe := range probes {
				var got *ProbeError
				if err := probe(&Client{}, t, probedAt(s.URL), accessToken); !errors.As(err, &got) {
					t.Fatalf("%s: error %#v", what, err)
				}
				tt.want.Provider, tt.want.Probed, tt.want.Status = "acme", what, tt.status
				if diff := cmp.Diff(&tt.want, got); diff != "" {
					t.Errorf("%s: -want +got:\n%s", what, diff)
				}
				if got.Unauthorized() != tt.unauthorized || got.Hint() != tt.hint {
					t.Errorf("%s: unauthorized %v, hint %q", what, got.Unauthorized(), got.Hint())
				}
			}
		})
	}
}

func TestProbeWithoutAnAnswer(t *testing.T) {
	for _, tt := range []struct {
		name, want string
		handler    func(http.ResponseWriter, func() net.Conn)
	}{
		{"closed", "acme: no usage: EOF", func(_ http.ResponseWriter, conn func() net.Conn) { _ = conn().Close() }},
		{"the token in no HTTP", "[redacted]", func(_ http.ResponseWriter, conn func() net.Conn) {
			c := conn()
			_, _ = io.WriteString(c, "SSH-2.0-"+accessToken+"\r\n\r\n")
			_ = c.Close()
		}},
		{"2 MiB", "longer than 1 MiB", func(w http.ResponseWriter, _ func() net.Conn) {
			_, _ = io.WriteString(w, strings.Repeat("x", 2<<20))
		}},
		{"cut short", "broke off", func(w http.ResponseWriter, _ func() net.Conn) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, `{"five_hour":`)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int32
			s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				requests.Add(1)
				tt.handler(w, func() net.Conn { return hijack(t, w) })
			})
			_, err := (&Client{}).Usage(t.Context(), probedAt(s.URL), accessToken, "")
			var failed *ProbeError
			if !errors.As(err, &failed) || failed.Status != 0 || failed.Err == nil || failed.Hint() != "" {
				t.Fatalf("got %#v; want a *ProbeError with its cause", err)
			}
			if !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), accessToken) || strings.Contains(err.Error(), s.URL) {
				t.Errorf("error %q, want one with %q and without token and URL", err, tt.want)
			}
			if n := requests.Load(); n != 1 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

func TestProbeWithTheNetworkDown(t *testing.T) {
	c := &Client{HTTP: dialing(dnsFails)}
	_, err := c.Usage(t.Context(), probedAt("https://acme.example/u"), accessToken, "")
	if want := "acme: no usage: lookup acme.example: no such host"; err == nil || err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}
