package cmd

import (
	"fmt"
	"slices"
	"time"

	"github.com/kyoli-gam/kyoli/internal/termtext"
)

// liveColumn is a column of the live list. Where the terminal is too narrow, those
// with the highest number go first; 0 stays.
type liveColumn struct {
	head  string
	goes  int
	whole bool
	cell  func(r *accountRow, now time.Time) termtext.Cell
}

var liveColumns = []liveColumn{
	{"", 0, true, func(r *accountRow, _ time.Time) termtext.Cell { return r.activeCell() }},
	{"provider", 4, false, func(r *accountRow, _ time.Time) termtext.Cell { return termtext.Text(r.Provider) }},
	{"account", 0, false, func(r *accountRow, _ time.Time) termtext.Cell { return termtext.Text(r.name) }},
	{"plan", 6, true, func(r *accountRow, _ time.Time) termtext.Cell { return termtext.Text(r.plan) }},
	{"status", 0, true, (*accountRow).liveStatus},
	{"5h", 0, true, func(r *accountRow, now time.Time) termtext.Cell { return r.windowAt(fiveHour, now) }},
	{"reset", 2, true, func(r *accountRow, now time.Time) termtext.Cell { return r.resetIn(fiveHour, now) }},
	{"7d", 1, true, func(r *accountRow, now time.Time) termtext.Cell { return r.windowAt(sevenDay, now) }},
	{"reset", 3, true, func(r *accountRow, now time.Time) termtext.Cell { return r.resetIn(sevenDay, now) }},
	{"token", 5, true, func(r *accountRow, now time.Time) termtext.Cell { return countdownCell(r.ExpiresAt, now) }},
	{"held by", 0, false, func(r *accountRow, _ time.Time) termtext.Cell { return r.holders() }},
}

// liveTable is the list with what counts down at now, and with as many columns as
// the width takes.
func liveTable(rows []accountRow, now time.Time, width int) *termtext.Table {
	columns := slices.DeleteFunc(slices.Clone(liveColumns), func(c liveColumn) bool {
		return c.head == "provider" && oneProvider(rows)
	})
	for {
		t := tableOf(columns, rows, now)
		last := slices.MaxFunc(columns, func(a, b liveColumn) int { return a.goes - b.goes }).goes
		if last == 0 || t.Width() <= width {
			return t
		}
		columns = slices.DeleteFunc(columns, func(c liveColumn) bool { return c.goes == last })
	}
}

// tableOf leaves out columns in which there is nothing.
func tableOf(columns []liveColumn, rows []accountRow, now time.Time) *termtext.Table {
	all := &termtext.Table{}
	for _, c := range columns {
		all.Heads = append(all.Heads, c.head)
	}
	for i := range rows {
		cells := make([]termtext.Cell, len(columns))
		for j, c := range columns {
			cells[j] = c.cell(&rows[i], now)
		}
		all.Row(cells...)
	}
	var some []int
	for i := range columns {
		if !blank(all, i) {
			some = append(some, i)
		}
	}
	t := columnsOf(all, some)
	for i, col := range some {
		if columns[col].whole {
			t.Whole = append(t.Whole, i)
		}
	}
	return t
}

// liveStatus is the status and, of a limit, for how long it holds.
func (r *accountRow) liveStatus(now time.Time) termtext.Cell {
	c := r.statusCell()
	if t := r.RateLimitResetAt; t != nil && t.After(now) {
		c.Text += " " + countdown(t.Sub(now))
	}
	return c
}

func (r *accountRow) windowAt(choose func(*usageRow) *windowRow, now time.Time) termtext.Cell {
	if r.Usage == nil {
		return termtext.Text(none)
	}
	return windowCell(choose(r.Usage), now)
}

func (r *accountRow) resetIn(choose func(*usageRow) *windowRow, now time.Time) termtext.Cell {
	if r.Usage == nil || choose(r.Usage) == nil {
		return termtext.Text(none)
	}
	return countdownCell(choose(r.Usage).ResetsAt, now)
}

func countdownCell(t *time.Time, now time.Time) termtext.Cell {
	if t == nil || !t.After(now) {
		return termtext.Text(none)
	}
	return termtext.Text(countdown(t.Sub(now)))
}

// countdown is a time that is left: "0:45", "59:12", "1:59:12", "3d 04h".
func countdown(d time.Duration) string {
	const day = 24 * time.Hour
	s := int64((d + time.Second - 1) / time.Second) // what is left of a second counts
	switch {
	case d >= day:
		return fmt.Sprintf("%dd %02dh", s/86400, s/3600%24)
	case s >= 3600:
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}
