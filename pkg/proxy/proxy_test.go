package proxy_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/pkg/proxy"
)

// world is a proxy on loopback in front of an upstream.
type world struct {
	t       *testing.T
	url     string
	addr    string
	secret  proxy.Secret
	metrics *proxy.Metrics

	mu      sync.Mutex
	records []proxy.Record
	logged  chan struct{}
}

var errUpstream = errors.New("no account")

// start runs a proxy in front of upstream, by way of http.DefaultTransport or another.
func start(t *testing.T, upstream http.HandlerFunc, options ...func(*proxy.Options)) *world {
	t.Helper()
	up := httptest.NewServer(upstream)
	t.Cleanup(up.Close)
	w := &world{t: t, secret: proxy.NewSecret(), metrics: proxy.NewMetrics(), logged: make(chan struct{}, 10000)}
	key := proxy.Key{Name: "test", Hash: w.secret.Hash()}
	other := proxy.Key{Name: "other", Hash: proxy.NewSecret().Hash()}
	o := proxy.Options{
		Upstreams: map[string]proxy.Upstream{"acme": {
			BaseURL:   up.URL + "/base/",
			Allow:     func(path string) bool { return strings.HasPrefix(path, "/v1/") },
			Transport: &http.Transport{DisableCompression: true},
		}},
		Keys: func() ([]proxy.Key, error) { return []proxy.Key{other, key}, nil },
		Explain: func(err error) *proxy.Problem {
			if errors.Is(err, errUpstream) {
				return &proxy.Problem{Status: 429, Code: "limited", Message: "all are limited", RetryAfter: 1500 * time.Millisecond}
			}
			return &proxy.Problem{Status: 502, Code: "bad_gateway", Message: "no answer"}
		},
		Metrics: w.metrics, Log: w.log,
	}
	for _, option := range options {
		option(&o)
	}
	p, err := proxy.New(o)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := proxy.Serve(ctx, p, proxy.Stop{Grace: time.Second}, l); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		cancel()
		serving.Wait()
	})
	w.addr = l.Addr().String()
	w.url = "http://" + w.addr
	return w
}

func (w *world) log(r proxy.Record) {
	w.mu.Lock()
	w.records = append(w.records, r)
	w.mu.Unlock()
	w.logged <- struct{}{}
}

// record waits for the log of one more request.
func (w *world) record() proxy.Record {
	<-w.logged
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.records[len(w.records)-1]
}

func (w *world) request(method, path, body string, headers ...string) *http.Request {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			req.Host = headers[i+1]
			continue
		}
		req.Header.Add(headers[i], headers[i+1])
	}
	return req
}

func (w *world) do(method, path, body string, headers ...string) (*http.Response, string) {
	w.t.Helper()
	res, err := http.DefaultTransport.RoundTrip(w.request(method, path, body, headers...))
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return res, string(b)
}

func (w *world) bearer() string { return "Bearer " + w.secret.Reveal() }

