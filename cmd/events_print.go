package cmd

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/kyoli-gam/kyoli/internal/eventlog"
	"github.com/kyoli-gam/kyoli/internal/termtext"
)

// eventPrinter prints events as they come.
type eventPrinter struct {
	f       *Factory
	printed bool
}

func (p *eventPrinter) print(e eventlog.Event) error {
	first := !p.printed
	p.printed = true
	switch p.f.format() {
	case formatJSON:
		line, err := e.JSON()
		if err != nil {
			return err
		}
		_, err = p.f.Out.Write(append(escapeHarmful(line), '\n'))
		return err
	case formatYAML: // lists of one, which together are one list
		line, err := e.JSON()
		if err != nil {
			return err
		}
		return p.f.printYAML([]json.RawMessage{line})
	case formatTable:
		if first {
			if err := p.row([]string{"TIME", "EVENT", "ACCOUNT", "COMMAND", "DETAILS"}, termtext.Faint, termtext.Faint); err != nil {
				return err
			}
		}
		return p.row([]string{
			e.Time.Local().Format("Jan 02 15:04:05"), e.Kind, eventAccount(e), e.Command, eventDetails(e),
		}, termtext.Faint, eventStyle(e.Kind))
	default:
		return eventTSV(e).TSV(p.f.Out)
	}
}

// end says what there is to say at the end of a log that is not followed.
func (p *eventPrinter) end() error {
	if p.printed {
		return nil
	}
	p.f.Note("no events")
	if p.f.format() == formatYAML {
		return p.f.printYAML([]string{})
	}
	return nil
}

// eventWidths are the columns of the table but the last, which takes the rest.
// They are fixed, because nobody knows what comes.
var eventWidths = []int{15, 12, 20, 12}

const eventGap = "  "

func (p *eventPrinter) row(cells []string, time, event termtext.Style) error {
	var b strings.Builder
	used := 0
	for i, text := range cells {
		text = termtext.Clean(text)
		if i < len(eventWidths) {
			text = termtext.Cut(text, eventWidths[i])
			used += eventWidths[i] + len(eventGap)
		} else if width := p.f.width(); width > 0 {
			text = termtext.Cut(text, max(width-used, eventWidths[len(eventWidths)-1]))
		}
		pad := ""
		if i < len(eventWidths) {
			pad = strings.Repeat(" ", eventWidths[i]-termtext.Width(text)) + eventGap
		}
		style := termtext.Plain
		switch i {
		case 0:
			style = time
		case 1:
			style = event
		}
		if p.f.Colour() {
			text = termtext.Paint(text, style)
		}
		b.WriteString(text + pad)
	}
	_, err := fmt.Fprintln(p.f.Out, strings.TrimRight(b.String(), " "))
	return err
}

func eventStyle(kind string) termtext.Style {
	switch kind {
	case eventlog.Refreshed, eventlog.Adopted, eventlog.Enabled, eventlog.Added:
		return termtext.Good
	case eventlog.Limited, eventlog.Freed, eventlog.Switched:
		return termtext.Warn
	case eventlog.Failed, eventlog.Disabled, eventlog.Warning, eventlog.Removed:
		return termtext.Bad
	}
	return termtext.Plain
}

// eventAccount is the account and, as there may be one of that name elsewhere,
// its provider.
func eventAccount(e eventlog.Event) string {
	name := e.Account
	if name == "" {
		name = e.UUID
	}
	if e.Provider == "" {
		return name
	}
	return fmt.Sprintf("%s (%s)", name, e.Provider)
}

func eventDetails(e eventlog.Event) string {
	var parts []string
	if e.HolderPID != 0 {
		program := e.Program
		if program == "" {
			program = "process"
		}
		parts = append(parts, fmt.Sprintf("%s %d, session %s", program, e.HolderPID, e.Session))
	}
	if e.Reason != "" {
		parts = append(parts, e.Reason)
	}
	switch {
	case e.Parent != "" && e.Token != "":
		parts = append(parts, "token "+shortHash(e.Parent)+" → "+shortHash(e.Token))
	case e.Token != "":
		parts = append(parts, "token "+shortHash(e.Token))
	}
	return strings.Join(parts, "; ")
}

// shortHash is enough of a hash to follow a token through the table.
func shortHash(h string) string { return h[:min(len(h), 8)] }

func eventTSV(e eventlog.Event) *termtext.Table {
	number := func(n int) termtext.Cell {
		if n == 0 {
			return termtext.Cell{}
		}
		return termtext.Text(fmt.Sprint(n))
	}
	table := &termtext.Table{}
	table.Row(
		termtext.Text(e.Time.String()), termtext.Text(e.Kind), termtext.Text(e.Provider), termtext.Text(e.UUID),
		termtext.Text(e.Account), termtext.Text(e.Command), number(e.PID), termtext.Text(e.Reason),
		termtext.Text(e.Session), number(e.HolderPID), termtext.Text(e.Program), termtext.Text(e.Parent), termtext.Text(e.Token),
	)
	return table
}
