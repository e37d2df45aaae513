package tui

import (
	"strings"
	"testing"

	"github.com/kyoli-gam/kyoli/internal/termtext"
)

func TestInput(t *testing.T) {
	t.Parallel()
	for keys, want := range map[string]string{
		"a b":                              "ab|",
		"a left b":                         "b|a",
		"a b left left c right d":          "ca" + "d|b",
		"a b c left backspace":             "a|c",
		"a b c home delete":                "|bc",
		"a b left ctrl+k":                  "a|",
		"a b c left ctrl+u":                "|c",
		"o n e SPACE t w o SPACE ctrl+w":   "one |",
		"end home backspace left delete a": "a|",
		"山 é 👨‍👩‍👧 backspace":              "山é|",
		"x \x1b up":                        "x|",
	} {
		i := newInput("")
		for key := range strings.FieldsSeq(keys) {
			if key == "SPACE" {
				key = " "
			}
			i.key(pressed(key))
		}
		if got := strings.Join(i.before, "") + "|" + strings.Join(i.after, ""); got != want {
			t.Errorf("%q: %q, want %q", keys, got, want)
		}
	}
	if i := newInput(strings.Repeat("long", 1000)); len(i.before) != maxInput {
		t.Errorf("%d characters", len(i.before))
	}
}

func TestInputShown(t *testing.T) {
	t.Parallel()
	i := newInput("one two three 山山")
	for _, c := range []struct {
		width  int
		text   string
		cursor int
	}{{40, "one two three 山山", 18}, {8, "ee 山山", 7}, {3, "山", 2}, {1, "", 0}} {
		if text, cursor := i.shown(c.width); text != c.text || cursor != c.cursor {
			t.Errorf("%d wide: %q, %d", c.width, text, cursor)
		}
	}
	i.move(4)
	if text, cursor := i.shown(7); text != "one two" || cursor != 4 {
		t.Errorf("in the middle: %q, %d", text, cursor)
	}
}

// Nothing that is typed or pasted can do harm, or make the line too long.
func FuzzInput(f *testing.F) {
	f.Add("abc", 1, 5)
	f.Add("\x1b[31m山\u202e e\u0301", 2, 3)
	f.Fuzz(func(t *testing.T, text string, at, width int) {
		i := newInput(text)
		i.move(at)
		i.insert(text)
		for _, r := range i.text() {
			if termtext.Harmful(r) {
				t.Fatalf("%q keeps %U", text, r)
			}
		}
		width = min(max(width, 1), 100)
		if shown, cursor := i.shown(width); termtext.Width(shown) > width || cursor > width {
			t.Errorf("%q is %d wide, cursor at %d, in %d", shown, termtext.Width(shown), cursor, width)
		}
	})
}
