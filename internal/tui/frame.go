package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/kyoli-gam/kyoli/internal/termtext"
)

const (
	// aroundList is about how many lines are not of the list.
	aroundList = 6
	// lowScreen is a height below which there is no room for empty lines.
	lowScreen = 12
)

// View implements tea.Model. The cursor is where one is, which screen readers and
// magnifiers follow.
func (m *model) View() tea.View {
	f := &frame{m: m}
	f.draw()
	v := tea.NewView(strings.Join(f.lines, "\n"))
	v.AltScreen = true
	if f.y >= 0 {
		v.Cursor = tea.NewCursor(min(f.x, m.width-1), f.y)
		v.Cursor.Blink = false
		v.Cursor.Shape = tea.CursorBlock
	}
	return v
}

// frame is one picture.
type frame struct {
	m     *model
	lines []string
	x, y  int // the cursor; y < 0 = none
}

func (f *frame) draw() {
	m, v := f.m, f.m.top()
	f.y = -1
	if v == nil {
		f.lines = []string{f.paint("reading the accounts …", termtext.Faint)}
		return
	}
	f.above(v)
	below, at := f.below()
	room := max(m.height-len(f.lines)-len(below), 1)
	list, cursor := v.list(m.width, room, m.app.Colour)
	if cursor >= 0 {
		f.y = len(f.lines) + cursor
	}
	f.lines = append(f.lines, list...)
	for len(f.lines)+len(below) < m.height {
		f.lines = append(f.lines, "")
	}
	if at >= 0 {
		f.y = len(f.lines) + at
	}
	f.lines = append(f.lines, below...)
	f.lines = f.lines[:min(len(f.lines), m.height)]
	f.y = min(f.y, m.height-1)
}

// above is what stands above the list.
func (f *frame) above(v *view) {
	title := v.page.Title
	if len(f.m.views) > 1 {
		title = "‹ " + title
	}
	f.lines = append(f.lines, f.paint(title, termtext.Faint))
	low := f.m.height < lowScreen
	if len(v.page.Above) > 0 {
		if !low {
			f.lines = append(f.lines, "")
		}
		var text []string
		for _, line := range v.page.Above {
			text = append(text, f.wrap(line)...)
		}
		text = text[:min(len(text), max(f.m.height/2-1, 1))]
		f.lines = append(f.lines, text...)
	}
	if !low {
		f.lines = append(f.lines, "")
	}
}

// below is what stands at the bottom, and in which of its lines the cursor is, -1 =
// in none.
func (f *frame) below() (lines []string, at int) {
	m, at := f.m, -1
	if m.height >= lowScreen {
		lines = append(lines, "")
	}
	switch {
	case m.busy != nil:
		lines = append(lines, f.working()...)
	case m.asking != nil:
		lines = append(lines, f.prompt(m.asking.Prompt+": ", m.asking.input))
		at = len(lines) - 1
		if m.asking.wrong != "" {
			lines = append(lines, f.paintAll(f.wrap(m.asking.wrong), termtext.Bad)...)
		}
	default:
		lines = append(lines, f.said()...)
		if v := m.top(); v.typing || v.filter.text() != "" {
			lines = append(lines, f.prompt("/", v.filter))
			if v.typing {
				at = len(lines) - 1
			}
		}
	}
	return append(lines, f.paint(m.keysHint(), termtext.Faint)), at
}

// working says what is being done.
func (f *frame) working() []string {
	b := f.m.busy
	text := b.Doing + " …"
	if b.cancelled {
		text = b.Doing + ": being cancelled …"
	}
	lines := f.wrap(text)
	if b.told != "" {
		lines = append(lines, f.wrap(b.told)...)
	}
	return lines
}

func (f *frame) said() []string {
	var lines []string
	for _, line := range f.m.said {
		lines = append(lines, f.wrap(line)...)
	}
	lines = lines[:min(len(lines), max(f.m.height/3, 1))]
	style := termtext.Good
	if f.m.bad {
		style = termtext.Bad
	}
	return f.paintAll(lines, style)
}

// prompt is a line in which something is typed.
func (f *frame) prompt(prompt string, in *input) string {
	prompt = termtext.Cut(termtext.Clean(prompt), max(f.m.width-8, 1))
	text, cursor := in.shown(f.m.width - termtext.Width(prompt) - 1)
	f.x = termtext.Width(prompt) + cursor
	return prompt + text
}

// keysHint names the keys that do something.
func (m *model) keysHint() string {
	switch {
	case m.busy != nil:
		return "Ctrl-C cancels"
	case m.asking != nil:
		return "Enter accepts  Esc cancels"
	case m.top().typing:
		return "↑↓ move  Enter chooses  Esc shows all again"
	case len(m.views) == 1:
		return "↑↓ move  Enter chooses  / filters  q ends"
	}
	return "↑↓ move  Enter chooses  / filters  Esc goes back  q ends"
}

func (f *frame) wrap(text string) []string { return wrap(text, f.m.width) }

// wrap makes text harmless, and breaks it into lines that fit.
func wrap(text string, width int) []string {
	return strings.Split(ansi.Wrap(termtext.Clean(text), max(width, 1), ""), "\n")
}

func (f *frame) paint(text string, style termtext.Style) string {
	text = termtext.Cut(termtext.Clean(text), f.m.width)
	if !f.m.app.Colour {
		return text
	}
	return termtext.Paint(text, style)
}

func (f *frame) paintAll(lines []string, style termtext.Style) []string {
	for i := range lines {
		lines[i] = f.paint(lines[i], style)
	}
	return lines
}