// TestForward: what comes in goes out, without what is between the program and the proxy, and the same
// on the way back.
func TestForward(t *testing.T) {
	var got *http.Request
	var body string
	w := start(t, func(rw http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got, body = r, string(b)
		h := rw.Header()
		h.Add("Set-Cookie", "a=b")
		h.Set("Alt-Svc", "h3")
		h.Set("Keep-Alive", "5")
		h.Set("X-Request-Id", "theirs")
		h.Add("X-Many", "1")
		h.Add("X-Many", "2")
		rw.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(rw, "short and stout")
	})
	res, answer := w.do("POST", "/acme/v1/messages?beta=true&key=mine&note=kyr_abc&x=%20", `{"a":1}`,
		"Authorization", w.bearer(), "X-Api-Key", "mine", "Cookie", "a=b", "Proxy-Authorization", "mine", "Connection", "X-Hop", "X-Hop", "1",
		"User-Agent", "me/1", "Anthropic-Version", "2023-06-01", "Accept-Encoding", "identity", "Content-Type", "application/json")
	if res.StatusCode != http.StatusTeapot || answer != "short and stout" {
		t.Errorf("got %d %q", res.StatusCode, answer)
	}
	if got.URL.String() != "/base/v1/messages?beta=true&x=%20" || got.Method != "POST" || body != `{"a":1}` {
		t.Errorf("upstream got %s %s %q", got.Method, got.URL, body)
	}
	want := http.Header{
		"User-Agent": {"me/1"}, "Anthropic-Version": {"2023-06-01"}, "Accept-Encoding": {"identity"}, "Content-Type": {"application/json"},
		"Content-Length": {"7"},
	}
	if diff := cmp.Diff(want, got.Header); diff != "" {
		t.Error(diff)
	}
	id := res.Header.Get(proxy.IDHeader)
	for _, name := range []string{"Date", proxy.IDHeader} {
		res.Header.Del(name)
	}
	want = http.Header{"X-Request-Id": {"theirs"}, "X-Many": {"1", "2"}, "Content-Length": {"15"}, "Content-Type": {"text/plain; charset=utf-8"}}
	if diff := cmp.Diff(want, res.Header); diff != "" {
		t.Error(diff)
	}
	rec := w.record()
	if rec.ID != id || id == "" || rec.Key != "test" || rec.Provider != "acme" || rec.Path != "/v1/messages" || rec.Status != 418 || rec.Bytes != 15 || rec.Err != nil {
		t.Errorf("logged %+v", rec)
	}
}

// TestSecrets: by header or path, and by nothing else.
func TestSecrets(t *testing.T) {
	asked := 0
	w := start(t, func(http.ResponseWriter, *http.Request) { asked++ })
	secret := w.secret.Reveal()
	wrong := proxy.NewSecret().Reveal()
	for name, tt := range map[string]struct {
		path    string
		headers []string
		want    int
	}{
		"bearer":              {"/acme/v1/a", []string{"Authorization", "Bearer " + secret}, 200},
		"bearer, lower case":  {"/acme/v1/a", []string{"Authorization", "bearer " + secret}, 200},
		"api key":             {"/acme/v1/a", []string{"X-Api-Key", secret}, 200},
		"path":                {"/" + secret + "/acme/v1/a", nil, 200},
		"path, other header":  {"/" + secret + "/acme/v1/a", []string{"Authorization", "Bearer their-own"}, 200},
		"none":                {"/acme/v1/a", nil, 401},
		"wrong bearer":        {"/acme/v1/a", []string{"Authorization", "Bearer " + wrong}, 401},
		"wrong path":          {"/" + wrong + "/acme/v1/a", []string{"Authorization", "Bearer " + secret}, 401},
		"half of it":          {"/acme/v1/a", []string{"Authorization", "Bearer " + secret[:20]}, 401},
		"more than it":        {"/acme/v1/a", []string{"Authorization", "Bearer " + secret + "x"}, 401},
		"empty bearer":        {"/acme/v1/a", []string{"Authorization", "Bearer "}, 401},
		"basic":               {"/acme/v1/a", []string{"Authorization", "Basic " + secret}, 401},
		"in the query":        {"/acme/v1/a?key=" + secret, nil, 401},
		"no provider, secret": {"/" + secret, nil, 404},
		"nowhere, no secret":  {"/nowhere", nil, 401},
		"behind the provider": {"/acme/v1/" + secret, []string{"X-Api-Key", secret}, 404},
		"behind it, escaped":  {"/acme/v1/%6b" + secret[1:], []string{"X-Api-Key", secret}, 404},
		"twice":               {"/" + secret + "/" + secret + "/v1/a", nil, 404},
	} {
		before := asked
		res, body := w.do("GET", tt.path, "", tt.headers...)
		if res.StatusCode != tt.want || (asked > before) != (tt.want == 200) {
			t.Errorf("%s: %d, asked %d times", name, res.StatusCode, asked-before)
		}
		if strings.Contains(body, "kyr_") {
			t.Errorf("%s: %s", name, body)
		}
		rec := w.record()
		if strings.Contains(fmt.Sprintf("%+v", rec), "kyr_") {
			t.Errorf("%s: logged %+v", name, rec)
		}
		if tt.want == 401 && res.Header.Get("Www-Authenticate") == "" {
			t.Errorf("%s: does not say what it wants", name)
		}
	}
}

