package executor_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/pkg/executor"
	"github.com/kyoli-gam/kyoli/pkg/manager"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

const (
	created  = "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{}}\n\n"
	delta    = "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"hi\"}\n\n"
	finished = "event: response.completed\ndata: {\"type\":\"response.completed\"}\n\n"
	good     = created + delta + finished
)

func failed(code string) string {
	return created + "event: response.failed\ndata: {\"type\":\"response.failed\",\"response\":{\"status\":\"failed\",\"error\":{\"code\":\"" + code + "\",\"message\":\"no\"}}}\n\n"
}

// TestRotation is the table of what happens after each answer.
func TestRotation(t *testing.T) {
	for name, tt := range map[string]struct {
		answers []answer
		status  int
		body    string
		want    []string // the tries
	}{
		"well": {
			[]answer{says(200, "yes")}, 200, "yes", []string{"1 a 200 :"},
		},
		"not the account's fault": {
			[]answer{says(400, "no")}, 400, "no", []string{"1 a 400 :"},
		},
		"redirected": {
			[]answer{says(307, "", "Location", "https://elsewhere.example.com/")}, 307, "", []string{"1 a 307 :"},
		},
		"limited": {
			[]answer{says(429, `{"error":{"code":"rate_limit_exceeded"}}`, "Retry-After", "7"), says(200, "yes")},
			200, "yes",
			[]string{"1 a 429 429 rate_limit_exceeded: another account", "2 b 200 :"},
		},
		"limited by another status": {
			[]answer{says(404, `{"error":{"code":"usage_limit_reached","resets_in_seconds":60}}`), says(200, "yes")},
			200, "yes",
			[]string{"1 a 404 404 usage_limit_reached: another account", "2 b 200 :"},
		},
		"not found": {
			[]answer{says(404, `{"error":{"code":"model_not_found"}}`)},
			404, `{"error":{"code":"model_not_found"}}`,
			[]string{"1 a 404 :"},
		},
		"all limited": {
			[]answer{says(429, "one"), says(429, "two")},
			429, "two",
			[]string{"1 a 429 429: another account", "2 b 429 429: another account"},
		},
		"refused, then well": {
			[]answer{says(401, ""), says(200, "yes")},
			200, "yes",
			[]string{"1 a 401 401: again", "2 a 200 :"},
		},
		"refused twice": {
			[]answer{says(401, ""), says(401, ""), says(200, "yes")},
			200, "yes",
			[]string{"1 a 401 401: again", "2 a 401 401: another account", "3 b 200 :"},
		},
		"revoked": {
			[]answer{says(403, `{"error":{"type":"permission_error","message":"OAuth token has been revoked."}}`), says(200, "yes")},
			200, "yes",
			[]string{"1 a 403 403 permission_error: another account", "2 b 200 :"},
		},
		"forbidden": {
			[]answer{says(403, `{"error":{"message":"this model is not for you"}}`)},
			403, `{"error":{"message":"this model is not for you"}}`,
			[]string{"1 a 403 :"},
		},
		"a firewall's page": {
			[]answer{says(403, "<html>your token has been revoked</html>")},
			403, "<html>your token has been revoked</html>",
			[]string{"1 a 403 :"},
		},
		"busy, then well": {
			[]answer{says(503, ""), says(529, ""), says(200, "yes")},
			200, "yes",
			[]string{"1 a 503 503: again", "2 a 529 529: again", "3 a 200 :"},
		},
		"busy for one": {
			[]answer{says(500, ""), says(500, ""), says(500, ""), says(200, "yes")},
			200, "yes",
			[]string{"1 a 500 500: again", "2 a 500 500: again", "3 a 500 500: another account", "4 b 200 :"},
		},
		"busy for all": {
			[]answer{says(503, "sorry")},
			503, "sorry",
			[]string{
				"1 a 503 503: again", "2 a 503 503: again", "3 a 503 503: another account",
				"4 b 503 503: again", "5 b 503 503: again", "6 b 503 503: another account",
			},
		},
		"no network for a moment": {
			[]answer{breaks, says(200, "yes")},
			200, "yes",
			[]string{"1 a 0 no answer: again", "2 a 200 :"},
		},
		"a stream": {
			[]answer{streams(good)}, 200, good, []string{"1 a 200 :"},
		},
		"a stream that is limited at once": {
			[]answer{streams(failed("rate_limit_exceeded")), streams(good)},
			200, good,
			[]string{"1 a 200 in the stream rate_limit_exceeded: another account", "2 b 200 :"},
		},
		"a stream that is overloaded at once": {
			[]answer{streams(failed("server_is_overloaded")), streams(good)},
			200, good,
			[]string{"1 a 200 in the stream server_is_overloaded: again", "2 a 200 :"},
		},
		"a stream that is refused at once": {
			[]answer{streams(failed("token_expired")), streams(good)},
			200, good,
			[]string{"1 a 200 in the stream token_expired: again", "2 a 200 :"},
		},
		"a stream that breaks off at once": {
			[]answer{breaksOff(created), streams(good)},
			200, good,
			[]string{"1 a 200 the stream ended before its first output: again", "2 a 200 :"},
		},
		"a stream that ends at once": {
			[]answer{streams(created), streams(good)},
			200, good,
			[]string{"1 a 200 the stream ended before its first output: again", "2 a 200 :"},
		},
		"a stream that fails for its own reasons": {
			[]answer{streams(failed("context_length_exceeded"))},
			200, failed("context_length_exceeded"),
			[]string{"1 a 200 :"},
		},
		"a stream that fails in the midst": {
			[]answer{streams(created + delta + failed("rate_limit_exceeded"))},
			200, created + delta + failed("rate_limit_exceeded"),
			[]string{"1 a 200 :"},
		},
		"streams limited for all": {
			[]answer{streams(failed("usage_limit_reached"))},
			200, failed("usage_limit_reached"),
			[]string{
				"1 a 200 in the stream usage_limit_reached: another account",
				"2 b 200 in the stream usage_limit_reached: another account",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPool(t, []string{"a", "b"})
				p.answers = tt.answers
				status, body := p.post(`{"model":"m","input":"hello"}`)
				if status != tt.status || body != tt.body {
					t.Errorf("got %d %q", status, body)
				}
				if diff := cmp.Diff(tt.want, p.tries); diff != "" {
					t.Error(diff)
				}
				for _, sent := range p.bodies {
					if sent != `{"model":"m","input":"hello"}` {
						t.Errorf("the provider got %q", sent)
					}
				}
			})
		})
	}
}

func TestNetworkGoneForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, []string{"a", "b"})
		p.answers = []answer{breaks}
		_, err := p.do("{}")
		if !errors.Is(err, errReset) || len(p.tries) != 6 {
			t.Errorf("err = %v after %d tries", err, len(p.tries))
		}
		for _, name := range []string{"a", "b"} {
			if a := p.account(name); a.ConsecutiveAuthFailures != 0 || a.RateLimitResetAt != 0 || a.IsAuthDisabled {
				t.Errorf("%s is blamed: %+v", name, a)
			}
		}
	})
}

// TestMarks: what is stored after each kind of failure.
func TestMarks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, []string{"a", "b", "c", "d"})
		start := time.Now()
		p.answers = []answer{
			says(429, "", "Retry-After-Ms", "90000", "Retry-After", "3"),
			says(401, ""), says(401, ""),
			says(403, `{"error":{"code":"token_revoked"}}`),
			says(200, "yes"),
		}
		p.edit("d", func(a *store.Account) {
			a.ConsecutiveAuthFailures, a.RateLimitResetAt = 1, store.MillisOf(start.Add(-time.Second))
		})
		if status, _ := p.post(`{"input":"hello"}`); status != 200 {
			t.Fatalf("status %d: %v", status, p.tries)
		}
		if a := p.account("a"); !a.RateLimitResetAt.Time().Equal(start.Add(90 * time.Second)) {
			t.Errorf("a is limited until %s", a.RateLimitResetAt.Time().Sub(start))
		}
		if b := p.account("b"); b.ConsecutiveAuthFailures != 1 || b.IsAuthDisabled || b.AccessToken == "at-b" {
			t.Errorf("b: %+v", b)
		}
		if c := p.account("c"); !c.IsAuthDisabled || !strings.Contains(c.AuthDisabledReason, "token_revoked") {
			t.Errorf("c: %+v", c)
		}
		if d := p.account("d"); d.ConsecutiveAuthFailures != 0 || d.RateLimitResetAt != 0 {
			t.Errorf("d: %+v", d)
		}
	})
}

