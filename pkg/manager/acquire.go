package manager

import (
	"context"
	"errors"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/claims"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// Acquire chooses an account and claims it for h, in one step. It does not change the active account,
// and leaves it to [Manager.Used] to note the use. The claim is nil where the settings have claims
// turned off or the manager has none. Errors are those of [Manager.Pick], those of the claims, and ctx's where it
// waited (Request.MaxWait, Request.Wait).
func (m *Manager) Acquire(ctx context.Context, req Request, h claims.Holder) (*Decision, *claims.Claim, error) {
	giveUp := m.now().Add(req.MaxWait)
	req.queueUntil = m.now().Add(req.Wait)
	req.self = h.ID
	req.Exclusive = req.Exclusive || h.Exclusive
	h.Exclusive = req.Exclusive
	for {
		d, claim, err := m.acquire(ctx, req, h)
		var none *NoUsableError
		if !errors.As(err, &none) || none.Until.IsZero() || none.Until.After(giveUp) {
			return d, claim, err
		}
		if err := sleep(ctx, none.Until.Sub(m.now())); err != nil {
			return nil, nil, err
		}
	}
}

func (m *Manager) acquire(ctx context.Context, req Request, h claims.Holder) (*Decision, *claims.Claim, error) {
	// Recovers what a crash left, before the accounts are read below without their lock.
	accounts, err := m.store.Load(ctx)
	if err != nil {
		return nil, nil, err
	}
	d, claim, err := m.claim(ctx, accounts, req, h)
	if err != nil {
		return nil, nil, err
	}
	m.tell(EventSelected, d.Account, d.Why)
	return d, claim, nil
}

// claim selects under the claims lock, from accounts read within it.
func (m *Manager) claim(ctx context.Context, accounts *store.Accounts, req Request, h claims.Holder) (*Decision, *claims.Claim, error) {
	if m.claims == nil {
		d, _, err := m.decide(m.snapshot(accounts, claims.View{}), req)
		return d, nil, err
	}
	var d *Decision
	claim, err := m.selectOrQueue(ctx, req, h, func(view claims.View) (choice claims.Choice, err error) {
		accounts, err := m.store.Peek(ctx)
		if err != nil {
			return claims.Choice{}, err
		}
		m.remember(view)
		d, choice, err = m.decide(m.snapshot(accounts, view), req)
		return choice, err
	})
	if err != nil {
		return nil, nil, err
	}
	if m.settings.CrossProcessClaims {
		return d, claim, nil
	}
	// Cursor and binding are kept, the claim is not.
	return d, nil, claim.Release(ctx)
}

// errPatience ends the wait in the queue.
var errPatience = errors.New("waited long enough")

// selectOrQueue selects, or waits in the queue where others hold what would do, for as long as the
// request is ready to.
func (m *Manager) selectOrQueue(ctx context.Context, req Request, h claims.Holder, choose func(claims.View) (claims.Choice, error)) (*claims.Claim, error) {
	patience := req.queueUntil.Sub(m.now())
	if req.Wait <= 0 || patience <= 0 {
		return m.claims.Select(ctx, h, choose)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errPatience)
	defer cancel()
	var none *NoUsableError
	claim, err := m.claims.Wait(ctx, h, func(view claims.View) (claims.Choice, error) {
		choice, err := choose(view)
		if errors.As(err, &none) && len(none.wants) > 0 {
			return claims.Choice{Wants: none.wants}, claims.ErrBusy
		}
		return choice, err
	}, req.OnQueue)
	if errors.Is(err, errPatience) && none != nil {
		none.Waited = req.Wait
		return nil, none
	}
	return claim, err
}

// Used notes that the account is used now, by which the hybrid strategy spreads the work. It writes
// the account file, durably: no work should wait for that. No work depends on it, either: where it
// fails, that is told as an [EventWarning].
func (m *Manager) Used(ctx context.Context, a *store.Account) {
	now := store.MillisOf(m.now())
	_, err := m.store.Update(ctx, func(accounts *store.Accounts) error {
		if b := accounts.Get(a.UUID); b != nil && b.LastUsed < now {
			b.LastUsed = now
		}
		return nil
	})
	if err != nil {
		m.tell(EventWarning, a, "its last use could not be noted: "+err.Error())
	}
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
