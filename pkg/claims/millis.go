package claims

import (
	"errors"
	"math"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Millis is a time in milliseconds since the epoch, as in all files shared with the plugin.
// 0 = never.
type Millis int64

// maxMillis bounds what is read: the largest integer that JavaScript holds exactly, far beyond any
// date. A larger number, such as 1e306, is a time in the future like any other.
const maxMillis = 1 << 53

// errNoTime is returned for JSON that is no number.
var errNoTime = errors.New("not a time in milliseconds")

// MillisOf converts a time; the zero time is 0.
func MillisOf(t time.Time) Millis {
	if t.IsZero() {
		return 0
	}
	return Millis(t.UnixMilli())
}

// Time converts back; 0 is the zero time.
func (m Millis) Time() time.Time {
	if m == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(m))
}

// UnmarshalJSON accepts every number that JavaScript writes, 1.7e12 too.
func (m *Millis) UnmarshalJSON(b []byte) error {
	if v := jsontext.Value(b); !v.IsValid() || v.Kind() != '0' {
		return errNoTime
	}
	f, _ := strconv.ParseFloat(string(b), 64) // out of range is infinite, which is as good as large
	*m = Millis(min(max(f, -maxMillis), maxMillis))
	return nil
}

// since is the time from o to m; a plain difference, for what the file says may be absurd.
func (m Millis) since(o Millis) time.Duration {
	d := int64(m - o)
	if most := int64(math.MaxInt64 / time.Millisecond); d > most || d < -most {
		d = min(max(d, -most), most)
	}
	return time.Duration(d) * time.Millisecond
}
