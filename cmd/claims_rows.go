package cmd

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kyoli-gam/kyoli/internal/procid"
	"github.com/kyoli-gam/kyoli/internal/termtext"
	"github.com/kyoli-gam/kyoli/pkg/claims"
)

// The states of a claim.
const (
	claimLive    = "live"
	claimWaiting = "waiting"
	claimDead    = "dead"
)

// claimRow is `kyoli claims list --json` and `kyoli claims gc --json`. One that
// waits has no account, but wants some.
type claimRow struct {
	Provider  string   `json:"provider"`
	UUID      string   `json:"uuid,omitempty"`
	Account   string   `json:"account,omitempty"` // as the account is called
	Wants     []string `json:"wants,omitempty"`   // uuids
	Session   string   `json:"session"`
	PID       int      `json:"pid"`
	Host      string   `json:"host,omitempty"`
	Command   string   `json:"command,omitempty"`
	Since     string   `json:"since,omitempty"` // RFC 3339
	Seen      string   `json:"seen,omitempty"`
	State     string   `json:"state"`
	Why       string   `json:"why,omitempty"` // it counts as dead
	Exclusive bool     `json:"exclusive"`
	Plugin    bool     `json:"plugin"` // a process of the OpenCode plugins

	since, seen time.Time
}

// claimRows are all claims of a provider: the living by account, those that
// wait, the dead.
func (f *Factory) claimRows(ctx context.Context, id string, v claims.View) []claimRow {
	names := f.accountNames(ctx, id)
	row := func(uuid string, h claims.Holder, state string) claimRow {
		return claimRow{
			Provider: id, UUID: uuid, Account: names[uuid], Session: h.ID, PID: h.PID, Host: h.Host,
			Command: h.Command, State: state, Exclusive: h.Exclusive, Plugin: h.Foreign,
			Since: claimTime(h.Since), Seen: claimTime(h.Seen), since: h.Since.Time(), seen: h.Seen.Time(),
		}
	}
	var rows []claimRow
	for _, uuid := range slices.Sorted(maps.Keys(v.Holders)) {
		for _, h := range v.Holders[uuid] {
			if !h.Waiting {
				rows = append(rows, row(uuid, h, claimLive))
			}
		}
	}
	for _, t := range v.Queue {
		r := row("", t.Holder, claimWaiting)
		r.Wants = t.Wants
		rows = append(rows, r)
	}
	for _, d := range v.Dead {
		r := row(d.UUID, d.Holder, claimDead)
		r.Why = d.Why
		rows = append(rows, r)
	}
	return rows
}

// accountNames are what accounts are called. Claims are shown without them where
// the account file cannot be read.
func (f *Factory) accountNames(ctx context.Context, id string) map[string]string {
	names := map[string]string{}
	backend, err := f.Store(id)
	if err != nil {
		return names
	}
	accounts, err := backend.Peek(ctx)
	if err != nil {
		f.Debugf("names of accounts: %v", err)
		return names
	}
	for _, a := range accounts.List {
		names[a.UUID] = a.Name()
	}
	return names
}

func (f *Factory) claimTable(rows []claimRow) *termtext.Table {
	table := &termtext.Table{Heads: []string{"provider", "account", "session", "process", "command", "since", "seen", "state"}}
	for _, r := range rows {
		table.Row(
			termtext.Text(r.Provider), r.accountCell(), termtext.Text(r.Session), termtext.Text(r.process()),
			termtext.Text(r.who()), f.claimAgo(r.since, r.Since), f.claimAgo(r.seen, r.Seen), r.stateCell(),
		)
	}
	return table
}

func (r claimRow) accountCell() termtext.Cell {
	switch {
	case r.State == claimWaiting:
		return termtext.Cell{Text: fmt.Sprintf("one of %d", len(r.Wants)), Full: strings.Join(r.Wants, ",")}
	case r.Account == "":
		return termtext.Text(r.UUID)
	}
	return termtext.Cell{Text: r.Account, Full: r.UUID}
}

// process is the PID, with the host where it is not this one.
func (r claimRow) process() string {
	if r.Host == "" || r.Host == procid.Self().Host {
		return fmt.Sprint(r.PID)
	}
	return fmt.Sprintf("%d on %s", r.PID, r.Host)
}

func (r claimRow) who() string {
	if r.Plugin {
		return "(OpenCode plugin)"
	}
	return r.Command
}

func (r claimRow) stateCell() termtext.Cell {
	c := termtext.Cell{Text: r.State, Style: termtext.Good}
	switch {
	case r.State == claimDead:
		c = termtext.Cell{Text: "dead: " + r.Why, Style: termtext.Faint}
	case r.State == claimWaiting:
		c.Style = termtext.Warn
	case r.Exclusive:
		c.Text += ", exclusive"
	}
	return c
}

// claimAgo is a time in the past: "5m ago" for people, whole for programs.
func (f *Factory) claimAgo(t time.Time, full string) termtext.Cell {
	if t.IsZero() {
		return termtext.Cell{}
	}
	return termtext.Cell{Text: termtext.In(t.Sub(f.now())), Full: full}
}

func claimTime(m claims.Millis) string {
	if m == 0 {
		return ""
	}
	return m.Time().UTC().Format(time.RFC3339)
}

func claimCount(n int) string {
	if n == 1 {
		return "1 claim"
	}
	return fmt.Sprintf("%d claims", n)
}
