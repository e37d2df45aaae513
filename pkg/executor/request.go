package executor

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/kyoli-gam/kyoli/internal/spool"
	"github.com/kyoli-gam/kyoli/pkg/manager"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

const (
	// again is how often a request is sent once more with the same account after the provider or the
	// network failed.
	again = 2
	// fewestTries bounds the tries where there are few accounts; else it is triesPerAccount for each.
	fewestTries     = 6
	triesPerAccount = 3
)

// request is one request on its way through the accounts.
type request struct {
	keys
	t     *Transport
	req   *http.Request
	ctx   context.Context
	body  *spool.Body
	began time.Time

	tries   int
	failed  *store.Account // the account that failed last, nil for none
	why     string         // what was wrong then
	exclude []string       // accounts that this request is done with
	last    *answer        // the last answer that was not good, nil for none
	lastErr error          // the last error of the network or of a refresh, where no answer came since
}

// run tries until an answer is good, or no account is left. What is left of all tries then is the
// last answer, or the last error.
func (r *request) run() (*http.Response, error) {
	for {
		u, err := r.take()
		if err != nil {
			return r.giveUp(err)
		}
		if r.failed != nil {
			r.t.Session.Tell(manager.EventSwitched, u.Account, "took over from "+r.failed.Name()+": "+r.why)
		}
		good, err := r.with(u)
		switch {
		case good != nil:
			r.drop()
			return r.finish(good, u), nil
		case err != nil:
			u.End()
			r.drop()
			return nil, err
		}
		u.End()
		if !r.mayTry() {
			return r.giveUp(errTries)
		}
		r.failed = u.Account
		r.exclude = append(r.exclude, r.failed.UUID)
		r.t.prompts.failed(r.prompt, r.failed.UUID, r.t.now())
	}
}

// errTries cannot be seen: where there were tries, there is an answer or an error.
var errTries = errors.New("no tries are left")

// finish hands a good answer to the client. Account and body are let go of with its end.
func (r *request) finish(a *answer, u *manager.Use) *http.Response {
	a.res.Body = &ending{ReadCloser: a.res.Body, use: u, sent: r.body}
	return a.res
}

// ending is an answer's body with whose end account and request are let go of.
type ending struct {
	io.ReadCloser
	use  *manager.Use
	sent *spool.Body
}

// Close closes the body.
func (e *ending) Close() error {
	err := e.ReadCloser.Close()
	e.use.End()
	e.sent.Close()
	return err
}

// take gets the next account, and waits for one where that is wanted.
func (r *request) take() (*manager.Use, error) {
	for {
		if err := r.ctx.Err(); err != nil {
			return nil, err
		}
		earlier := r.t.prompts.tried(r.prompt, r.t.now)
		u, err := r.t.Session.Take(r.ctx, manager.Take{
			Key: r.session, Failed: uuidOf(r.failed), Exclude: slices.Concat(r.exclude, earlier),
		})
		if err == nil {
			return u, nil
		}
		var none *manager.NoUsableError
		if !errors.As(err, &none) {
			return nil, err
		}
		if len(earlier) > 0 {
			// What failed a while ago is better than nothing.
			r.t.prompts.forget(r.prompt)
			continue
		}
		until := none.Until
		if until.IsZero() {
			until = r.t.Session.Limits(r.ctx)
		}
		if until.IsZero() || until.After(r.began.Add(r.t.MaxWait)) {
			return nil, err
		}
		if err := sleep(r.ctx, until.Sub(r.t.now())); err != nil {
			return nil, err
		}
		r.failed, r.exclude = nil, nil
	}
}

func uuidOf(a *store.Account) string {
	if a == nil {
		return ""
	}
	return a.UUID
}

// mayTry tells whether the request may be sent once more.
func (r *request) mayTry() bool {
	return r.tries == 0 ||
		r.body.Kept() && r.tries < max(fewestTries, triesPerAccount*r.t.Session.Accounts())
}

// giveUp returns the last answer where there is one, else an error.
func (r *request) giveUp(err error) (*http.Response, error) {
	if cerr := r.ctx.Err(); cerr != nil {
		r.drop()
		return nil, cerr
	}
	if a := r.last; a != nil {
		r.body.Close()
		return r.passOn(a), nil
	}
	if r.lastErr != nil {
		return nil, r.lastErr
	}
	return nil, err
}

// passOn hands an answer that was not good to the client. One that says when to come back says so for
// the account that is free first.
func (r *request) passOn(a *answer) *http.Response {
	if a.res.StatusCode == http.StatusTooManyRequests {
		if until := r.t.Session.Limits(r.ctx); !until.IsZero() {
			wait := max(0, until.Sub(r.t.now()))
			a.res.Header.Set("Retry-After", strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10))
			a.res.Header.Del("Retry-After-Ms")
		}
	}
	return a.res
}

// keep remembers an answer that was not good, or an error, in place of the one before.
func (r *request) keep(a *answer, err error) {
	r.drop()
	r.last, r.lastErr = a, err
}

// drop forgets the last answer.
func (r *request) drop() {
	r.last.discard()
	r.last = nil
}

// pause waits before the n-th repetition, from 0: between 1 and 4 s, spread by chance, or as long as
// the provider asks where that is not longer.
func (r *request) pause(n int, asked time.Duration) error {
	d := time.Duration((1 + r.t.random()) * float64(time.Second) * float64(int(1)<<n))
	return sleep(r.ctx, max(d, min(asked, 4*time.Second)))
}

// sleep waits for d or for the end of ctx, whose error it then returns.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
