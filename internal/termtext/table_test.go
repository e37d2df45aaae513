package termtext

import (
	"errors"
	"io"
	"strings"
	"testing"
)

func sample() *Table {
	table := &Table{Heads: []string{"account", "plan", "expires"}}
	table.Row(Text("work"), Cell{Text: "pro", Style: Good}, Cell{Text: "in 2h", Full: "2026-01-02T03:04:05Z"})
	table.Row(Text("\x1b[31m私用\tlogin"), Text(""), Text(""))
	return table
}

func render(t *testing.T, table *Table, width int, colour bool) string {
	t.Helper()
	var out strings.Builder
	if err := table.Write(&out, width, colour); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestTable(t *testing.T) {
	want := "" +
		"ACCOUNT     PLAN  EXPIRES\n" +
		"work        pro   in 2h\n" +
		"私用 login\n"
	if got := render(t, sample(), 0, false); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTableIsCutToTheWidth(t *testing.T) {
	table := sample()
	table.Row(Text(strings.Repeat("x", 10_000)), Text("plus"), Text("in 8d"))
	for _, width := range []int{20, 24, 40, 80} {
		for line := range strings.Lines(render(t, table, width, false)) {
			if got := Width(strings.TrimSuffix(line, "\n")); got > width {
				t.Errorf("width %d: a line of %d: %q", width, got, line)
			}
		}
	}
	if got := render(t, table, 24, false); !strings.Contains(got, "xxxxxx…") || !strings.Contains(got, "in 8d") {
		t.Errorf("the widest column should be cut, not the others:\n%s", got)
	}
}

func TestTableCutsSomeColumnsLast(t *testing.T) {
	table := &Table{Whole: []int{1, 2}}
	table.Row(Text("somebody@example.com"), Text("██░░░  40%"), Text("in 2h"))
	for width, want := range map[int]string{
		0:  "somebody@example.com  ██░░░  40%  in 2h\n",
		30: "somebody@e…  ██░░░  40%  in 2h\n",
		23: "som…  ██░░░  40%  in 2h\n",
		21: "som…  ██░░░  …  in 2h\n",
	} {
		if got := render(t, table, width, false); got != want {
			t.Errorf("width %d: got %q, want %q", width, got, want)
		}
	}
}

func TestTableColours(t *testing.T) {
	got := render(t, sample(), 0, true)
	if !strings.Contains(got, "\x1b[32mpro\x1b[0m   in 2h") {
		t.Errorf("no green cell that is still aligned in %q", got)
	}
	if strings.Contains(got, "\x1b[31m") {
		t.Errorf("the name's own colour came through: %q", got)
	}
	if strings.Contains(render(t, sample(), 0, false), "\x1b") {
		t.Error("escapes without colour")
	}
}

func TestTableWithoutHeadsOrRows(t *testing.T) {
	table := &Table{}
	if got := render(t, table, 80, true); got != "" {
		t.Errorf("an empty table wrote %q", got)
	}
	table.Row(Text("a"), Text("b"))
	if got := render(t, table, 80, false); got != "a  b\n" {
		t.Errorf("without heads: %q", got)
	}
	head := &Table{Heads: []string{"x"}}
	if got := render(t, head, 80, false); got != "" {
		t.Errorf("a head without rows wrote %q", got)
	}
}

func TestTSV(t *testing.T) {
	table := sample()
	long := strings.Repeat("x", 10_000)
	table.Row(Text(long), Text("a\nb"), Text("c"))
	var out strings.Builder
	if err := table.TSV(&out); err != nil {
		t.Fatal(err)
	}
	want := "work\tpro\t2026-01-02T03:04:05Z\n私用 login\t\t\n" + long + "\ta b\tc\n"
	if got := out.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWriteErrorsAreReturned(t *testing.T) {
	r, w := io.Pipe()
	r.Close()
	if err := sample().Write(w, 0, false); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("Write: %v", err)
	}
	if err := sample().TSV(w); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("TSV: %v", err)
	}
}

func TestColourFindsItsOwnCell(t *testing.T) {
	table := &Table{}
	table.Row(Text("pro seat"), Cell{Text: "pro", Style: Good})
	var out strings.Builder
	if err := table.Write(&out, 0, true); err != nil {
		t.Fatal(err)
	}
	if want := "pro seat  \x1b[32mpro\x1b[0m\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}
