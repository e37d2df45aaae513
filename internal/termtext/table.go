package termtext

import (
	"io"
	"slices"
	"strings"
)

// Style is the colour of a cell. It never carries meaning that the text lacks.
type Style int

// The styles.
const (
	Plain Style = iota
	Good
	Warn
	Bad
	Faint
)

var sgr = map[Style]string{Good: "32", Warn: "33", Bad: "31", Faint: "2"}

// Paint colours text that is not going to be measured any more.
func Paint(text string, style Style) string {
	code := sgr[style]
	if code == "" || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// Cell is one value of a table: Text for people, Full for programs ("" = Text).
type Cell struct {
	Text  string
	Full  string
	Style Style
}

// Text is a cell that says the same to people and to programs.
func Text(s string) Cell {
	return Cell{Text: s}
}

// Table is a table with a head. All cells are cleaned when it is written.
type Table struct {
	Heads []string
	Rows  [][]Cell
	// Whole are columns that are of no use when they are cut, such as bars and
	// times; they are cut last.
	Whole []int
}

// Row adds a row.
func (t *Table) Row(cells ...Cell) {
	t.Rows = append(t.Rows, cells)
}

const (
	gap      = 2
	minWidth = 4
)

// Width is how many cells t takes where nothing is cut.
func (t *Table) Width() int {
	clean := make([][]Cell, 0, len(t.Rows)+1)
	for _, row := range append([][]Cell{head(t.Heads)}, t.Rows...) {
		line := make([]Cell, len(row))
		for i, c := range row {
			line[i] = Cell{Text: Clean(c.Text)}
		}
		clean = append(clean, line)
	}
	total := 0
	for i, w := range measure(clean) {
		if i > 0 {
			total += gap
		}
		total += w
	}
	return total
}

func head(heads []string) []Cell {
	cells := make([]Cell, len(heads))
	for i, h := range heads {
		cells[i] = Cell{Text: strings.ToUpper(h), Style: Faint}
	}
	return cells
}

// Write writes t aligned, with upper-case heads, each line cut to width cells
// (0 = as wide as it is). A table without heads is written without a head line,
// one without rows as nothing.
func (t *Table) Write(w io.Writer, width int, colour bool) error {
	if len(t.Rows) == 0 {
		return nil
	}
	lines := make([][]Cell, 0, len(t.Rows)+1)
	if len(t.Heads) > 0 {
		lines = append(lines, head(t.Heads))
	}
	for _, row := range t.Rows {
		clean := make([]Cell, len(row))
		for i, c := range row {
			clean[i] = Cell{Text: Clean(c.Text), Style: c.Style}
		}
		lines = append(lines, clean)
	}
	return writeTable(w, lines, t.fit(measure(lines), width), colour)
}

// TSV writes the rows for programs: no head, whole values, one tab between two.
func (t *Table) TSV(w io.Writer) error {
	var out strings.Builder
	for _, row := range t.Rows {
		for i, c := range row {
			if i > 0 {
				out.WriteByte('\t')
			}
			out.WriteString(Clean(c.value()))
		}
		out.WriteByte('\n')
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func (c Cell) value() string {
	if c.Full != "" {
		return c.Full
	}
	return c.Text
}

func measure(lines [][]Cell) []int {
	var widths []int
	for _, line := range lines {
		for i, c := range line {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], Width(c.Text))
		}
	}
	return widths
}

// fit takes cells from the widest columns until the line fits into width.
func (t *Table) fit(widths []int, width int) []int {
	if width <= 0 {
		return widths
	}
	excess := gap*(len(widths)-1) - width
	for _, w := range widths {
		excess += w
	}
	excess = shrink(widths, excess, func(col int) bool { return !slices.Contains(t.Whole, col) })
	shrink(widths, excess, func(int) bool { return true })
	return widths
}

// shrink takes excess cells from the widest of the columns that may be cut, one
// by one, and returns what could not be taken.
func shrink(widths []int, excess int, may func(col int) bool) int {
	for ; excess > 0; excess-- {
		widest := -1
		for i, w := range widths {
			if w > minWidth && may(i) && (widest < 0 || w > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			break
		}
		widths[widest]--
	}
	return excess
}
