package executor_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/pkg/executor"
	"github.com/kyoli-gam/kyoli/pkg/manager"
	"github.com/kyoli-gam/kyoli/pkg/manager/pools"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// TestRetryAfterOfTheFirst: where all are limited, the client is told when the first will be free.
func TestRetryAfterOfTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, []string{"a", "b"})
		p.answers = []answer{says(429, "", "Retry-After", "40"), says(429, "", "Retry-After-Ms", "3600000", "Retry-After", "3600")}
		res, err := p.do("{}")
		if err != nil {
			t.Fatal(err)
		}
		if res.Header.Get("Retry-After") != "40" || res.Header.Get("Retry-After-Ms") != "" {
			t.Errorf("headers %v", res.Header)
		}
		p.read(res)
	})
}

// TestResetInTheBody: how long a subscription is used up is in the body.
func TestResetInTheBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, []string{"a", "b"})
		p.answers = []answer{says(429, `{"error":{"type":"usage_limit_reached","message":"The usage limit has been reached","resets_in_seconds":7200}}`), says(200, "")}
		p.post("{}")
		if got := time.Until(p.account("a").RateLimitResetAt.Time()); got != 2*time.Hour {
			t.Errorf("limited for %s", got)
		}
	})
}

func TestMaxWait(t *testing.T) {
	wait := func(_ *manager.Options, _ *manager.SessionOptions, t *executor.Transport) { t.MaxWait = time.Hour }
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, []string{"a", "b"}, wait)
		p.answers = []answer{says(429, "", "Retry-After", "2000"), says(429, "", "Retry-After", "1000"), says(200, "yes")}
		start := time.Now()
		if status, body := p.post("{}"); status != 200 || body != "yes" || time.Since(start) != 1000*time.Second {
			t.Errorf("got %d %q after %s", status, body, time.Since(start))
		}
		p.answers = []answer{says(429, "no", "Retry-After", "4000")}
		if status, _ := p.post("{}"); status != 429 {
			t.Errorf("got %d", status)
		}
	})
}

// TestPromptMemory: the second request of a prompt does not go back to the account that failed the
// first; the next prompt does, and so does one that has nothing else left.
func TestPromptMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, []string{"a", "b"})
		p.answers = []answer{says(500, ""), says(500, ""), says(500, ""), says(200, "")}
		prompt := `{"messages":[{"role":"user","content":"go"}%s]}`
		p.post(fmt.Sprintf(prompt, ""))
		p.post(fmt.Sprintf(prompt, `,{"role":"assistant","content":"…"},{"role":"tool","content":"7"}`))
		if diff := cmp.Diff([]string{"at-a", "at-a", "at-a", "at-b", "at-b"}, p.tokens()); diff != "" {
			t.Error(diff)
		}
		p.seen = nil
		p.edit("b", func(b *store.Account) { b.Enabled = false })
		time.Sleep(2 * time.Second)
		p.post(fmt.Sprintf(prompt, `,{"role":"tool","content":"8"}`))
		if diff := cmp.Diff([]string{"at-a"}, p.tokens()); diff != "" {
			t.Errorf("with nothing else left:\n%s", diff)
		}
	})
}

// TestSessionKeys: conversations stay with their accounts.
func TestSessionKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, []string{"a", "b"})
		p.answers = []answer{says(429, ""), says(200, "")}
		send := func(want, body string, headers ...string) {
			t.Helper()
			p.seen = nil
			if p.post(body, headers...); p.seen[len(p.seen)-1] != "at-"+want {
				t.Errorf("%s %v: sent %v, want %s", body, headers, p.seen, want)
			}
		}
		send("b", `{"input":"first"}`)
		p.answers = append([]answer{says(429, "")}, p.answers...)
		time.Sleep(2 * time.Minute) // a is free again
		p.edit("b", func(b *store.Account) { b.RateLimitResetAt = 0 })
		send("b", `{}`, "Session-Id", "one")
		time.Sleep(2 * time.Minute)
		send("b", `{"input":[{"role":"user","content":"first"},{"role":"assistant","content":"x"}]}`)
		send("b", `{}`, "Session-Id", "one")
		send("a", `{}`, "Session-Id", "two")
		send("a", `{"messages":[{"role":"user","content":"second"}]}`)
		send("a", `{}`)
	})
}

