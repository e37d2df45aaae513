package store

import "time"

// Millis is a time in milliseconds since the epoch, as the account file holds it. Zero is an absent time.
type Millis int64

// MillisOf returns t in milliseconds; the zero time is zero.
func MillisOf(t time.Time) Millis {
	if t.IsZero() {
		return 0
	}
	return Millis(t.UnixMilli())
}

// Time returns the time in the local zone; zero is the zero time.
func (m Millis) Time() time.Time {
	if m == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(m))
}
