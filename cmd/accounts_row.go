package cmd

import (
	"math"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/manager"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// accountRow is one account of `kyoli accounts list --json`. Fields may be added,
// never renamed. There is no token in it.
type accountRow struct {
	Provider         string         `json:"provider"`
	UUID             string         `json:"uuid"`
	Label            string         `json:"label"`
	Email            string         `json:"email"`
	PlanTier         string         `json:"planTier"`
	Status           manager.Status `json:"status"`
	Usable           bool           `json:"usable"`
	Active           bool           `json:"active"`
	Enabled          bool           `json:"enabled"`
	ExpiresAt        *time.Time     `json:"expiresAt"`        // of the access token
	RateLimitResetAt *time.Time     `json:"rateLimitResetAt"` // end of the limit that holds now
	LastUsed         *time.Time     `json:"lastUsed"`
	Usage            *usageRow      `json:"usage"`
	ClaimedBy        []claimedRow   `json:"claimedBy"`
	Reason           string         `json:"reason,omitempty"` // why its login has ended
	Sealed           string         `json:"sealed,omitempty"` // where the key of its tokens is: keyring or age

	name  string    // as it is called
	plan  string    // as a person knows it
	owner string    // the uuid that a refresh does not change
	now   time.Time // when all this was so
}

// usageRow is what the provider said last about the account's quota windows, by
// the account file's names.
type usageRow struct {
	FiveHour       *windowRow `json:"five_hour"`
	SevenDay       *windowRow `json:"seven_day"`
	SevenDaySonnet *windowRow `json:"seven_day_sonnet"`
	At             *time.Time `json:"at"` // when it was asked
}

// windowRow is one quota window. One whose reset has passed says nothing of now.
type windowRow struct {
	Utilization float64    `json:"utilization"` // percent, 0 to 100
	ResetsAt    *time.Time `json:"resets_at"`
}

// claimedRow is a process that holds the account.
type claimedRow struct {
	Session   string `json:"session"`
	PID       int    `json:"pid"`
	Host      string `json:"host,omitempty"`
	Command   string `json:"command,omitempty"`
	Exclusive bool   `json:"exclusive"`
}

func (f *Factory) accountRow(provider string, s *manager.Snapshot, a *store.Account) accountRow {
	status := s.Status(a)
	r := accountRow{
		Provider: provider, UUID: a.UUID, Label: a.Label, Email: a.Email, PlanTier: a.PlanTier,
		Status: status, Usable: status.Usable(), Enabled: a.Enabled,
		Active:    a.UUID != "" && a.UUID == s.Accounts.Active,
		ExpiresAt: instant(a.ExpiresAt.Time()), LastUsed: instant(a.LastUsed.Time()),
		Usage: usageOf(a), ClaimedBy: []claimedRow{},
		name: a.Name(), plan: a.PlanTier, owner: firstText(a.CredentialOwnerID, a.UUID, a.Name()), now: s.At,
	}
	if adapter, err := f.Adapter(provider); err == nil {
		r.plan = adapter.PlanLabel(a.PlanTier)
	}
	if until := manager.LimitedUntil(a, s.At); until.After(s.At) {
		r.RateLimitResetAt = instant(until)
	}
	r.Sealed = string(a.Sealed())
	if a.IsAuthDisabled {
		r.Reason = a.AuthDisabledReason
	}
	for _, h := range s.Claims.Holders[a.UUID] {
		if !h.Waiting {
			r.ClaimedBy = append(r.ClaimedBy, claimedRow{h.ID, h.PID, h.Host, h.Command, h.Exclusive})
		}
	}
	return r
}

// rowsOf are the accounts with these uuids, as far as they are still there.
func (f *Factory) rowsOf(provider string, s *manager.Snapshot, uuids []string) []accountRow {
	byUUID := make(map[string]*store.Account, len(s.Accounts.List))
	for _, a := range s.Accounts.List {
		byUUID[a.UUID] = a
	}
	var rows []accountRow
	for _, uuid := range uuids {
		if a := byUUID[uuid]; a != nil {
			rows = append(rows, f.accountRow(provider, s, a))
		}
	}
	return rows
}

// latest is the last second that RFC 3339 can write.
var latest = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)

// instant is a time for JSON, to the second, nil where there is none.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	if t.After(latest) {
		t = latest
	}
	t = t.UTC().Truncate(time.Second)
	return &t
}

func usageOf(a *store.Account) *usageRow {
	u := a.CachedUsage
	if u == nil {
		return nil
	}
	return &usageRow{windowOf(u.FiveHour), windowOf(u.SevenDay), windowOf(u.SevenDaySonnet), instant(a.CachedUsageAt.Time())}
}

func windowOf(w *store.Window) *windowRow {
	if w == nil || math.IsNaN(w.Utilization) {
		return nil
	}
	return &windowRow{Utilization: min(max(w.Utilization, 0), 100), ResetsAt: instant(w.ResetsAt)}
}

// reset is the end of the limit, else the reset of the window that is used most.
func (r *accountRow) reset() *time.Time {
	if r.RateLimitResetAt != nil || r.Usage == nil {
		return r.RateLimitResetAt
	}
	var most *windowRow
	for _, w := range []*windowRow{r.Usage.FiveHour, r.Usage.SevenDay} {
		if w != nil && w.ResetsAt != nil && w.ResetsAt.After(r.now) && (most == nil || w.Utilization > most.Utilization) {
			most = w
		}
	}
	if most == nil {
		return nil
	}
	return most.ResetsAt
}