// TestProbeFollowsALimit: once in 30 s at most.
func TestProbeFollowsALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, []string{"a"}, func(_ *manager.Options, s *manager.SessionOptions, _ *executor.Transport) { s.Request.Account = "a" })
		p.answers = []answer{says(429, "", "Retry-After", "1")}
		for _, want := range []int{1, 1, 2} {
			p.edit("a", func(a *store.Account) { a.RateLimitResetAt = 0 })
			if status, _ := p.post("{}"); status != 429 {
				t.Fatalf("status %d", status)
			}
			synctest.Wait()
			if p.mu.Lock(); len(p.probed) != want {
				t.Errorf("asked %d times, want %d", len(p.probed), want)
			}
			p.mu.Unlock()
			time.Sleep(16 * time.Second)
		}
	})
}

// TestBodies: what is sent again is what came in, of any size; one that is too large is sent once.
func TestBodies(t *testing.T) {
	for _, size := range []int{0, 1, 1 << 20, 1<<20 + 1, 3 << 20} {
		p := newPool(t, []string{"a", "b"})
		p.answers = []answer{says(429, ""), says(200, "")}
		body := make([]byte, size)
		_, _ = rand.NewChaCha8([32]byte{}).Read(body)
		req := p.request(t.Context(), "")
		req.Body, req.ContentLength, req.GetBody = io.NopCloser(bytes.NewReader(body)), -1, nil
		res, err := p.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		p.read(res)
		if res.StatusCode != 200 || len(p.bodies) != 2 || p.bodies[0] != string(body) || p.bodies[1] != string(body) {
			t.Errorf("%d bytes: status %d, %d requests", size, res.StatusCode, len(p.bodies))
		}
	}
}

// zeros are n bytes.
func zeros(n int64) io.ReadCloser { return io.NopCloser(io.LimitReader(zero{}, n)) }

type zero struct{}

func (zero) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestBodyTooLarge(t *testing.T) {
	const size = 64<<20 + 1
	for _, known := range []bool{true, false} {
		p := newPool(t, []string{"a", "b"})
		p.answers = []answer{says(429, "no"), says(200, "")}
		req := p.request(t.Context(), "")
		req.Body, req.ContentLength, req.GetBody = zeros(size), -1, nil
		if known {
			req.ContentLength = size
		}
		res, err := p.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		if body := p.read(res); res.StatusCode != 429 || body != "no" || len(p.bodies) != 1 || len(p.bodies[0]) != size {
			t.Errorf("known %v: status %d, %d requests", known, res.StatusCode, len(p.bodies))
		}
		if p.account("a").RateLimitResetAt == 0 {
			t.Errorf("known %v: the limit was not noted", known)
		}
	}
}

// TestHeaders: what comes in is passed on, but for credentials and what is for the next hop.
func TestHeaders(t *testing.T) {
	p := newPool(t, []string{"a"})
	p.answers = []answer{says(200, "")}
	p.post("{}", "Authorization", "Bearer mine", "X-Api-Key", "mine", "Cookie", "mine", "Api-Key", "mine", "Proxy-Authorization", "mine",
		"X-Account", "mine", "Connection", "close, X-Hop", "X-Hop", "1", "Keep-Alive", "1", "Te", "trailers", "Transfer-Encoding", "chunked",
		"Upgrade", "websocket", "Expect", "100-continue", "Accept-Encoding", "br", "Originator", "opencode", "User-Agent", "me/1", "Content-Type", "application/json")
	want := http.Header{
		"Authorization": {"Bearer at-a"}, "X-Account": {"acct-a"}, "X-Beta": {"1"}, "Accept-Encoding": {"identity"},
		"Originator": {"opencode"}, "User-Agent": {"me/1"}, "Content-Type": {"application/json"},
	}
	if diff := cmp.Diff(want, p.headers[0]); diff != "" {
		t.Error(diff)
	}
}

// TestStreamPassesAtOnce: nothing comes before the first output, everything at once after it.
func TestStreamPassesAtOnce(t *testing.T) {
	p := newPool(t, []string{"a"})
	r, w := io.Pipe()
	p.answers = []answer{func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"text/event-stream"}}, Body: r, ContentLength: -1}, nil
	}}
	answered := make(chan *http.Response)
	go func() {
		res, err := p.do("{}")
		if err != nil {
			t.Error(err)
		}
		answered <- res
	}()
	write := func(s string) {
		if _, err := io.WriteString(w, s); err != nil { // a pipe's write returns when all of it was read
			t.Error(err)
		}
	}
	write(created)
	select {
	case <-answered:
		t.Fatal("an answer before the first output")
	default:
	}
	write(delta)
	res := <-answered
	read := func(want string) {
		t.Helper()
		got := make([]byte, len(want))
		if _, err := io.ReadFull(res.Body, got); err != nil || string(got) != want {
			t.Fatalf("got %q, %v", got, err)
		}
	}
	read(created + delta)
	for range 3 {
		go write(delta[:20]) // not even a whole event is waited for
		read(delta[:20])
	}
	go func() { _ = w.Close() }()
	if rest := p.read(res); rest != "" {
		t.Errorf("more: %q", rest)
	}
}

