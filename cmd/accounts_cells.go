package cmd

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/kyoli-gam/kyoli/internal/termtext"
	"github.com/kyoli-gam/kyoli/pkg/manager"
)

// none is what stands where there is nothing, so that columns can be counted.
const none = "-"

// statusWords are the states as people read them; programs get the one word of
// --json.
var statusWords = map[manager.Status]termtext.Cell{
	manager.StatusDisabled:     {Text: "disabled", Style: termtext.Faint},
	manager.StatusAuthDisabled: {Text: "needs a new login", Style: termtext.Bad},
	manager.StatusRateLimited:  {Text: "rate-limited", Style: termtext.Bad},
	manager.StatusCoolingDown:  {Text: "cooling down", Style: termtext.Warn},
	manager.StatusOverQuota:    {Text: "over soft quota", Style: termtext.Warn},
	manager.StatusExpired:      {Text: "renews first", Style: termtext.Good},
	manager.StatusReady:        {Text: "ready", Style: termtext.Good},
}

func (r *accountRow) statusCell() termtext.Cell {
	c := statusWords[r.Status]
	c.Full = string(r.Status)
	return c
}

func (r *accountRow) activeCell() termtext.Cell {
	if r.Active {
		return termtext.Cell{Text: "*", Full: "active", Style: termtext.Good}
	}
	return termtext.Cell{}
}

func (r *accountRow) planCell() termtext.Cell {
	return termtext.Cell{Text: r.plan, Full: r.PlanTier}
}

// barWidth is how many cells a usage bar takes.
const barWidth = 5

// windowCell draws a window: a bar for people, percent for programs. One whose
// reset has passed says nothing about now.
func windowCell(w *windowRow, now time.Time) termtext.Cell {
	if w == nil || w.ResetsAt != nil && !w.ResetsAt.After(now) {
		return termtext.Text(none)
	}
	c := termtext.Cell{
		Text: fmt.Sprintf("%s %3.0f%%", termtext.Bar(w.Utilization, barWidth), w.Utilization),
		Full: strconv.FormatFloat(w.Utilization, 'f', -1, 64),
	}
	switch {
	case w.Utilization >= 100:
		c.Style = termtext.Bad
	case w.Utilization >= 80:
		c.Style = termtext.Warn
	}
	return c
}

func (r *accountRow) window(choose func(*usageRow) *windowRow) termtext.Cell {
	if r.Usage == nil {
		return termtext.Text(none)
	}
	return windowCell(choose(r.Usage), r.now)
}

func fiveHour(u *usageRow) *windowRow       { return u.FiveHour }
func sevenDay(u *usageRow) *windowRow       { return u.SevenDay }
func sevenDaySonnet(u *usageRow) *windowRow { return u.SevenDaySonnet }

// timeCell is a time: "in 2h" for people, RFC 3339 for programs.
func timeCell(t *time.Time, now time.Time) termtext.Cell {
	if t == nil {
		return termtext.Text(none)
	}
	return termtext.Cell{Text: termtext.In(t.Sub(now)), Full: t.Format(time.RFC3339)}
}

// holdersShown is how many holders a line of a table has room for.
const holdersShown = 2

// holders are the commands that hold the account.
func (r *accountRow) holders() termtext.Cell {
	if len(r.ClaimedBy) == 0 {
		return termtext.Text(none)
	}
	var people, programs []string
	for i, h := range r.ClaimedBy {
		programs = append(programs, h.Session)
		if i < holdersShown {
			people = append(people, strings.TrimSpace(h.Command+" "+strconv.Itoa(h.PID)))
		}
	}
	if more := len(r.ClaimedBy) - holdersShown; more > 0 {
		people = append(people, fmt.Sprintf("%d more", more))
	}
	return termtext.Cell{Text: strings.Join(people, ", "), Full: strings.Join(programs, ",")}
}

// shown is a name as it stands in a sentence: harmless, and not without end.
func shown(name string) string {
	const most = 60
	return termtext.Cut(termtext.Clean(name), most)
}