// TestBilledOutside: an account that begins to cost money rests for a day, whatever the status.
func TestBilledOutside(t *testing.T) {
	for claim, rests := range map[string]bool{
		"five_hour": false, "seven_day": false, "seven_day_opus": false, "": false, "sdkfz": false,
		"api": true, "overage": true, "extra_credit": true, "credits": true, "agent_sdk": true, "API": true,
	} {
		synctest.Test(t, func(t *testing.T) {
			p := newPool(t, []string{"a", "b"})
			p.answers = []answer{says(200, "yes", "Anthropic-Ratelimit-Unified-Representative-Claim", claim)}
			if status, body := p.post("{}"); status != 200 || body != "yes" {
				t.Errorf("%s: got %d %q", claim, status, body)
			}
			got := p.account("a").RateLimitResetAt
			if want := store.MillisOf(time.Now().Add(24 * time.Hour)); rests && got != want || !rests && got != 0 {
				t.Errorf("%q: limited until %s", claim, got.Time())
			}
		})
	}
}

func TestClientGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, a := range map[string]func(cancel func()) answer{
			"while it is sent": func(cancel func()) answer {
				return func(r *http.Request) (*http.Response, error) { cancel(); return nil, r.Context().Err() }
			},
			"with the answer": func(cancel func()) answer { return after(cancel, says(429, "")) },
			"with a refusal":  func(cancel func()) answer { return after(cancel, says(401, "")) },
			"in the pause": func(cancel func()) answer {
				return after(func() { time.AfterFunc(time.Second, cancel) }, says(500, ""))
			},
			"before the first": func(cancel func()) answer { cancel(); return says(200, "") },
		} {
			p := newPool(t, []string{"a", "b"})
			ctx, cancel := context.WithCancel(t.Context())
			p.answers = []answer{a(cancel)}
			res, err := p.RoundTrip(p.request(ctx, "{}"))
			if !errors.Is(err, context.Canceled) || res != nil {
				t.Errorf("%s: %v, %v", name, res, err)
			}
			if n := len(p.tokens()); n > 1 {
				t.Errorf("%s: %d requests", name, n)
			}
			if a := p.account("a"); a.RateLimitResetAt != 0 || a.ConsecutiveAuthFailures != 0 || a.AccessToken != "at-a" {
				t.Errorf("%s: blamed: %+v", name, a)
			}
			cancel()
		}
	})
}

func after(f func(), a answer) answer {
	return func(r *http.Request) (*http.Response, error) {
		f()
		return a(r)
	}
}

func TestNoAccount(t *testing.T) {
	p := newPool(t, nil)
	_, err := p.do("{}")
	var none *manager.NoAccountsError
	if !errors.As(err, &none) {
		t.Errorf("err = %v", err)
	}
	p = newPool(t, []string{"a"})
	p.edit("a", func(a *store.Account) { a.RateLimitResetAt = store.MillisOf(time.Now().Add(time.Hour)) })
	_, err = p.do("{}")
	var limited *manager.NoUsableError
	if !errors.As(err, &limited) || limited.Limited != 1 {
		t.Errorf("err = %v", err)
	}
}

// TestForeignURL: a token goes to its provider's API and nowhere else.
func TestForeignURL(t *testing.T) {
	p := newPool(t, []string{"a"})
	for _, u := range []string{"https://evil.example.com/codex/responses", "http://api.example.com/codex/responses", "https://api.example.com/other"} {
		req := p.request(t.Context(), "{}")
		req.URL, _ = url.Parse(u)
		_, err := p.RoundTrip(req)
		var foreign *executor.ForeignURLError
		if !errors.As(err, &foreign) || len(p.tokens()) > 0 {
			t.Errorf("%s: %v, sent %v", u, err, p.tokens())
		}
	}
}
