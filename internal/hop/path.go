package hop

import "strings"

// PlainPath reports a path without dot segments, empty segments and what may be decoded into either:
// servers do not agree on where these lead (CWE-22, CWE-436).
func PlainPath(escaped string) bool {
	lower := strings.ToLower(escaped)
	for _, odd := range []string{"%2e", "%2f", "%5c", "\\", "%00", ";"} {
		if strings.Contains(lower, odd) {
			return false
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
