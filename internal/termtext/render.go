package termtext

import (
	"io"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// writeTable writes lines as a table without rules, each cell cut to its
// column's width. Spaces at the end of a line are left out.
func writeTable(w io.Writer, lines [][]Cell, widths []int, colour bool) error {
	var out strings.Builder
	table := newTable(&out)
	for _, line := range lines {
		cells := make([]string, len(line))
		for i := range line {
			line[i].Text = Cut(line[i].Text, widths[i])
			cells[i] = line[i].Text
		}
		if err := table.Append(cells); err != nil {
			return err
		}
	}
	if err := table.Render(); err != nil {
		return err
	}
	next := 0
	for text := range strings.Lines(out.String()) {
		if colour {
			text = paint(text, lines[next])
		}
		next++
		if _, err := io.WriteString(w, strings.TrimRight(text, " \n")+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// paint colours the cells of a line that is already aligned: tablewriter adds
// resets of its own to cells that hold escape sequences.
func paint(text string, cells []Cell) string {
	var out strings.Builder
	for _, c := range cells {
		before, after, ok := strings.Cut(text, c.Text)
		if !ok || c.Text == "" {
			continue
		}
		out.WriteString(before)
		out.WriteString(Paint(c.Text, c.Style))
		text = after
	}
	return out.String() + text
}

// newTable is a tablewriter that only aligns: everything else it could do to a
// cell (wrap, trim, change case) would change what a name looks like.
func newTable(w io.Writer) *tablewriter.Table {
	padding := tw.Padding{Right: strings.Repeat(" ", gap), Overwrite: true}
	return tablewriter.NewTable(w,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders:  tw.BorderNone,
			Settings: tw.Settings{Separators: tw.SeparatorsNone, Lines: tw.LinesNone},
		})),
		tablewriter.WithConfig(tablewriter.Config{
			Row: tw.CellConfig{
				Alignment:  tw.CellAlignment{Global: tw.AlignLeft},
				Formatting: tw.CellFormatting{AutoFormat: tw.Off, AutoWrap: tw.WrapNone},
				Padding:    tw.CellPadding{Global: padding},
			},
			Behavior: tw.Behavior{TrimSpace: tw.Off},
		}))
}
