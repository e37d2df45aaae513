package termtext

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/clipperhouse/displaywidth"
)

// Width is the number of terminal cells that s takes.
func Width(s string) int {
	return displaywidth.String(s)
}

// Cut shortens s to at most width cells, the last of them "…" where something
// was cut off.
func Cut(s string, width int) string {
	if Width(s) <= width {
		return s
	}
	if width <= 0 {
		return ""
	}
	return displaywidth.TruncateString(s, width, "…")
}

// Bar draws percent (0-100; beyond it, full or empty) in width cells. What is
// above nothing shows at least one mark, and only 100 % fills the bar.
func Bar(percent float64, width int) string {
	full := 0
	switch {
	case math.IsNaN(percent) || percent <= 0:
	case percent >= 100:
		full = width
	default:
		full = max(min(max(int(percent*float64(width)/100), 1), width-1), 0)
	}
	return strings.Repeat("█", full) + strings.Repeat("░", width-full)
}

// In says how far ahead d is in its largest unit, rounded: "in 2h", "3d ago",
// "now".
func In(d time.Duration) string {
	if d > -time.Second && d < time.Second {
		return "now"
	}
	if d < 0 {
		return Span(-d) + " ago"
	}
	return "in " + Span(d)
}

// Span is a positive duration in its largest unit, rounded: "45s", "5m", "2h",
// "3d".
func Span(d time.Duration) string {
	const day = 24 * time.Hour
	units := []struct {
		size  time.Duration
		below time.Duration
		name  string
	}{
		{time.Second, 60 * time.Second, "s"},
		{time.Minute, 60 * time.Minute, "m"},
		{time.Hour, 48 * time.Hour, "h"},
	}
	for _, u := range units {
		if n := d.Round(u.size); n < u.below {
			return strconv.FormatInt(int64(n/u.size), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(d.Round(day)/day), 10) + "d"
}