// TestGateLetsAWaitingClientKnow: a stream that says nothing but that it is alive is let through
// before the client gives up.
func TestGateLetsAWaitingClientKnow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, []string{"a"})
		r, w := io.Pipe()
		p.answers = []answer{func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"text/event-stream"}}, Body: r, ContentLength: -1}, nil
		}}
		start := time.Now()
		go func() {
			_, _ = io.WriteString(w, created)
			for range 5 {
				time.Sleep(10 * time.Second)
				_, _ = io.WriteString(w, ": alive\n\n")
			}
			_ = w.Close()
		}()
		res, err := p.do("{}")
		if err != nil || time.Since(start) != 40*time.Second {
			t.Fatalf("%v after %s", err, time.Since(start))
		}
		p.read(res)
	})
}

// TestOneRefreshForMany: requests side by side whose token is refused make one token request.
func TestOneRefreshForMany(t *testing.T) {
	p := newPool(t, []string{"a"})
	p.answers = []answer{func(r *http.Request) (*http.Response, error) {
		if r.Header.Get("Authorization") == "Bearer at-a" {
			return says(401, "")(r)
		}
		return says(200, "yes")(r)
	}}
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			if status, _ := p.post(fmt.Sprintf(`{"input":"%d"}`, i)); status != 200 {
				t.Errorf("status %d", status)
			}
		})
	}
	all.Wait()
	n := 0
	for _, r := range p.provider.Requests() {
		if r.Endpoint == "token" {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d token requests", n)
	}
}

// TestExpiredToken: a token that ends in the middle of a session is renewed, and the client sees
// nothing of it.
func TestExpiredToken(t *testing.T) {
	p := newPool(t, []string{"a"})
	p.edit("a", func(a *store.Account) { a.ExpiresAt = store.MillisOf(time.Now().Add(-time.Hour)) })
	p.answers = []answer{says(200, "")}
	p.post("{}")
	p.post("{}")
	if got := p.tokens(); len(got) != 2 || got[0] == "at-a" || got[0] != got[1] {
		t.Errorf("sent %v", got)
	}
}

// TestDeadLogin: an account whose login has ended is passed over.
func TestDeadLogin(t *testing.T) {
	p := newPool(t, []string{"a", "b"})
	p.edit("a", func(a *store.Account) {
		a.ExpiresAt, a.RefreshToken = store.MillisOf(time.Now().Add(-time.Hour)), "dead"
	})
	p.answers = []answer{says(200, "yes")}
	if status, _ := p.post("{}"); status != 200 || !p.account("a").IsAuthDisabled {
		t.Errorf("status %d, a: %+v", status, p.account("a"))
	}
}

// TestChainModel: an entry's model takes the place of the request's, and nothing else changes.
func TestChainModel(t *testing.T) {
	config := func() (*pools.Config, error) {
		return &pools.Config{
			Pools:  []*pools.Pool{{Name: "p", BaseProvider: "acme", Members: []string{"id-b"}, Enabled: true}},
			Chains: []*pools.Chain{{Name: "c", Enabled: true, Entries: []*pools.Entry{{Pool: "p", Model: "small", Enabled: true}}}},
		}, nil
	}
	long := strings.Repeat("x", 2<<20)
	for _, body := range []string{`{ "input": "hello", "model" : "large",  "n": 1.0 }`, `{"input":"` + long + `","model":"large"}`, "no JSON"} {
		p := newPool(t, []string{"a", "c", "b"}, func(_ *manager.Options, s *manager.SessionOptions, _ *executor.Transport) { s.Pools = config })
		p.answers = []answer{says(429, ""), says(200, "")}
		p.post(body)
		want := strings.Replace(body, `"large"`, `"small"`, 1)
		if len(p.bodies) != 2 || p.seen[1] != "at-b" || p.bodies[0] != body || p.bodies[1] != want {
			t.Errorf("%.20s: sent %v, bodies %d", body, p.seen, len(p.bodies))
		}
	}
}
