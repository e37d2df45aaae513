package cmd

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/kyoli-gam/kyoli/internal/eventlog"
	"github.com/kyoli-gam/kyoli/pkg/claims"
	"github.com/kyoli-gam/kyoli/pkg/manager"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// taken is an account that is claimed and has a valid token.
type taken struct {
	account *store.Account
	claim   *claims.Claim // nil where claims are turned off, or a rotation has it

	request manager.Request // what was asked for
	holder  claims.Holder   // by whom
}

// takeAccount chooses and claims an account and makes its token valid. Where
// that fails for one that the strategy chose, the next one is tried.
func takeAccount(ctx context.Context, f *Factory, m *manager.Manager, o *execOptions, exclude []string) (*taken, error) {
	req, err := o.Wish.request(ctx, f, m)
	if err != nil {
		return nil, err
	}
	req.Exclude = slices.Clone(exclude)
	line := f.statusLine()
	defer line.clear()
	req.Wait, req.MaxWait, req.OnQueue = o.Wait, o.MaxWait, line.queued
	holder := claims.Holder{ID: claims.NewSession(), Command: filepath.Base(o.Command[0])}
	sayWait(ctx, f, m, req)
	var failure error
	for {
		d, claim, err := m.Acquire(ctx, req, holder)
		line.clear()
		if err != nil {
			return nil, hintWait(f, firstCause(failure, err), o)
		}
		f.Debugf("account %s: %s", d.Account.Name(), d.Why)
		if failure != nil {
			f.LogAccount(eventlog.Switched, m.Provider(), d.Account, failure.Error())
		}
		a, _, err := m.Valid(ctx, d.Account.UUID, manager.ValidOptions{MinTTL: o.MinTTL})
		if err == nil {
			return &taken{account: a, claim: claim, request: req, holder: holder}, nil
		}
		release(ctx, f, claim)
		if o.Wish.Account != "" || !isAccountsFault(err) || ctx.Err() != nil {
			return nil, hintTTL(f, err, o, d.Account)
		}
		failure = hintTTL(f, err, o, d.Account)
		f.Note("%v; trying the next account", err)
		req.Exclude = append(req.Exclude, d.Account.UUID)
	}
}

// sayWait tells for what and how long --max-wait waits.
func sayWait(ctx context.Context, f *Factory, m *manager.Manager, req manager.Request) {
	if req.MaxWait == 0 {
		return
	}
	_, err := m.Pick(ctx, req)
	var none *manager.NoUsableError
	if errors.As(err, &none) && !none.Until.IsZero() && none.Until.Sub(f.now()) <= req.MaxWait {
		f.noteWait("all accounts are limited; waiting until %s", none.Until.Local().Format(time.TimeOnly))
	}
}

// isAccountsFault tells whether another account may do better.
func isAccountsFault(err error) bool {
	var login *manager.LoginNeededError
	var refresh *manager.RefreshError
	return errors.As(err, &login) || errors.As(err, &refresh)
}

// firstCause is what to tell when no account is left: why the last one that was
// tried failed, unless others are limited or held, whose end is worth waiting for.
func firstCause(failure, err error) error {
	var none *manager.NoUsableError
	if failure == nil || !errors.As(err, &none) || none.Limited+none.Held > 0 {
		return err
	}
	return failure
}

// hintWait says how to wait for an account that others hold.
func hintWait(f *Factory, err error, o *execOptions) error {
	var none *manager.NoUsableError
	if o.Wait == 0 && errors.As(err, &none) && none.Held > 0 && none.Limited == 0 {
		return withHint(err, o.again(f, "--wait", "5m"))
	}
	return err
}

// hintTTL says how to go on with the token that there is, where only the wish
// for a longer life made a refresh necessary.
func hintTTL(f *Factory, err error, o *execOptions, a *store.Account) error {
	var refresh *manager.RefreshError
	if o.MinTTL > time.Minute && a.ExpiresAt.Time().Sub(f.now()) > time.Minute && errors.As(err, &refresh) && refresh.Transient {
		return withHint(err, o.again(f, "--min-ttl", "1m"))
	}
	return err
}

// again is the command line with something more, to be pasted. A command with
// what looks like a credential in it is not repeated.
func (o *execOptions) again(f *Factory, more ...string) string {
	words := append([]string{"kyoli", "exec"}, more...)
	for _, v := range [][2]string{
		{"--config-dir", f.opts.ConfigDir},
		{"--provider", f.opts.Provider},
		{"--account", o.Wish.Account},
		{"--pool", o.Wish.Pool},
		{"--chain", o.Wish.Chain},
		{"--strategy", o.Wish.Strategy},
		{"--session", o.Wish.Session},
	} {
		if v[1] != "" {
			words = append(words, v[0], quoteWord(v[1]))
		}
	}
	if o.Wish.Exclusive {
		words = append(words, "--exclusive")
	}
	words = append(words, "--")
	if slices.ContainsFunc(o.Command, looksSecret) {
		return strings.Join(append(words, "…"), " ")
	}
	for _, word := range o.Command {
		words = append(words, quoteWord(word))
	}
	return strings.Join(words, " ")
}

// quoteWord quotes what a shell would not take as it stands.
func quoteWord(s string) string {
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_./:=@%+,", r)
	}) {
		return s
	}
	return shellQuote(s)
}

// release gives a claim back. That it cannot be is told, and heals itself: the
// claim dies with its process.
func release(ctx context.Context, f *Factory, claim *claims.Claim) {
	if claim == nil {
		return
	}
	if err := claim.Release(context.WithoutCancel(ctx)); err != nil {
		f.Note("warning: the claim on the account could not be released: %v", err)
	}
}
