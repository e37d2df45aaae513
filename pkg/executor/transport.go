package executor

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/kyoli-gam/kyoli/internal/hop"
	"github.com/kyoli-gam/kyoli/internal/spool"
	"github.com/kyoli-gam/kyoli/pkg/manager"
	"github.com/kyoli-gam/kyoli/pkg/provider"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// How much of a request is kept so that it can be sent again, in bytes.
const (
	bodyInMemory = 1 << 20
	bodyMost     = 64 << 20
)

// probeEvery is how often, at most, an account's usage is asked for after it met a limit.
const probeEvery = 30 * time.Second

// Transport is an http.RoundTripper that sends requests to one provider's API with an account of the
// pool, and with another one where the first has met a limit or is not let in. A client sees the
// answer that was good, or the last one that was not.
//
// A body of up to 64 MiB is kept for this, in memory to 1 MiB and then in a file without a name; a
// longer one is sent once. A stream of events is held back until its first output, so that one which
// fails before that can be sent again. Credentials that come with a request are replaced.
//
// The answer is an error where nothing was sent: *[ForeignURLError], or what the manager said when
// there was no account (*[manager.NoUsableError] and others); where no answer came, the last error of
// the network; and the context's, where the client has gone, for which no account is blamed.
//
// Session and Adapter are required. It is safe for concurrent use. Close it after the session.
type Transport struct {
	// Session chooses the accounts.
	Session *manager.Session
	// Adapter is the provider.
	Adapter *provider.Adapter
	// Base carries the requests; nil = [provider.Adapter.APITransport] without a proxy.
	Base http.RoundTripper
	// Usage is called after an account has met a limit, beside the requests and at most every 30 s
	// an account, to ask the provider how limited it is. nil = nobody asks.
	Usage func(ctx context.Context, a *store.Account)
	// MaxWait is how long a request waits where all accounts are limited; 0 = not.
	MaxWait time.Duration
	// Observe is told of each try, in the request's goroutine. nil = nobody listens.
	Observe func(Try)
	// Trouble is told what could not be written down, which does not stop the work. nil = nobody
	// listens.
	Trouble func(error)
	// Now is the clock, nil = time.Now; Rand gives jitter, a number in [0, 1), nil = math/rand/v2.
	Now  func() time.Time
	Rand func() float64

	prompts prompts

	once   sync.Once
	base   http.RoundTripper
	api    provider.API
	cancel context.CancelFunc

	mu     sync.Mutex
	ctx    context.Context
	probed map[string]time.Time // by credential owner
	probes sync.WaitGroup
	closed bool
}

// Try is one sending of a request.
type Try struct {
	// Account is whose token was sent.
	Account *store.Account
	// Number counts the tries of a request, from 1.
	Number int
	// Status is that of the answer, 0 where none came.
	Status int
	// Limited says that the account has met a limit.
	Limited bool
	// Why says what was wrong with the answer, in words; empty where it was passed on.
	Why string
	// Next says what is done about it: [NextNone], [NextAgain] or [NextOther].
	Next string
}

// What is done after a try.
const (
	NextNone  = ""                // the answer is passed on
	NextAgain = "again"           // the same account is tried again
	NextOther = "another account" // another account is tried
)

// ForeignURLError says that a request is not for the provider's API, so that its token is not sent.
type ForeignURLError struct {
	// Host and Path are where the request would have gone.
	Host, Path string
	// Provider is whose token it would have carried.
	Provider string
}

// Error implements error.
func (e *ForeignURLError) Error() string {
	return fmt.Sprintf("%s%s is not part of the API of provider %s", e.Host, e.Path, e.Provider)
}

// RoundTrip implements http.RoundTripper.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	t.once.Do(t.begin)
	if !t.api.Serves(req.URL) {
		closeBody(req)
		return nil, &ForeignURLError{Host: req.URL.Host, Path: req.URL.Path, Provider: t.Adapter.ID}
	}
	size := req.ContentLength
	if size == 0 && req.Body != nil && req.Body != http.NoBody {
		size = -1
	}
	body, err := spool.New(req.Body, size, spool.Limits{Memory: bodyInMemory, Most: bodyMost})
	if err != nil {
		return nil, fmt.Errorf("the request's body: %w", err)
	}
	r := &request{t: t, req: req, body: body, ctx: req.Context(), began: t.now()}
	r.keys = keysOf(req.Header, body.Head(), body.InMemory())
	if r.prompt == "" {
		r.prompt = r.session
	}
	res, err := r.run()
	if err != nil {
		body.Close()
		return nil, err
	}
	res.Request = req
	return res, nil
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}

// begin fills in what was left out.
func (t *Transport) begin() {
	t.api = t.Adapter.API()
	t.base = t.Base
	if t.base == nil {
		t.base = t.Adapter.APITransport(nil)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ctx, t.cancel = context.WithCancel(context.Background())
	t.probed = map[string]time.Time{}
}

// Close ends what goes on beside the requests and closes idle connections.
func (t *Transport) Close() {
	t.once.Do(t.begin)
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.cancel()
	t.probes.Wait()
	if idle, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		idle.CloseIdleConnections()
	}
}

func (t *Transport) now() time.Time {
	if t.Now == nil {
		return time.Now()
	}
	return t.Now()
}

func (t *Transport) random() float64 {
	if t.Rand == nil {
		return rand.Float64() //nolint:gosec // jitter is no secret
	}
	return t.Rand()
}

func (t *Transport) trouble(err error) {
	if err != nil && t.Trouble != nil {
		t.Trouble(err)
	}
}

// probe asks how limited an account is that has just met a limit.
func (t *Transport) probe(a *store.Account) {
	if t.Usage == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if last, ok := t.probed[a.OwnerID()]; t.closed || ok && now.Sub(last) < probeEvery {
		return
	}
	t.probed[a.OwnerID()] = now
	t.probes.Go(func() { t.Usage(t.ctx, a) })
}

var identity = []string{"identity"}

// outgoing is the request as the provider gets it.
func (t *Transport) outgoing(req *http.Request, a *store.Account) *http.Request {
	out := new(http.Request)
	*out = *req
	out.Host, out.RequestURI = "", ""
	out.Header = hop.Forwarded(req.Header, 2+len(t.Adapter.Headers))
	// What is compressed cannot be looked into, and what a proxy accepts is its own affair.
	out.Header["Accept-Encoding"] = identity
	if _, ok := out.Header["User-Agent"]; !ok {
		out.Header["User-Agent"] = nil // none, rather than Go's
	}
	t.Adapter.SetHeaders(out.Header, a.AccessToken.Reveal(), a.AccountID)
	return out
}

// place is a URL without what may be secret in it, for messages.
func place(u *url.URL) string { return u.Host + u.Path }
