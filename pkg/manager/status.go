package manager

import (
	"time"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

// Status is an account's state in one word, for people and for scripts.
type Status string

// The states, in the order in which the first that holds is named.
const (
	StatusDisabled     Status = "disabled"      // by the user
	StatusAuthDisabled Status = "auth-disabled" // its login no longer works
	StatusRateLimited  Status = "rate-limited"  // until its limit is reset
	StatusCoolingDown  Status = "cooling-down"  // answered 429 a moment ago
	StatusOverQuota    Status = "over-quota"    // above the soft quota
	StatusExpired      Status = "expired"       // usable; its token is renewed first
	StatusReady        Status = "ready"
)

const (
	// early is how long before its end an access token counts as expired, so that it does not end
	// on its way to the provider.
	early = 60 * time.Second
	// cooldown is how long an account is spared after a 429, whatever its limit says.
	cooldown = 30 * time.Second
)

// Usable tells whether an account in this state can be chosen. An expired access token does not
// make it unusable.
func (s Status) Usable() bool { return s == StatusReady || s == StatusExpired }

// Expired tells whether the account's access token is missing or ends within a minute of now.
func Expired(a *store.Account, now time.Time) bool { return !livesFor(a, 0, now) }

// livesFor tells whether the access token is good for d, and at least for early. An unknown end
// counts as past.
func livesFor(a *store.Account, d time.Duration, now time.Time) bool {
	return a.AccessToken != "" && a.ExpiresAt != 0 && a.ExpiresAt.Time().Sub(now) > max(d, early)
}

// Status tells the account's state. What it knows of recent 429s is from when the manager last
// looked at the claims; [Manager.Snapshot] looks anew.
func (m *Manager) Status(a *store.Account) Status {
	m.mu.Lock()
	last := m.view.Last429(a.UUID)
	m.mu.Unlock()
	return m.settings.status(a, last, m.now())
}

// Usable tells whether the account can be chosen (design: enabled, not auth-disabled, not
// rate-limited, no 429 in the last 30 s, under the soft quota).
func (m *Manager) Usable(a *store.Account) bool { return m.Status(a).Usable() }

func (s Settings) status(a *store.Account, last429, now time.Time) Status {
	switch {
	case !a.Enabled:
		return StatusDisabled
	case a.IsAuthDisabled:
		return StatusAuthDisabled
	case LimitedUntil(a, now).After(now):
		return StatusRateLimited
	case !last429.IsZero() && now.Sub(last429).Abs() < cooldown:
		return StatusCoolingDown
	case s.SoftQuotaThresholdPercent < 100 && utilization(a.CachedUsage, now) >= s.SoftQuotaThresholdPercent:
		return StatusOverQuota
	case Expired(a, now):
		return StatusExpired
	}
	return StatusReady
}
