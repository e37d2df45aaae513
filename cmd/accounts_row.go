package cmd

import (
	"fmt"
	"strings"
	"time"

	"github.com/kyoli-gam/kyoli/internal/termtext"
	"github.com/kyoli-gam/kyoli/pkg/manager"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// accountRow is one account of `kyoli accounts list --json`. Fields may be added,
// never renamed. There is no token in it.
type accountRow struct {
	Provider         string       `json:"provider"`
	UUID             string       `json:"uuid"`
	Label            string       `json:"label"`
	Email            string       `json:"email"`
	PlanTier         string       `json:"planTier"`
	Status           string       `json:"status"`
	Usable           bool         `json:"usable"`
	Active           bool         `json:"active"`
	Enabled          bool         `json:"enabled"`
	ExpiresAt        *time.Time   `json:"expiresAt"` // of the access token
	RateLimitResetAt *time.Time   `json:"rateLimitResetAt"`
	LastUsed         *time.Time   `json:"lastUsed"`
	Usage            *usageRow    `json:"usage"`
	ClaimedBy        []claimedRow `json:"claimedBy"`
	Reason           string       `json:"reason,omitempty"` // why its login has ended

	name   string
	status manager.Status
	until  time.Time // end of the limit
	now    time.Time
}

// usageRow is what the provider said last about the account's quota windows.
type usageRow struct {
	FiveHour       *windowRow `json:"five_hour"`
	SevenDay       *windowRow `json:"seven_day"`
	SevenDaySonnet *windowRow `json:"seven_day_sonnet"`
	At             *time.Time `json:"at"` // when it was asked
}

type windowRow struct {
	Utilization float64    `json:"utilization"` // percent
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
		Status: string(status), Usable: status.Usable(), Enabled: a.Enabled,
		Active:    a.UUID != "" && a.UUID == s.Accounts.Active,
		ExpiresAt: instant(a.ExpiresAt.Time()), LastUsed: instant(a.LastUsed.Time()),
		Usage: usageOf(a), ClaimedBy: []claimedRow{},
		name: a.Name(), status: status, until: manager.LimitedUntil(a, s.At), now: s.At,
	}
	if r.until.After(s.At) {
		r.RateLimitResetAt = instant(r.until)
	}
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

// instant is a time for JSON, nil where there is none.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
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
	if w == nil {
		return nil
	}
	return &windowRow{Utilization: w.Utilization, ResetsAt: instant(w.ResetsAt)}
}

const barWidth = 8

// windowCell draws a window: a bar for people, percent for programs. One whose
// reset has passed says nothing about now.
func windowCell(w *windowRow, now time.Time) termtext.Cell {
	if w == nil || w.ResetsAt != nil && !w.ResetsAt.After(now) {
		return termtext.Text("-")
	}
	c := termtext.Cell{
		Text: fmt.Sprintf("%s %3.0f%%", termtext.Bar(w.Utilization, barWidth), w.Utilization),
		Full: fmt.Sprintf("%g", w.Utilization),
	}
	switch {
	case w.Utilization >= 100:
		c.Style = termtext.Bad
	case w.Utilization >= 80:
		c.Style = termtext.Warn
	}
	return c
}

func (r accountRow) window(choose func(*usageRow) *windowRow) termtext.Cell {
	if r.Usage == nil {
		return termtext.Text("-")
	}
	return windowCell(choose(r.Usage), r.now)
}

func fiveHour(u *usageRow) *windowRow { return u.FiveHour }
func sevenDay(u *usageRow) *windowRow { return u.SevenDay }

// statusCell is the state in words; programs get the one word of --json.
func (r accountRow) statusCell() termtext.Cell {
	c := termtext.Cell{Text: r.Status, Full: r.Status, Style: termtext.Warn}
	switch r.status {
	case manager.StatusReady:
		c.Style = termtext.Good
	case manager.StatusExpired:
		c.Text, c.Style = "ready (token is renewed first)", termtext.Good
	case manager.StatusDisabled:
		c.Style = termtext.Faint
	case manager.StatusAuthDisabled:
		c.Text, c.Style = "needs a new login", termtext.Bad
	case manager.StatusCoolingDown:
		c.Text = "cooling down after a 429"
	case manager.StatusOverQuota:
		c.Text = "over the soft quota"
	case manager.StatusRateLimited:
	}
	return c
}

// timeCell is a time: "in 2h" for people, RFC 3339 for programs.
func timeCell(t *time.Time, now time.Time) termtext.Cell {
	if t == nil {
		return termtext.Text("-")
	}
	return termtext.Cell{Text: termtext.In(t.Sub(now)), Full: t.Format(time.RFC3339)}
}

// holders are the commands that hold the account.
func (r accountRow) holders() termtext.Cell {
	if len(r.ClaimedBy) == 0 {
		return termtext.Text("-")
	}
	var people, programs []string
	for _, h := range r.ClaimedBy {
		people = append(people, strings.TrimSpace(h.Command+" "+fmt.Sprint(h.PID)))
		programs = append(programs, h.Session)
	}
	return termtext.Cell{Text: strings.Join(people, ", "), Full: strings.Join(programs, ",")}
}

// reset is the end of the limit, else the reset of the window that is used most.
func (r accountRow) reset() *time.Time {
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
