package manager

import (
	"context"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

const (
	// jitter spreads a fleet that started together: each renews up to this share of the buffer, or
	// of the wait, earlier.
	jitter = 0.2
	// shortestLook keeps tokens that live for seconds from making a busy loop.
	shortestLook = 5 * time.Second
	// expiredLook is how often a token that could not be renewed in time is tried again.
	expiredLook = 30 * time.Second
)

// Proactive renews the account's token ahead of its end, for as long as ctx lives. A refresh that
// has begun is seen through before it returns. Failures are told as events and tried again at the
// next look; a disabled account is left alone. With the settings' proactive_refresh off it returns
// at once.
func (m *Manager) Proactive(ctx context.Context, uuid string) {
	if !m.settings.ProactiveRefresh {
		return
	}
	buffer := m.earlier(m.settings.ProactiveRefreshBuffer)
	for {
		if sleep(ctx, m.untilLook(m.peek(ctx, uuid), buffer)) != nil {
			return
		}
		a, result, err := m.lookAfter(ctx, uuid, buffer)
		if err != nil || a == nil {
			continue
		}
		uuid = a.UUID
		if result == ResultRefreshed {
			// A provider whose tokens live shorter than twice the buffer would else be asked at each look.
			life := a.ExpiresAt.Time().Sub(m.now())
			buffer = m.earlier(min(m.settings.ProactiveRefreshBuffer, life/2))
		}
	}
}

// earlier makes a buffer longer by chance.
func (m *Manager) earlier(buffer time.Duration) time.Duration {
	return buffer + time.Duration(float64(buffer)*jitter*m.rand())
}

// lookAfter renews the token where it ends within the buffer.
func (m *Manager) lookAfter(ctx context.Context, uuid string, buffer time.Duration) (*store.Account, Result, error) {
	a := m.peek(ctx, uuid)
	if a == nil || !a.Enabled || a.IsAuthDisabled {
		return nil, "", nil
	}
	return m.Valid(ctx, a.UUID, ValidOptions{MinTTL: buffer})
}

// peek returns the account as it is stored, nil where it is not to be had.
func (m *Manager) peek(ctx context.Context, uuid string) *store.Account {
	accounts, err := m.store.Peek(ctx)
	if err != nil {
		return nil
	}
	a, err := m.find(accounts, uuid)
	if err != nil {
		return nil
	}
	return a
}

// untilLook is how long to wait before the next look: the settings' interval, or less where the
// token is due before, or was due already (its last renewal failed, or it was short when we began).
func (m *Manager) untilLook(a *store.Account, buffer time.Duration) time.Duration {
	wait := m.settings.ProactiveRefreshInterval
	if a == nil {
		return wait
	}
	left := a.ExpiresAt.Time().Sub(m.now())
	switch {
	case left > buffer:
		return max(shortestLook, min(wait, left-buffer))
	case left > early:
		wait = min(wait, (left-early)/2)
	default:
		wait = min(wait, expiredLook)
	}
	return max(shortestLook, wait-time.Duration(float64(wait)*jitter*m.rand()))
}
