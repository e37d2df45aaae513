// Package termtext turns data into text for a terminal: names that a server or a
// file chose become harmless, tables are cut to the width, times become "in 2h".
// It promises that nothing which passes through Clean can move the cursor,
// change colours, set a title, make a hidden link or reorder what surrounds it.
package termtext

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxMarks is how many combining marks may follow one character: more only
// serve to paint over the lines above and below.
const maxMarks = 4

// Clean takes out of s all that a terminal would act on: escape sequences
// (ECMA-48 CSI, OSC, DCS …) with their content, control characters, bidi
// controls and other invisible formatting. Line breaks and tabs become a space
// and invalid UTF-8 becomes U+FFFD. Text that needs no cleaning is returned as
// it is.
func Clean(s string) string {
	if isPlain(s) {
		return s
	}
	var b strings.Builder
	marks := 0
	for len(s) > 0 {
		if n := escapeLen(s); n > 0 {
			s = s[n:]
			continue
		}
		r, size := utf8.DecodeRuneInString(s)
		s = s[size:]
		switch {
		case isBreak(r):
			r = ' '
		case Harmful(r):
			continue
		}
		if !unicode.In(r, unicode.Mn, unicode.Me) {
			marks = 0
		} else if marks++; marks > maxMarks {
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Harmful tells whether a terminal may act on r, or show it as nothing: control
// characters, line separators, bidi controls, and the other format characters
// but the two joiners that scripts and emoji need.
func Harmful(r rune) bool {
	switch {
	case r < 0x20 || r >= 0x7f && r <= 0x9f:
		return true
	case r == 0x200c || r == 0x200d:
		return false
	}
	return unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Cs) ||
		r >= 0xe0000 && r <= 0xe0fff
}

func isBreak(r rune) bool {
	return r >= '\t' && r <= '\r' || r == 0x85 || r == 0x2028 || r == 0x2029
}

// isPlain tells whether s is printable ASCII, as nearly every name is.
func isPlain(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < 0x20 || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// escapeLen is the length of the escape sequence that s begins with, 0 where
// there is none. A string (OSC, DCS …) without its terminator counts as its
// introducer only, so that it cannot swallow what follows.
func escapeLen(s string) int {
	kind, intro := introducer(s)
	switch kind {
	case 0:
		return 0
	case '[':
		return intro + csiLen(s[intro:])
	case ']', 'P', 'X', '^', '_':
		if n := stringLen(s[intro:]); n > 0 {
			return intro + n
		}
	}
	return intro
}

// introducer reads ESC x, or the one-character C1 form of it.
func introducer(s string) (kind byte, size int) {
	r, n := utf8.DecodeRuneInString(s)
	switch {
	case r >= 0x80 && r <= 0x9f && r != 0x85: // NEL is a line break
		return byte(r) - 0x40, n
	case r != 0x1b:
		return 0, 0
	case len(s) == 1 || s[1] < 0x20 || s[1] > 0x7e:
		return 0x1b, 1
	}
	return s[1], 2
}

// csiLen is the length of parameters, intermediates and the final byte.
func csiLen(s string) int {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x40 && s[i] <= 0x7e {
			return i + 1
		}
		if s[i] < 0x20 || s[i] > 0x3f {
			return i
		}
	}
	return len(s)
}

// maxString bounds the search for a terminator, so that a name made of
// introducers does not take quadratic time.
const maxString = 4096

// stringLen is the length of a control string with its terminator: BEL, ESC \ or
// the C1 ST; 0 where it is not terminated.
func stringLen(s string) int {
	for i := range min(len(s), maxString) {
		switch {
		case s[i] == 0x07:
			return i + 1
		case strings.HasPrefix(s[i:], "\x1b\\"), strings.HasPrefix(s[i:], "\u009c"):
			return i + 2
		}
	}
	return 0
}
