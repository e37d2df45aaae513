package tui

import (
	"strings"
	"unicode"

	tea "charm.land/bubbletea/v2"
	"github.com/clipperhouse/uax29/v2/graphemes"

	"github.com/kyoli-gam/kyoli/internal/termtext"
)

// maxInput is how many characters a line of text may have.
const maxInput = 1000

// input is a line of text that is being typed. Its units are the characters that a
// person sees.
type input struct {
	before, after []string // of the cursor
}

func newInput(text string) *input {
	i := &input{}
	i.insert(text)
	return i
}

func (i *input) text() string { return strings.Join(i.before, "") + strings.Join(i.after, "") }

// insert inserts what is harmless of text.
func (i *input) insert(text string) {
	all := graphemes.FromString(strings.Join(i.before, "") + termtext.Clean(text))
	i.before = i.before[:0]
	for all.Next() {
		if len(i.before)+len(i.after) < maxInput {
			i.before = append(i.before, all.Value())
		}
	}
}

// key does what a key does in a line of text, and tells whether it does anything.
func (i *input) key(key tea.KeyPressMsg) bool {
	switch key.String() {
	case "backspace", "ctrl+h":
		i.before = i.before[:max(len(i.before)-1, 0)]
	case "delete", "ctrl+d":
		i.after = i.after[min(1, len(i.after)):]
	case "ctrl+u":
		i.before = nil
	case "ctrl+k":
		i.after = nil
	case "ctrl+w", "alt+backspace":
		i.before = i.before[:wordStart(i.before)]
	case "left", "ctrl+b":
		i.move(len(i.before) - 1)
	case "right", "ctrl+f":
		i.move(len(i.before) + 1)
	case "home", "ctrl+a":
		i.move(0)
	case "end", "ctrl+e":
		i.move(len(i.before) + len(i.after))
	default:
		if key.Text == "" || key.Mod&(tea.ModCtrl|tea.ModAlt|tea.ModMeta) != 0 {
			return false
		}
		i.insert(key.Text)
	}
	return true
}

func (i *input) move(to int) {
	all := append(append([]string(nil), i.before...), i.after...)
	to = min(max(to, 0), len(all))
	i.before, i.after = append([]string(nil), all[:to]...), append([]string(nil), all[to:]...)
}

// wordStart is where the last word begins.
func wordStart(text []string) int {
	at := len(text)
	isSpace := func(s string) bool { return strings.IndexFunc(s, unicode.IsSpace) == 0 }
	for at > 0 && isSpace(text[at-1]) {
		at--
	}
	for at > 0 && !isSpace(text[at-1]) {
		at--
	}
	return at
}

// shown is the part of the text around the cursor that fits into width cells, and
// in which of them the cursor is.
func (i *input) shown(width int) (text string, cursor int) {
	width = max(width, 1)
	start := 0
	for start < len(i.before) && termtext.Width(strings.Join(i.before[start:], "")) >= width {
		start++
	}
	left := strings.Join(i.before[start:], "")
	cursor = termtext.Width(left)
	text = left
	for _, c := range i.after {
		if termtext.Width(text+c) > width {
			break
		}
		text += c
	}
	return text, cursor
}
