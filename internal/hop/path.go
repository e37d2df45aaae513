package hop

import "strings"

// PlainPath reports a path without dot segments, empty segments and what may be decoded into either:
// servers do not agree on where these lead (CWE-22, CWE-436).
func PlainPath(escaped string) bool {
	for i := range len(escaped) {
		switch escaped[i] {
		case '\\', ';', 0:
			return false
		case '%':
			if i+2 < len(escaped) && oddEscape(escaped[i+1], escaped[i+2]) {
				return false
			}
		}
	}
	if escaped == "" || escaped == "/" {
		return true
	}
	for segment := range strings.SplitSeq(strings.TrimSuffix(escaped, "/")[1:], "/") {
		if segment == "" || segment == "." || segment == ".." {
			return false
		}
	}
	return true
}

// oddEscape tells whether %ab stands for a dot, a slash, a backslash or a zero byte.
func oddEscape(a, b byte) bool {
	switch a {
	case '2':
		return b|0x20 == 'e' || b|0x20 == 'f'
	case '5':
		return b|0x20 == 'c'
	}
	return a == '0' && b == '0'
}
