package executor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/manager"
)

const (
	// faultMost is how much of a bad answer's body is looked at, in bytes, and faultPatience how long
	// it may take to come.
	faultMost     = 64 << 10
	faultPatience = 10 * time.Second
)

// answer is what came of one try.
type answer struct {
	res     *http.Response
	started time.Time
}

// verdict is what was wrong with an answer.
type verdict struct {
	kind kind
	wait time.Duration // how long until it is over, 0 = not said
	why  string        // in words
}

// with tries with one account. It returns the answer that the client is to get; nil where another
// account is to be tried; and an error where that would not help.
func (r *request) with(u *manager.Use) (*answer, error) {
	if err := u.Valid(r.ctx, ""); err != nil {
		return nil, r.noToken(u, err)
	}
	renewed, failures := false, 0
	for {
		a, err := r.send(u)
		v := verdict{}
		if r.ctx.Err() == nil {
			v = r.judge(a, err)
		}
		if err := r.ctx.Err(); err != nil { // nobody waits, and it is nobody's fault
			a.discard()
			return nil, err
		}
		if v.kind == fine {
			r.observe(u, a, v, NextNone)
			r.well(u, a)
			return a, nil
		}
		r.keep(a, err)
		next := NextOther
		switch {
		case !r.mayTry():
		case v.kind == busy && failures < again, v.kind == refused && !renewed:
			next = NextAgain
		}
		r.observe(u, a, v, next)
		r.mark(u, v, renewed)
		if next == NextOther {
			return nil, nil //nolint:nilnil // another account
		}
		if v.kind == refused {
			if err := u.Valid(r.ctx, u.Account.AccessToken); err != nil {
				return nil, r.noToken(u, err)
			}
			renewed = true
			continue
		}
		if err := r.pause(failures, v.wait); err != nil {
			return nil, err
		}
		failures++
	}
}

func (a *answer) discard() {
	if a != nil {
		_ = a.res.Body.Close()
	}
}

// noToken handles an account whose token cannot be made valid. Where another account may do better it
// returns nil.
func (r *request) noToken(u *manager.Use, err error) error {
	var login *manager.LoginNeededError
	var refresh *manager.RefreshError
	if !errors.As(err, &login) && !errors.As(err, &refresh) || r.ctx.Err() != nil {
		return err
	}
	if r.last == nil {
		r.lastErr = err
	}
	r.observe(u, nil, verdict{kind: refused, why: "its token could not be renewed"}, NextOther)
	return nil
}

// send sends the request once, with the account.
func (r *request) send(u *manager.Use) (*answer, error) {
	out := r.t.outgoing(r.req, u.Account)
	out.Body, out.GetBody, out.ContentLength = http.NoBody, nil, 0
	if src := r.source(u.Model); src.size != 0 {
		body, err := src.open()
		if err != nil {
			return nil, err
		}
		out.Body, out.ContentLength = body, src.size
		if src.kept {
			out.GetBody = src.open
		}
	}
	r.tries++
	started := r.t.now()
	res, err := r.t.base.RoundTrip(out) //nolint:bodyclose // the answer's reader closes it
	if err != nil {
		return nil, fmt.Errorf("%s: %w", place(out.URL), err)
	}
	return &answer{res: res, started: started}, nil
}

// judge tells what is wrong with an answer. It reads ahead in it, and leaves it whole.
func (r *request) judge(a *answer, err error) verdict {
	if err != nil {
		return verdict{kind: busy, why: "no answer"}
	}
	status := a.res.StatusCode
	switch {
	case status >= 200 && status <= 299:
		return r.judgeStream(a)
	case status == http.StatusUnauthorized:
		return verdict{kind: refused, why: "401"}
	case status == http.StatusTooManyRequests:
		f, _ := r.read(a)
		return verdict{kind: limited, wait: r.wait(a, f), why: said("429", f)}
	case status >= 400 && status < 500:
		return r.judgeRefusal(a)
	case status >= 500:
		f, _ := r.read(a)
		return verdict{kind: busy, wait: retryAfter(a.res.Header, r.t.now()), why: said(strconv.Itoa(status), f)}
	}
	return verdict{}
}

