package executor_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/internal/fakeprovider"
	"github.com/kyoli-gam/kyoli/pkg/claims"
	"github.com/kyoli-gam/kyoli/pkg/executor"
	"github.com/kyoli-gam/kyoli/pkg/manager"
	"github.com/kyoli-gam/kyoli/pkg/provider"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

const base = "https://api.example.com/codex"

// pool is a transport over real account files, whose provider answers what a test says. There is no
// network, so that it can be used in a synctest bubble.
type pool struct {
	*executor.Transport
	t        testing.TB
	manager  *manager.Manager
	store    *store.File
	provider *fakeprovider.Provider // of tokens

	mu      sync.Mutex
	answers []answer // what the API will answer, in order; the last one again and again
	seen    []string // the requests, as "token model body"
	bodies  []string
	headers []http.Header
	tries   []string
	probed  []string
	events  []manager.Event
}

// answer makes the answer to one request.
type answer func(*http.Request) (*http.Response, error)

type option func(*manager.Options, *manager.SessionOptions, *executor.Transport)

// newPool makes accounts that have valid tokens, named after them.
func newPool(t testing.TB, accounts []string, options ...option) *pool {
	t.Helper()
	p := &pool{t: t, provider: fakeprovider.New(fakeprovider.Options{})}
	p.store = store.Open(filepath.Join(t.TempDir(), "accounts.json"), store.Options{})
	p.add(accounts...)
	adapter := &provider.Adapter{
		ID: "acme", ClientID: "test", TokenRequest: "form", TokenURL: "https://auth.example.com/oauth/token",
		BaseURL: base, AccountIDHeader: "X-Account", Headers: map[string]string{"X-Beta": "1"},
	}
	mo := manager.Options{
		Adapter: adapter, Store: p.store, Claims: claims.Open(p.store.Path(), claims.Options{}), OnEvent: p.event,
		Client: &provider.Client{HTTP: &http.Client{Transport: tripper(p.token)}},
	}
	mo.Settings = manager.DefaultSettings()
	mo.Settings.ProactiveRefresh = false
	so := manager.SessionOptions{Holder: claims.Holder{ID: "me", Command: "test"}}
	tr := &executor.Transport{Adapter: adapter, Base: tripper(p.answer), Rand: func() float64 { return 0.5 }}
	tr.Observe = p.observe
	tr.Usage = func(_ context.Context, a *store.Account) { p.note(&p.probed, a.Label) }
	tr.Trouble = func(err error) { t.Error(err) }
	for _, o := range options {
		o(&mo, &so, tr)
	}
	p.manager = manager.New(mo)
	tr.Session = p.manager.Session(so)
	p.Transport = tr
	t.Cleanup(func() {
		if err := tr.Session.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
		tr.Close()
	})
	return p
}

func (p *pool) add(names ...string) {
	p.t.Helper()
	_, err := p.store.Update(p.t.Context(), func(accounts *store.Accounts) error {
		for _, name := range names {
			c := p.provider.AddAccount(fakeprovider.Account{ID: "id-" + name, Email: name + "@example.com"})
			accounts.Add(&store.Account{
				UUID: "id-" + name, Label: name, AccountID: "acct-" + name, Enabled: true,
				RefreshToken: store.Secret(c.RefreshToken), AccessToken: store.Secret("at-" + name),
				ExpiresAt: store.MillisOf(time.Now().Add(time.Hour)), AddedAt: store.MillisOf(time.Now()),
			})
		}
		return nil
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// token is the token endpoint.
func (p *pool) token(r *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	p.provider.ServeHTTP(rec, r)
	return rec.Result(), nil
}

// answer notes a request to the API and answers as the test wants it.
func (p *pool) answer(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	_ = r.Body.Close()
	p.mu.Lock()
	p.seen = append(p.seen, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	p.bodies = append(p.bodies, string(body))
	p.headers = append(p.headers, r.Header)
	a := p.answers[0]
	if len(p.answers) > 1 {
		p.answers = p.answers[1:]
	}
	p.mu.Unlock()
	res, err := a(r)
	if res != nil {
		res.Request = r
	}
	return res, err
}

func (p *pool) event(e manager.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.events = append(p.events, e)
}

func (p *pool) observe(try executor.Try) {
	p.note(&p.tries, strings.TrimSpace(fmt.Sprintf("%d %s %d %s: %s", try.Number, try.Account.Label, try.Status, try.Why, try.Next)))
}

func (p *pool) note(list *[]string, s string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	*list = append(*list, s)
}

func (p *pool) tokens() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.seen...)
}

// account is what is stored of one.
func (p *pool) account(name string) *store.Account {
	p.t.Helper()
	accounts, err := p.store.Load(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	a, err := accounts.Find(name)
	if err != nil {
		p.t.Fatal(err)
	}
	return a
}

func (p *pool) edit(name string, edit func(*store.Account)) {
	p.t.Helper()
	_, err := p.store.Update(p.t.Context(), func(accounts *store.Accounts) error {
		a, err := accounts.Find(name)
		if err == nil {
			edit(a)
		}
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

// post sends a request with a body and returns status and body of the answer.
func (p *pool) post(body string, headers ...string) (int, string) {
	p.t.Helper()
	res, err := p.do(body, headers...)
	if err != nil {
		p.t.Fatal(err)
	}
	return res.StatusCode, p.read(res)
}

func (p *pool) do(body string, headers ...string) (*http.Response, error) {
	p.t.Helper()
	return p.RoundTrip(p.request(p.t.Context(), body, headers...))
}

func (p *pool) request(ctx context.Context, body string, headers ...string) *http.Request {
	p.t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/responses", strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return req
}

func (p *pool) read(res *http.Response) string {
	p.t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		p.t.Fatal(err)
	}
	return string(b)
}

// says answers with a status, a body and headers.
func says(status int, body string, headers ...string) answer {
	return func(*http.Request) (*http.Response, error) {
		h := http.Header{}
		for i := 0; i < len(headers); i += 2 {
			h.Set(headers[i], headers[i+1])
		}
		return &http.Response{
			StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)),
			ProtoMajor: 1, ProtoMinor: 1, ContentLength: int64(len(body)),
		}, nil
	}
}

// streams answers with a stream of events.
func streams(body string, headers ...string) answer {
	return says(http.StatusOK, body, append(headers, "Content-Type", "text/event-stream; charset=utf-8")...)
}

var errReset = errors.New("connection reset by peer")

func breaks(*http.Request) (*http.Response, error) { return nil, errReset }

// breaksOff is a stream that ends with an error.
func breaksOff(body string) answer {
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/event-stream"}}, ContentLength: -1,
			Body: io.NopCloser(io.MultiReader(strings.NewReader(body), failing{errReset})),
		}, nil
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
