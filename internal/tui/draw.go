package tui

import (
	"strings"

	"github.com/kyoli-gam/kyoli/internal/termtext"
)

const (
	chosenMark = "> "
	otherMark  = "  "
)

// list draws the rows that are seen: at most height lines of width cells. cursor is
// the line of the chosen item, -1 = none.
func (v *view) list(width, height int, colour bool) (lines []string, cursor int) {
	v.scroll(height)
	seen := v.rows[v.top:min(v.top+height, len(v.rows))]
	if len(v.rows) == 0 {
		return []string{otherMark + termtext.Cut(v.nothing(), width-len(otherMark))}, -1
	}
	lines, cursor = make([]string, len(seen)), -1
	for from := 0; from < len(seen); {
		to := from
		var some []int
		for ; to < len(seen) && seen[to].section == seen[from].section; to++ {
			if seen[to].item >= 0 {
				some = append(some, seen[to].item)
			}
		}
		if seen[from].section >= 0 && len(some) > 0 {
			v.draw(lines[from:to], seen[from:to], some, width-len(otherMark), colour)
		}
		from = to
	}
	if len(v.items) > 0 {
		cursor = v.items[v.at] - v.top
		mark := chosenMark
		if colour {
			mark = termtext.Paint(mark, termtext.Good)
		}
		lines[cursor] = mark + strings.TrimPrefix(lines[cursor], otherMark)
	}
	return lines, cursor
}

func (v *view) nothing() string {
	if v.filter.text() != "" {
		return "nothing has this in it"
	}
	return termtext.Clean(v.page.Empty)
}

// draw fills the lines of one section's rows.
func (v *view) draw(lines []string, rows []row, some []int, width int, colour bool) {
	section := &v.page.Sections[rows[0].section]
	drawer := section.Draw
	if drawer == nil {
		drawer = func(some []int, width int) (string, []string) { return section.table(some, width, colour) }
	}
	head, drawn := drawer(some, width)
	next := 0
	for i, r := range rows {
		text := head
		if r.item >= 0 {
			text, next = drawn[next], next+1
		}
		lines[i] = otherMark + text
	}
}

// table draws items as a table of their cells.
func (s *Section) table(some []int, width int, colour bool) (head string, lines []string) {
	t := &termtext.Table{Heads: s.Heads}
	for _, i := range some {
		t.Row(s.Items[i].Cells...)
	}
	return TableLines(t, width, colour)
}

// TableLines are the lines of a table in a width: its head, "" where it has none,
// and its rows.
func TableLines(t *termtext.Table, width int, colour bool) (head string, rows []string) {
	var b strings.Builder
	_ = t.Write(&b, width, colour) // a strings.Builder takes everything
	rows = strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	if len(t.Heads) > 0 {
		head, rows = rows[0], rows[1:]
	}
	for len(rows) < len(t.Rows) { // a table of nothing but empty cells
		rows = append(rows, "")
	}
	return head, rows
}