// judgeRefusal looks for what another account may do better in an answer that says that the request
// was wrong.
func (r *request) judgeRefusal(a *answer) verdict {
	f, ok := r.read(a)
	status := a.res.StatusCode
	switch {
	case !ok:
	case status == http.StatusForbidden && f.namesRevoked():
		return verdict{kind: revoked, why: said("403", f)}
	case f.namesLimit(): // ChatGPT says so with 404
		return verdict{kind: limited, wait: r.wait(a, f), why: said(strconv.Itoa(status), f)}
	}
	return verdict{}
}

// judgeStream waits for the first output of a stream.
func (r *request) judgeStream(a *answer) verdict {
	if !isStream(a.res) {
		return verdict{}
	}
	f, err := gate(a.res, r.t.now)
	if err != nil {
		return verdict{kind: busy, why: "the stream ended before its first output"}
	}
	switch k := f.kind(); k {
	case fine:
		return verdict{}
	case limited:
		return verdict{kind: k, wait: r.wait(a, f), why: said("in the stream", f)}
	default:
		return verdict{kind: k, why: said("in the stream", f)}
	}
}

// said is a status with the error's code.
func said(status string, f fault) string {
	if words := f.words(); words != "" {
		return status + " " + words
	}
	return status
}

// read looks at the beginning of a bad answer's body. False is returned for one that is no JSON
// object.
func (r *request) read(a *answer) (fault, bool) {
	body := a.res.Body
	late := time.AfterFunc(faultPatience, func() { _ = body.Close() })
	head, err := io.ReadAll(io.LimitReader(body, faultMost))
	late.Stop()
	if err == nil && len(head) < faultMost {
		err = io.EOF
	}
	a.res.Body = &held{head: head, rest: body, err: err}
	return parseFault(head, r.t.now())
}

// wait is how long the answer says that its limit holds; 0 where it does not say.
func (r *request) wait(a *answer, f fault) time.Duration {
	if billedOutside(a.res.Header) {
		return billingRest
	}
	now := r.t.now()
	for _, d := range []time.Duration{retryAfter(a.res.Header, now), f.wait, limitReset(a.res.Header, now)} {
		if d > 0 {
			return d
		}
	}
	return 0
}

// well notes what a good answer says of the account.
func (r *request) well(u *manager.Use, a *answer) {
	status := a.res.StatusCode
	switch {
	case status < 200 || status > 299:
	case billedOutside(a.res.Header):
		r.t.trouble(u.Limited(context.WithoutCancel(r.ctx), billingRest))
		r.t.probe(u.Account)
	default:
		r.t.trouble(u.Succeeded(r.ctx, a.started))
	}
}

// mark notes what a bad answer says of the account.
func (r *request) mark(u *manager.Use, v verdict, renewed bool) {
	ctx := context.WithoutCancel(r.ctx)
	switch {
	case v.kind == limited:
		r.t.trouble(u.Limited(ctx, v.wait))
		r.t.probe(u.Account)
	case v.kind == refused && renewed:
		r.t.trouble(u.Refused(ctx, "the provider refused a new token ("+v.why+")"))
	case v.kind == revoked:
		r.t.trouble(u.Revoked(ctx, "the provider says that its token was revoked ("+v.why+")"))
	}
}

// observe tells of a try.
func (r *request) observe(u *manager.Use, a *answer, v verdict, next string) {
	if r.why = v.why; next == NextAgain {
		r.t.Session.Tell(manager.EventRetried, u.Account, v.why)
	}
	if r.t.Observe == nil {
		return
	}
	try := Try{Account: u.Account, Number: r.tries, Limited: v.kind == limited, Why: v.why, Next: next}
	if a != nil {
		try.Status = a.res.StatusCode
	}
	r.t.Observe(try)
}
