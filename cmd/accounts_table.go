package cmd

import (
	"slices"

	"github.com/kyoli-gam/kyoli/internal/termtext"
)

// accountHeads are the columns of a list of accounts, as programs get them.
var accountHeads = []string{
	"label", "e-mail", "plan", "status", "5h", "7d", "token", "reset", "held by", "", "provider", "uuid",
}

func accountCells(r *accountRow) []termtext.Cell {
	return []termtext.Cell{
		termtext.Text(r.Label), termtext.Text(r.Email), termtext.Text(r.PlanTier), r.statusCell(),
		r.window(fiveHour), r.window(sevenDay), timeCell(r.ExpiresAt, r.now), timeCell(r.reset(), r.now),
		r.holders(), r.activeCell(), termtext.Text(r.Provider), termtext.Text(r.UUID),
	}
}

// accountTable is the list for programs, or for people.
func (f *Factory) accountTable(rows []accountRow) *termtext.Table {
	table := &termtext.Table{Heads: accountHeads}
	for i := range rows {
		table.Row(accountCells(&rows[i])...)
	}
	if f.format() == formatTable {
		return forPeople(table, rows)
	}
	return table
}

// forPeople puts the mark of the active account first and the provider beside
// it, and leaves out what says nothing: the uuid, the provider where all are of
// one, and columns in which there is nothing.
func forPeople(t *termtext.Table, rows []accountRow) *termtext.Table {
	const active, provider, label = 9, 10, 0
	for i, r := range rows {
		if r.Label == "" && r.Email == "" { // the start of the uuid is a name, too
			t.Rows[i][label] = termtext.Cell{Text: r.name, Style: termtext.Faint}
		}
	}
	var columns []int
	for _, col := range []int{active, provider, label, 1, 2, 3, 4, 5, 6, 7, 8} {
		if !blank(t, col) && (col != provider || !oneProvider(rows)) {
			columns = append(columns, col)
		}
	}
	out := columnsOf(t, columns)
	for i, head := range out.Heads {
		if slices.Contains([]string{"plan", "status", "5h", "7d", "token", "reset"}, head) {
			out.Whole = append(out.Whole, i)
		}
	}
	return out
}

func blank(t *termtext.Table, col int) bool {
	for _, row := range t.Rows {
		if text := row[col].Text; text != "" && text != none {
			return false
		}
	}
	return true
}

func oneProvider(rows []accountRow) bool {
	for i := range rows {
		if rows[i].Provider != rows[0].Provider {
			return false
		}
	}
	return true
}

// columnsOf is the table with these columns, in this order.
func columnsOf(t *termtext.Table, columns []int) *termtext.Table {
	out := &termtext.Table{}
	for _, col := range columns {
		out.Heads = append(out.Heads, t.Heads[col])
	}
	for _, row := range t.Rows {
		cells := make([]termtext.Cell, len(columns))
		for i, col := range columns {
			cells[i] = row[col]
		}
		out.Row(cells...)
	}
	return out
}