func TestRefusals(t *testing.T) {
	asked := 0
	w := start(t, func(http.ResponseWriter, *http.Request) { asked++ }, func(o *proxy.Options) {
		o.MaxBody = 10
		o.Host = func(name string) bool { return name == "kyoli.example.com" }
	})
	for name, tt := range map[string]struct {
		method, path, body string
		headers            []string
		want               int
	}{
		"fine":                   {"GET", "/acme/v1/a", "", nil, 200},
		"another host":           {"GET", "/acme/v1/a", "", []string{"Host", "evil.example.com"}, 421},
		"another host, health":   {"GET", "/healthz", "", []string{"Host", "evil.example.com"}, 421},
		"another host and port":  {"GET", "/acme/v1/a", "", []string{"Host", "evil.example.com:80"}, 421},
		"an address of the net":  {"GET", "/acme/v1/a", "", []string{"Host", "192.0.2.1"}, 421},
		"localhost":              {"GET", "/acme/v1/a", "", []string{"Host", "LOCALHOST:1"}, 200},
		"loopback 6":             {"GET", "/acme/v1/a", "", []string{"Host", "[::1]:1"}, 200},
		"its other name":         {"GET", "/acme/v1/a", "", []string{"Host", "kyoli.example.com:443"}, 200},
		"a page":                 {"POST", "/acme/v1/a", "", []string{"Origin", "https://evil.example.com"}, 403},
		"a page on localhost":    {"POST", "/acme/v1/a", "", []string{"Origin", "http://localhost:3000"}, 403},
		"a sandboxed page":       {"POST", "/acme/v1/a", "", []string{"Origin", "null"}, 403},
		"across sites":           {"GET", "/acme/v1/a", "", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		"itself":                 {"GET", "/acme/v1/a", "", []string{"Origin", "http://" + w.addr, "Sec-Fetch-Site", "same-origin"}, 200},
		"another path":           {"GET", "/acme/v2/a", "", nil, 404},
		"another provider":       {"GET", "/other/v1/a", "", nil, 404},
		"CONNECT by name":        {"TRACE", "/acme/v1/a", "", nil, 405},
		"preflight":              {"OPTIONS", "/acme/v1/a", "", nil, 405},
		"a body that is too big": {"POST", "/acme/v1/a", "01234567890", nil, 413},
		"a body that just fits":  {"POST", "/acme/v1/a", "0123456789", nil, 200},
	} {
		before := asked
		res, body := w.do(tt.method, tt.path, tt.body, append(tt.headers, "Authorization", w.bearer())...)
		if res.StatusCode != tt.want || (asked > before) != (tt.want == 200) {
			t.Errorf("%s: %d, asked %d times", name, res.StatusCode, asked-before)
		}
		var problem struct {
			Error struct{ Code, Message string }
		}
		if err := json.Unmarshal([]byte(body), &problem); tt.want != 200 && (err != nil || problem.Error.Code == "" || !strings.HasPrefix(problem.Error.Message, "kyoli: ")) {
			t.Errorf("%s: %s", name, body)
		}
		if tt.path != "/healthz" && w.record().Status != tt.want {
			t.Errorf("%s: not logged", name)
		}
	}
}

// TestBodyOverTheLimit whose length nobody knows before.
func TestBodyOverTheLimit(t *testing.T) {
	w := start(t, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }, func(o *proxy.Options) { o.MaxBody = 10 })
	req := w.request("POST", "/acme/v1/a", "", "Authorization", w.bearer())
	req.Body, req.ContentLength = io.NopCloser(strings.NewReader(strings.Repeat("x", 100<<10))), -1 // so much is still read after the answer
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d", res.StatusCode)
	}
}

