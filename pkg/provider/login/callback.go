package login

import (
	"context"
	"crypto/subtle"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/provider"
)

const (
	// headerTimeout bounds how long a visitor may take for a request, and
	// pageTimeout how long the last page may take to go out.
	headerTimeout = 10 * time.Second
	pageTimeout   = 3 * time.Second
	maxHeader     = 64 << 10
)

// Callback is the address at which the browser comes back.
type Callback struct {
	flow      *Flow
	listeners []net.Listener
	path      string
	visits    chan *visit   // the one that counts
	over      chan struct{} // closed when nobody waits any more

	mu   sync.Mutex
	used bool
}

// visit is a callback that is this login's.
type visit struct {
	code  string
	err   error // *DeniedError
	reply chan page
}

// URL is where the person logs in.
func (c *Callback) URL() string { return c.flow.authorizeURL() }

// Wait serves until the browser has come back with this login's state, and then
// calls finish with the code; who it returns, and its error, are what the
// browser shows. Every other request is refused, and the login goes on. The
// error is *DeniedError, finish's, or the context's. The address is given up in
// any case.
func (c *Callback) Wait(ctx context.Context, finish func(ctx context.Context, code string) (who string, err error)) error {
	server := &http.Server{
		Handler: http.HandlerFunc(c.serve), ReadHeaderTimeout: headerTimeout, ReadTimeout: headerTimeout,
		MaxHeaderBytes: maxHeader, ErrorLog: log.New(io.Discard, "", 0),
	}
	server.SetKeepAlivesEnabled(false)
	var serving sync.WaitGroup
	failed := make(chan error, len(c.listeners))
	for _, l := range c.listeners {
		serving.Go(func() { failed <- server.Serve(l) })
	}
	err := c.await(ctx, finish, failed)
	close(c.over)
	out, cancel := context.WithTimeout(context.WithoutCancel(ctx), pageTimeout)
	defer cancel()
	if server.Shutdown(out) != nil {
		_ = server.Close()
	}
	serving.Wait()
	return err
}

func (c *Callback) await(ctx context.Context, finish func(context.Context, string) (string, error), failed <-chan error) error {
	select {
	case <-ctx.Done():
		return ended(ctx)
	case err := <-failed:
		return err
	case v := <-c.visits:
		if v.err != nil {
			c.answer(v, declinedPage(v.err))
			return v.err
		}
		who, err := finish(ctx, v.code)
		c.answer(v, c.resultPage(who, err))
		return err
	}
}

// answer lets the last page go out. The address is given up before: who has seen
// that page finds nobody there any more.
func (c *Callback) answer(v *visit, p page) {
	_ = c.Close()
	v.reply <- p
}

// ended is why nobody waits any more: the time that was set, or the context's end.
func ended(ctx context.Context) error {
	var late *TimeoutError
	if errors.As(context.Cause(ctx), &late) {
		return late
	}
	return ctx.Err()
}

// Close gives the address up without a Wait.
func (c *Callback) Close() error {
	var errs []error
	for _, l := range c.listeners {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}

// serve answers one request.
func (c *Callback) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.EscapedPath() != c.path {
		write(w, http.StatusNotFound, page{Title: "Not found", Text: "kyoli is waiting for a login here, at another address."})
		return
	}
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		write(w, http.StatusMethodNotAllowed, refused)
		return
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		write(w, http.StatusBadRequest, refused)
		return
	}
	v, fits := c.flow.visit(query)
	if !fits || !c.take() {
		write(w, http.StatusBadRequest, refused)
		return
	}
	c.visits <- v // has room for the one that take lets through
	select {
	case p := <-v.reply:
		write(w, p.status(), p)
	case <-c.over:
		select {
		case p := <-v.reply: // which came first: nobody answers when it is over
			write(w, p.status(), p)
		default: // the login was given up at that moment
			write(w, http.StatusBadRequest, refused)
		}
	case <-r.Context().Done():
	}
}

// take lets one visit through.
func (c *Callback) take() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	first := !c.used
	c.used = true
	return first
}

// visit reads a callback; false = it is not this login's, or not whole. None of
// the parameters may come twice (RFC 6749 section 3.1).
func (f *Flow) visit(query url.Values) (*visit, bool) {
	for _, name := range []string{"state", "code", "error", "error_description"} {
		if len(query[name]) > 1 {
			return nil, false
		}
	}
	if !f.isState(query.Get("state")) {
		return nil, false
	}
	v := &visit{code: query.Get("code"), reply: make(chan page, 1)}
	switch fault := query.Get("error"); {
	case fault != "":
		code, reason := provider.CleanError(fault, query.Get("error_description"))
		v.err = &DeniedError{Provider: f.o.Adapter.ID, Code: code, Reason: reason}
	case v.code == "":
		return nil, false
	}
	return v, true
}

func (f *Flow) isState(s string) bool {
	return subtle.ConstantTimeCompare([]byte(s), []byte(f.state)) == 1
}
