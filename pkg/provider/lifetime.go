package provider

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
)

const (
	// DefaultLifetime is assumed of an access token whose answer does not say.
	DefaultLifetime = time.Hour
	// MinLifetime keeps a token usable for a while: one counts as expired 60 s
	// early, and a provider's slip must not make every command refresh.
	MinLifetime = 2 * time.Minute
	// MaxLifetime bounds what is believed.
	MaxLifetime = 365 * 24 * time.Hour
)

// lifetime is expires_in (RFC 6749 section 5.1, in seconds) within the limits
// above; numbers in quotes count. Where it is missing, no number or not above
// zero, the token's own claims tell, else the default holds.
func lifetime(expiresIn json.RawMessage, access string) time.Duration {
	d := asDuration(seconds(expiresIn))
	if d <= 0 {
		d = jwtLifetime(access)
	}
	if d <= 0 {
		d = DefaultLifetime
	}
	return min(max(d, MinLifetime), MaxLifetime)
}

// seconds reads a number, bare or in quotes: NaN where it is none, an infinity
// where it is out of range.
func seconds(raw json.RawMessage) float64 {
	s := strings.TrimSpace(string(raw))
	if quoted := text(raw); quoted != "" {
		s = strings.TrimSpace(quoted)
	}
	if s == "" || strings.ContainsFunc(s, func(r rune) bool { return !strings.ContainsRune("+-.0123456789eE", r) }) {
		return math.NaN() // also keeps out what only Go takes for a number
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) {
		return math.NaN()
	}
	return f
}

// asDuration turns seconds into a duration, cut off at MaxLifetime before it
// can overflow; NaN and what is not above zero become 0.
func asDuration(seconds float64) time.Duration {
	switch {
	case !(seconds > 0):
		return 0
	case seconds >= MaxLifetime.Seconds():
		return MaxLifetime
	}
	return time.Duration(seconds * float64(time.Second))
}