func TestOwnAnswers(t *testing.T) {
	w := start(t, nil, func(o *proxy.Options) {
		up := o.Upstreams["acme"]
		up.Transport = failing{}
		o.Upstreams["acme"] = up
	})
	res, body := w.do("POST", "/acme/v1/a", "", "Authorization", w.bearer())
	want := `{"error":{"code":"limited","message":"kyoli: all are limited","type":"limited"},"type":"error"}` + "\n"
	if res.StatusCode != 429 || res.Header.Get("Retry-After") != "2" || body != want {
		t.Errorf("got %d %v %s", res.StatusCode, res.Header, body)
	}
	if rec := w.record(); !errors.Is(rec.Err, errUpstream) {
		t.Errorf("logged %+v", rec)
	}
}

type failing struct{}

func (failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, errUpstream }

func TestHealthAndMetrics(t *testing.T) {
	for _, guarded := range []bool{false, true} {
		w := start(t, func(http.ResponseWriter, *http.Request) {}, func(o *proxy.Options) { o.Guarded = guarded })
		if res, body := w.do("GET", "/healthz", ""); res.StatusCode != 200 || body != "{\"status\":\"ok\"}\n" {
			t.Errorf("health: %d %q", res.StatusCode, body)
		}
		if res, _ := w.do("POST", "/healthz", ""); res.StatusCode != 405 {
			t.Errorf("health by POST: %d", res.StatusCode)
		}
		for range 3 {
			w.do("GET", "/acme/v1/a", "", "Authorization", w.bearer())
			w.record()
		}
		w.do("GET", "/acme/v1/a", "")
		w.record()
		w.metrics.Tried("acme")
		w.metrics.Switched("acme")
		w.metrics.Limited("acme")
		w.metrics.Refreshed("acme")
		if res, _ := w.do("GET", "/metrics", ""); (res.StatusCode == 200) == guarded {
			t.Errorf("guarded %v: %d without a secret", guarded, res.StatusCode)
		}
		_, body := w.do("GET", "/metrics", "", "Authorization", w.bearer())
		for _, line := range []string{
			`kyoli_proxy_requests_total{provider="acme",status="200"} 3`,
			`kyoli_proxy_requests_total{provider="",status="401"} `,
			`kyoli_proxy_request_seconds_count{provider="acme"} 3`,
			`kyoli_proxy_first_byte_seconds_bucket{provider="acme",le="+Inf"} 3`,
			`kyoli_proxy_open_answers 0`,
			`kyoli_tries_total{provider="acme"} 1`, `kyoli_switches_total{provider="acme"} 1`,
			`kyoli_limits_total{provider="acme"} 1`, `kyoli_refreshes_total{provider="acme"} 1`,
		} {
			if !strings.Contains(body, line) {
				t.Errorf("metrics lack %s:\n%s", line, body)
			}
		}
	}
}

// TestStreams: each event is with the client before the next one is made.
func TestStreams(t *testing.T) {
	next := make(chan string)
	w := start(t, func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "text/event-stream")
		for e := range next {
			_, _ = io.WriteString(rw, e)
			_ = http.NewResponseController(rw).Flush()
		}
	})
	go func() { next <- "data: 0\n\n" }()
	res, err := http.DefaultTransport.RoundTrip(w.request("POST", "/acme/v1/a", "", "Authorization", w.bearer()))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewReader(res.Body)
	for i := range 5 {
		if i > 0 {
			next <- fmt.Sprintf("data: %d\n\n", i)
		}
		line, err := lines.ReadString('\n')
		if err != nil || line != fmt.Sprintf("data: %d\n", i) {
			t.Fatalf("got %q, %v", line, err)
		}
		_, _ = lines.ReadString('\n')
	}
	close(next)
	if _, err := lines.ReadByte(); !errors.Is(err, io.EOF) {
		t.Errorf("ended with %v", err)
	}
}
