package executor

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// longestWait is more than any provider's window; what is beyond it is nonsense or an overflow.
const longestWait = 31 * 24 * time.Hour

// retryAfter is how long an answer asks to wait, 0 where it does not say: in retry-after-ms, or in
// retry-after as seconds, as text with units, or as a date (RFC 9110 section 10.2.3). A date counts
// from the answer's own, where it has one: the clocks may differ.
func retryAfter(h http.Header, now time.Time) time.Duration {
	if ms, err := strconv.ParseFloat(strings.TrimSpace(h.Get("Retry-After-Ms")), 64); err == nil && ms > 0 {
		return bounded(ms / 1000)
	}
	text := strings.TrimSpace(h.Get("Retry-After"))
	if d := spanOrSeconds(text); d > 0 {
		return d
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	if sent, err := http.ParseTime(h.Get("Date")); err == nil {
		now = sent
	}
	return until(at, now)
}

// bounded makes seconds a duration between 0 and longestWait; what is no number is 0.
func bounded(seconds float64) time.Duration {
	switch {
	case !(seconds > 0): // also NaN
		return 0
	case seconds >= longestWait.Seconds():
		return longestWait
	}
	return time.Duration(math.Round(seconds * float64(time.Second)))
}

func until(at, now time.Time) time.Duration {
	if at.IsZero() || !at.After(now) {
		return 0
	}
	return min(at.Sub(now), longestWait)
}

// spanOrSeconds reads a length of time with units, or a bare number of seconds.
func spanOrSeconds(s string) time.Duration {
	s = strings.TrimSpace(s)
	if d, n := span(s); n == len(s) {
		return d
	}
	if seconds, err := strconv.ParseFloat(s, 64); err == nil {
		return bounded(seconds)
	}
	return 0
}

// moment reads a time as providers write it: RFC 3339, or seconds or milliseconds since the epoch; a
// number too small for either is seconds from now.
func moment(s string, now time.Time) time.Duration {
	s = strings.TrimSpace(s)
	if at, err := time.Parse(time.RFC3339, s); err == nil {
		return until(at, now)
	}
	n, err := strconv.ParseFloat(s, 64)
	const second, milli = 1e9, 1e12
	switch {
	case err != nil || !(n > 0) || n > 1e15:
		return spanOrSeconds(s)
	case n >= milli:
		return until(time.UnixMilli(int64(n)), now)
	case n >= second:
		return until(time.Unix(int64(n), 0), now)
	}
	return bounded(n)
}

// units are those that providers' messages use.
var units = []struct {
	name   string
	length float64 // seconds
}{
	// Longer names come first, so that "ms" is not "m" and "minutes" is not "mi".
	{"milliseconds", 1e-3},
	{"millisecond", 1e-3},
	{"seconds", 1},
	{"minutes", 60},
	{"second", 1},
	{"minute", 60},
	{"hours", 3600},
	{"hour", 3600},
	{"days", 86400},
	{"secs", 1},
	{"mins", 60},
	{"day", 86400},
	{"sec", 1},
	{"min", 60},
	{"hrs", 3600},
	{"hr", 3600},
	{"ms", 1e-3},
	{"s", 1},
	{"m", 60},
	{"h", 3600},
	{"d", 86400},
}

// span reads a length of time at the start of s: "3.2s", "1h2m", "6m0s", "20ms", "2 days, 3 hours and
// 5 minutes". It returns how many bytes it took, 0 for none.
func span(s string) (time.Duration, int) {
	total, end := 0.0, 0
	for at := 0; ; {
		seconds, n := part(s[at:])
		if n == 0 {
			return bounded(total), end
		}
		total += seconds
		end = at + n
		at = end + separator(s[end:])
	}
}

// part reads a number and its unit.
func part(s string) (seconds float64, n int) {
	digits := strings.IndexFunc(s, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
	if digits <= 0 {
		return 0, 0
	}
	number, err := strconv.ParseFloat(strings.TrimRight(s[:digits], "."), 64)
	if err != nil {
		return 0, 0
	}
	rest := strings.TrimLeft(s[digits:], " ")
	n = len(s) - len(rest)
	for _, u := range units {
		if len(rest) >= len(u.name) && strings.EqualFold(rest[:len(u.name)], u.name) && !letterAt(rest, len(u.name)) {
			return number * u.length, n + len(u.name)
		}
	}
	return 0, 0
}

func letterAt(s string, i int) bool {
	return i < len(s) && (s[i]|0x20 >= 'a' && s[i]|0x20 <= 'z')
}

// separator is the length of what may stand between two parts.
func separator(s string) int {
	rest := strings.TrimLeft(s, " ,")
	rest = strings.TrimLeft(strings.TrimPrefix(rest, "and "), " ")
	return len(s) - len(rest)
}

// waitPhrases come before a length of time in providers' messages.
var waitPhrases = []string{"try again in ", "retry in ", "retry after ", "resets in ", "available in "}

// WaitInWords finds how long a message of a provider's asks to wait ("Please try again in 3.2s"), 0
// where it does not say.
func WaitInWords(message string) time.Duration {
	lower := strings.ToLower(message)
	for _, phrase := range waitPhrases {
		if i := strings.Index(lower, phrase); i >= 0 {
			if d, n := span(lower[i+len(phrase):]); n > 0 {
				return d
			}
		}
	}
	return 0
}
