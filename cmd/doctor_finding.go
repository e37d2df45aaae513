package cmd

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/kyoli-gam/kyoli/internal/termtext"
)

// The severities of a finding. An error keeps something from working, a warning may; a note is only to be known, and
// leaves the exit code 0.
const (
	severityError   = "error"
	severityWarning = "warning"
	severityNote    = "note"
)

var severities = []string{severityError, severityWarning, severityNote}

// finding is one thing that doctor found. Its id does not change from one version to the next (docs/doctor.md).
type finding struct {
	ID       string `json:"id"`
	Severity string `json:"severity"`
	Provider string `json:"provider,omitempty"`
	Account  string `json:"account,omitempty"` // uuid
	File     string `json:"file,omitempty"`
	Message  string `json:"message"` // what is wrong
	Why      string `json:"why"`     // why it matters
	Fix      string `json:"fix"`     // the command that mends it, or shows more
	Fixed    bool   `json:"fixed"`
	Done     string `json:"done,omitempty"` // what --fix did

	// mend does what is safe, and says what it did; nil = nothing is.
	mend func(context.Context) (string, error)
}

// fixCommand is the command for all that doctor mends itself.
const fixCommand = "kyoli doctor --fix"

// key tells one finding from another.
func (x *finding) key() string { return strings.Join([]string{x.ID, x.File, x.Account}, "\x00") }

// report prints what was mended and what is left, and ends with exit code 1 where more than notes is left.
func (d *doctor) report(fixed, left []finding) error {
	slices.SortStableFunc(left, func(a, b finding) int {
		return slices.Index(severities, a.Severity) - slices.Index(severities, b.Severity)
	})
	if err := d.print(append(fixed, left...)); err != nil {
		return err
	}
	count := map[string]int{}
	for _, x := range left {
		count[x.Severity]++
	}
	d.f.Note("%s", summary(len(fixed), count))
	if count[severityError]+count[severityWarning] > 0 {
		return exitWith(exitGeneral)
	}
	return nil
}

func summary(fixed int, count map[string]int) string {
	var parts []string
	if fixed > 0 {
		parts = append(parts, fmt.Sprintf("%d mended", fixed))
	}
	for _, s := range severities {
		if n := count[s]; n == 1 {
			parts = append(parts, "1 "+s)
		} else if n > 1 {
			parts = append(parts, fmt.Sprintf("%d %ss", n, s))
		}
	}
	if count[severityError]+count[severityWarning] == 0 {
		parts = append(parts, "nothing is wrong")
	}
	return strings.Join(parts, ", ")
}

func (d *doctor) print(all []finding) error {
	if d.f.format() == formatTable {
		return d.f.writeFindings(all)
	}
	table := &termtext.Table{}
	for _, x := range all {
		state := x.Severity
		if x.Fixed {
			state = "fixed"
		}
		row := []string{state, x.ID, x.Provider, x.Account, x.File, x.Message, x.Why, x.Fix, x.Done}
		cells := make([]termtext.Cell, len(row))
		for i, text := range row {
			cells[i] = termtext.Text(text)
		}
		table.Row(cells...)
	}
	return d.f.Print(table, all)
}

// writeFindings writes a paragraph each, for people: a command has to be pasted whole.
func (f *Factory) writeFindings(all []finding) error {
	var b strings.Builder
	for i, x := range all {
		if i > 0 {
			b.WriteByte('\n')
		}
		label, style := x.label()
		if f.Colour() {
			label = termtext.Paint(label, style)
		}
		fmt.Fprintf(&b, "%s %s", label, x.ID)
		if x.File != "" {
			fmt.Fprintf(&b, ": %s", termtext.Clean(x.File))
		}
		fmt.Fprintf(&b, "\n  %s\n", termtext.Clean(x.Message))
		for _, line := range [][2]string{{"why", x.Why}, {"done", x.Done}, {"fix", x.Fix}} {
			if line[1] != "" && (line[0] != "fix" || !x.Fixed) {
				fmt.Fprintf(&b, "  %s: %s\n", line[0], termtext.Clean(line[1]))
			}
		}
	}
	_, err := io.WriteString(f.Out, b.String())
	return err
}

func (x *finding) label() (string, termtext.Style) {
	switch {
	case x.Fixed:
		return "fixed", termtext.Good
	case x.Severity == severityError:
		return x.Severity, termtext.Bad
	case x.Severity == severityWarning:
		return x.Severity, termtext.Warn
	}
	return x.Severity, termtext.Faint
}
