package cmd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/manager"
	"github.com/kyoli-gam/kyoli/pkg/provider"
	loginflow "github.com/kyoli-gam/kyoli/pkg/provider/login"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// begin makes room for the answer, before a code is spent for it.
func (l *loginFlow) begin(ctx context.Context) (err error) {
	l.entry, err = l.m.Store().BeginLogin(ctx)
	return err
}

// tryRoom finds out before anybody logs in that the answer could not be kept: on
// a full disk, or in a directory that may only be read.
func (l *loginFlow) tryRoom(ctx context.Context) error {
	entry, err := l.m.Store().BeginLogin(ctx)
	if err != nil {
		return err
	}
	return entry.End()
}

// keep writes the answer down before anybody parses it.
func (l *loginFlow) keep(raw *provider.RawAnswer) {
	if l.entry == nil {
		return
	}
	if err := l.entry.Answered(raw.Status, raw.Date, raw.Body); err != nil {
		l.f.Note("warning: the provider's answer could not be written to the journal: %v", err)
		return
	}
	l.kept = true
}

// end takes the answer out of the journal, unless it is all there is of a login
// that could not be stored.
func (l *loginFlow) end(err error) error {
	if l.entry == nil {
		return err
	}
	if l.kept && keepsLogin(err) {
		return &keptError{err}
	}
	if eerr := l.entry.End(); eerr != nil {
		l.f.Note("warning: what was kept of the login could not be removed: %v", eerr)
	}
	return err
}

// keepsLogin tells whether a login that was made is still wanted: it is, unless
// it is somebody else's, or brought nothing that can be stored.
func keepsLogin(err error) bool {
	var other *manager.OtherPersonError
	var refused *provider.TokenError
	var short *loginflow.NoRefreshTokenError
	var spent *manager.SpentLoginError
	return err != nil && !errors.As(err, &other) && !errors.As(err, &refused) && !errors.As(err, &short) && !errors.As(err, &spent)
}

// keptError is a login that was made and could not be stored.
type keptError struct{ err error }

func (e *keptError) Error() string {
	return fmt.Sprintf("logged in, but not stored: %v; the login is kept for the next kyoli login, which needs no browser", e.err)
}

func (e *keptError) Unwrap() error { return e.err }

// finishKept stores the logins whose kyoli ended before it could. Each becomes
// the account that it is of; done says that one of them is what was asked for.
func (l *loginFlow) finishKept(ctx context.Context) (done bool, err error) {
	kept, err := l.m.Store().KeptLogins(ctx)
	if err != nil {
		return false, err
	}
	for _, k := range kept {
		o := &loginOptions{New: l.o.New}
		if o.New {
			o.Label = l.o.Label
		}
		one := &loginFlow{f: l.f, o: o, adapter: l.adapter, client: l.client, m: l.m, account: l.account}
		stored, err := one.finish(ctx, k)
		if err != nil {
			return false, err
		}
		if !stored {
			continue
		}
		l.f.Note("that was the login of %s, which could not be stored then", k.Sent.Local().Format(time.DateTime))
		if l.o.Label == "" || l.o.New {
			l.row, done = one.row, true
		}
	}
	return done, nil
}

// finish stores one login. One that is of another account than the one asked for
// waits for its own.
func (l *loginFlow) finish(ctx context.Context, k *store.KeptLogin) (stored bool, err error) {
	token, err := loginflow.Parse(l.client, l.adapter, &provider.RawAnswer{Status: k.Status, Date: k.Sent, Body: k.Body})
	if err != nil { // it brought nothing, and nothing more will come of it
		return false, k.End()
	}
	_, err = l.store(context.WithoutCancel(ctx), token)
	var several *store.AmbiguousAccountError
	var other *manager.OtherPersonError
	var spent *manager.SpentLoginError
	switch {
	case errors.As(err, &other):
		return false, nil
	case errors.As(err, &several):
		l.f.Note("a login of %s waits for --account or --new: %v", k.Sent.Local().Format(time.DateTime), err)
		return false, nil
	case errors.As(err, &spent):
		return false, k.End()
	case err != nil:
		return false, &keptError{err}
	}
	if !l.f.structured() {
		l.f.Note("%s", l.row.sentence())
	}
	return true, k.End()
}
