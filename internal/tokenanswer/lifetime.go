package tokenanswer

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
)

const (
	// DefaultLifetime is assumed of an access token whose answer does not say.
	DefaultLifetime = time.Hour
	// MinLifetime keeps a token usable for a while: one counts as expired 60 s early, and a provider's slip must not
	// make every command refresh.
	MinLifetime = 2 * time.Minute
	// MaxLifetime bounds what is believed.
	MaxLifetime = 365 * 24 * time.Hour

	maxJWT = 64 << 10
	// maxInstant is the year 9999, in seconds.
	maxInstant = 253402300799
)

// Lifetime is expires_in (RFC 6749 section 5.1, in seconds) within the limits above; numbers in quotes count. Where
// it is missing, no number or not above zero, the access token's own claims tell, else the default holds.
func (a *Answer) Lifetime() time.Duration {
	d := asDuration(seconds(a.members["expires_in"]))
	if d <= 0 {
		d = JWTLifetime(a.AccessToken)
	}
	if d <= 0 {
		d = DefaultLifetime
	}
	return min(max(d, MinLifetime), MaxLifetime)
}

// JWTLifetime is how long a JWT says it lives, from its own two instants, so that no clock of ours comes into it; 0
// where it does not say.
func JWTLifetime(jwt string) time.Duration {
	payload, ok := JWTPayload(jwt)
	if !ok {
		return 0
	}
	claims := Members(payload)
	expires, issued := seconds(claims["exp"]), seconds(claims["iat"])
	if issued <= 0 || expires <= issued {
		return 0
	}
	return asDuration(expires - issued)
}

// JWTExpiry is when a JWT says it expires; zero where it does not say, or says what cannot be.
func JWTExpiry(jwt string) time.Time {
	payload, ok := JWTPayload(jwt)
	if !ok {
		return time.Time{}
	}
	at := seconds(Members(payload)["exp"])
	if !(at > 0 && at < maxInstant) {
		return time.Time{}
	}
	return time.UnixMilli(int64(at * 1000))
}

// JWTPayload is the payload of a JWT (RFC 7519), an object, whose signature is not checked. false means that the token
// is not a JWT, as many access tokens are not.
func JWTPayload(jwt string) (json.RawMessage, bool) {
	parts := strings.Split(jwt, ".")
	if len(parts) < 2 || len(parts) > 5 || len(jwt) > maxJWT {
		return nil, false
	}
	data, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil || !json.Valid(data) || !strings.HasPrefix(strings.TrimSpace(string(data)), "{") {
		return nil, false
	}
	return data, true
}

// seconds reads a number, bare or in quotes: NaN where it is none, an infinity where it is out of range.
func seconds(raw json.RawMessage) float64 {
	s := strings.TrimSpace(string(raw))
	if quoted := Text(raw); quoted != "" {
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

// asDuration turns seconds into a duration, cut off at MaxLifetime before it can overflow; NaN and what is not above
// zero become 0.
func asDuration(seconds float64) time.Duration {
	switch {
	case !(seconds > 0):
		return 0
	case seconds >= MaxLifetime.Seconds():
		return MaxLifetime
	}
	return time.Duration(seconds * float64(time.Second))
}
