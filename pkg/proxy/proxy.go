package proxy

import (
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/kyoli-gam/kyoli/internal/hop"
)

// Upstream is a provider's API.
type Upstream struct {
	// BaseURL is where the API is; what follows the provider in a path is put behind it.
	BaseURL string
	// Allow tells whether a path below the base URL, as it is escaped, is forwarded.
	Allow func(path string) bool
	// Transport carries the requests and puts the credentials in.
	Transport http.RoundTripper
}

// Options are how a [Proxy] behaves. Upstreams, Keys and Explain are required.
type Options struct {
	// Upstreams are the providers, by the name that paths have for them.
	Upstreams map[string]Upstream
	// Keys are the secrets that let in now; it is asked for each request.
	Keys func() ([]Key, error)
	// Explain makes an answer of a transport's error.
	Explain func(error) *Problem
	// Host tells whether the proxy is also called by this name, besides those of loopback; nil = by
	// no other.
	Host func(name string) bool
	// MaxBody is how long the body of a request can be, in bytes; 0 = 256 MiB.
	MaxBody int64
	// Metrics counts; nil = nobody does.
	Metrics *Metrics
	// Guarded asks for a secret for the metrics too.
	Guarded bool
	// Log is told of each request after it. nil = nobody listens.
	Log func(Record)
	// Now is the clock, nil = time.Now.
	Now func() time.Time
}

// Record is a request that was answered. It holds no secret.
type Record struct {
	// ID is the request's, as the answer names it.
	ID string
	// Key is the name of the secret that was shown; empty = of none that lets in.
	Key string
	// Provider is the upstream, Method and Path what was asked of it.
	Provider, Method, Path string
	// Status is that of the answer; Err is why it was not the upstream's, or broke off.
	Status int
	Err    error
	// Took is the time to the end of the answer, First to its first byte.
	Took, First time.Duration
	// Bytes is the length of the answer's body.
	Bytes int64
}

const defaultMaxBody = 256 << 20

// IDHeader is the header in which an answer names the request.
const IDHeader = "Kyoli-Request-Id"

// Proxy is an http.Handler.
type Proxy struct {
	o     Options
	bases map[string]*url.URL
}

// New returns a proxy. The error is about the base URL of an upstream.
func New(o Options) (*Proxy, error) {
	p := &Proxy{o: o, bases: map[string]*url.URL{}}
	for name, up := range o.Upstreams {
		base, err := url.Parse(up.BaseURL)
		if err != nil {
			return nil, err
		}
		p.bases[name] = base
	}
	if p.o.MaxBody == 0 {
		p.o.MaxBody = defaultMaxBody
	}
	if p.o.Now == nil {
		p.o.Now = time.Now
	}
	if p.o.Metrics == nil {
		p.o.Metrics = NewMetrics()
	}
	return p, nil
}

// ServeHTTP implements http.Handler.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{p: p, w: w, r: r, began: p.o.Now(), control: http.NewResponseController(w)}
	x.ID = newID()
	x.ids = []string{x.ID}
	w.Header()[IDHeader] = x.ids
	if !p.hostAllowed(r) {
		x.refuse(problem(http.StatusMisdirectedRequest, "wrong_host", "this is not the name of this proxy"))
		return
	}
	if !originAllowed(r) {
		x.refuse(problem(http.StatusForbidden, "wrong_origin", "pages in a browser are not served"))
		return
	}
	if r.URL.Path == "/healthz" {
		x.hurry()
		health(w, r)
		return
	}
	path := x.authenticate()
	if path == "/metrics" && (x.Key != "" || !p.o.Guarded) {
		x.hurry()
		p.o.Metrics.ServeHTTP(w, r)
		return
	}
	if x.Key == "" {
		x.refuse(problem(http.StatusUnauthorized, "invalid_secret", "the secret is missing or wrong"))
		return
	}
	x.route(path)
}

// health says that the proxy is here, to anybody on this machine.
func health(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		problem(http.StatusMethodNotAllowed, "method_not_allowed", "GET it").write(w)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = io.WriteString(w, `{"status":"ok"}`+"\n")
}

// exchange is one request and its answer.
type exchange struct {
	Record
	p     *Proxy
	w     http.ResponseWriter
	r     *http.Request
	ids   []string // the ID, as a header's value
	began time.Time

	control *http.ResponseController
	body    *patient  // of the request; nil = none is forwarded
	taking  time.Time // when the client was last given time to take the answer
}

// newID names a request. It tells requests apart and is no secret.
func newID() string {
	const letters = "abcdefghijklmnopqrstuvwxyz234567"
	var id [16]byte
	first, second := rand.Uint64(), rand.Uint64() //nolint:gosec // it is no secret
	for i := range len(id) / 2 {
		id[i], id[len(id)/2+i] = letters[first%32], letters[second%32]
		first, second = first/32, second/32
	}
	return string(id[:])
}

// authenticate notes whose the request is, and returns its path without the secret.
func (x *exchange) authenticate() string {
	secret, path := shown(x.r.Header, x.r.URL.EscapedPath())
	keys, err := x.p.o.Keys()
	if err != nil {
		x.Err = err
	}
	if key, ok := match(keys, secret); ok {
		x.Key = key.Name
	}
	return path
}

// methods are those that providers' APIs have.
var methods = map[string]bool{
	http.MethodGet: true, http.MethodHead: true, http.MethodPost: true, http.MethodPut: true,
	http.MethodPatch: true, http.MethodDelete: true,
}

// route finds the upstream.
func (x *exchange) route(path string) {
	name, rest := strings.TrimPrefix(path, "/"), ""
	if i := strings.IndexByte(name, '/'); i >= 0 {
		name, rest = name[:i], name[i:]
	}
	if rest == "/" {
		rest = ""
	}
	up, ok := x.p.o.Upstreams[name]
	x.Method = x.r.Method
	if !ok {
		x.refuse(problem(http.StatusNotFound, "no_such_provider", "the path does not begin with a provider"))
		return
	}
	x.Provider, x.Path = name, rest
	if clean := withoutSecrets(rest); clean != rest { // shown where it is not looked for: it goes no further
		x.Path = clean
		x.refuse(problem(http.StatusNotFound, "not_forwarded", "this path is not part of the provider's API"))
		return
	}
	switch {
	case !methods[x.r.Method]:
		x.refuse(problem(http.StatusMethodNotAllowed, "method_not_allowed", "this method is not forwarded"))
	case !hop.PlainPath(rest), !up.Allow(rest):
		x.refuse(problem(http.StatusNotFound, "not_forwarded", "this path is not part of the provider's API"))
	case x.r.ContentLength > x.p.o.MaxBody:
		x.refuse(tooLarge)
	default:
		x.forward(up, x.p.bases[name])
	}
}

var tooLarge = problem(http.StatusRequestEntityTooLarge, "body_too_large", "the body is too long")

// refuse gives an answer of the proxy's own.
func (x *exchange) refuse(e *Problem) {
	if x.Err == nil {
		x.Err = errors.New(e.Code)
	}
	x.Status = e.Status
	if x.body == nil {
		x.hurry()
	}
	e.write(x.w)
	x.done()
}

// done counts and logs.
func (x *exchange) done() {
	x.Took = x.p.o.Now().Sub(x.began)
	x.p.o.Metrics.count(&x.Record)
	if x.p.o.Log != nil {
		x.p.o.Log(x.Record)
	}
}
