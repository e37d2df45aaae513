package termtext

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"plain":                {"work", "work"},
		"other scripts":        {"Jürgen 山田 שלום", "Jürgen 山田 שלום"},
		"family emoji":         {"👨‍👩‍👧", "👨‍👩‍👧"},
		"colour":               {"\x1b[31mred\x1b[0m", "red"},
		"cursor and clear":     {"a\x1b[2J\x1b[1;1Hb", "ab"},
		"hidden link":          {"\x1b]8;;http://evil.example/\x1b\\click\x1b]8;;\x1b\\", "click"},
		"title, BEL":           {"\x1b]0;owned\x07x", "x"},
		"unterminated string":  {"\x1b]0;owned", "0;owned"},
		"DCS":                  {"\x1bPq#0\x1b\\x", "x"},
		"C1 CSI":               {"\u009b31mred", "red"},
		"C1 OSC, C1 ST":        {"\u009d0;t\u009cx", "x"},
		"lone ESC":             {"a\x1b", "a"},
		"ESC before a control": {"a\x1b\rb", "a b"},
		"two-letter escape":    {"a\x1bcb", "ab"},
		"CSI broken off":       {"a\x1b[31\rb", "a b"},
		"line breaks and tabs": {"a\r\nb\tc\vd\fe\u0085f\u2028g\u2029h", "a  b c d e f g h"},
		"BEL, backspace, DEL":  {"a\a\b\x7fb", "ab"},
		"bidi":                 {"a\u202e\u2066txt.exe\u2069\u202c\u200e\u200f\u061cb", "atxt.exeb"},
		"invisible":            {"a\u200b\u2060\ufeff\u00adb", "ab"},
		"tag characters":       {"a\U000e0041\U000e007fb", "ab"},
		"private use":          {"a\ue000\U000f0000b", "ab"},
		"invalid UTF-8":        {"a\xffb", "a\ufffdb"},
		"stacked marks":        {"e" + strings.Repeat("\u0301", 50) + "x", "e" + strings.Repeat("\u0301", maxMarks) + "x"},
		"nested introducers":   {"\x1b\x1b[31mx", "x"},
		"hides in the removed": {"\x1b[\x1b]0;a\x07b", "b"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Clean(c.in); got != c.want {
				t.Errorf("Clean(%q) = %q, want %q", c.in, got, c.want)
			}
		})
	}
}

func TestCleanKeepsLongNamesWhole(t *testing.T) {
	long := strings.Repeat("ä", 10_000)
	if got := Clean(long); got != long {
		t.Errorf("a name of 10,000 letters came back with %d bytes of %d", len(got), len(long))
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"", "a", "\x1b[31m", "\x1b]8;;x\x1b\\y", "\u202e", "\x1b\x1b]\x1b[", "\xc2\x9b1A", "\xff\x1b", "e\u0301\u0301\u0301\u0301\u0301\u0301"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Clean(s)
		if !utf8.ValidString(got) {
			t.Errorf("Clean(%q) = %q is not UTF-8", s, got)
		}
		for _, r := range got {
			if Harmful(r) {
				t.Errorf("Clean(%q) keeps %U", s, r)
			}
		}
		if again := Clean(got); again != got {
			t.Errorf("Clean(%q) = %q, cleaned again %q", s, got, again)
		}
	})
}
