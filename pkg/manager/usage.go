package manager

import (
	"math"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

// The lengths of the providers' windows.
const (
	fiveHours = 5 * time.Hour
	sevenDays = 7 * 24 * time.Hour
)

// unknownUtilization is what is assumed of an account whose use is not known, in percent.
const unknownUtilization = 65

// counts tells whether a window says something about now: one whose reset has passed does not.
func counts(w *store.Window, now time.Time) bool {
	return w != nil && !math.IsNaN(w.Utilization) && (w.ResetsAt.IsZero() || w.ResetsAt.After(now))
}

// exhausted tells whether a window is used up until a known time ahead.
func exhausted(w *store.Window, now time.Time) bool {
	return counts(w, now) && w.Utilization >= 100 && w.ResetsAt.After(now)
}

// limiting are the windows that limit an account. seven_day_sonnet counts for pace only.
func limiting(u *store.Usage) []*store.Window {
	if u == nil {
		return nil
	}
	return []*store.Window{u.FiveHour, u.SevenDay}
}

// utilization is the highest use of the limiting windows, in percent; -1 = not known.
func utilization(u *store.Usage, now time.Time) float64 {
	highest := -1.0
	for _, w := range limiting(u) {
		if counts(w, now) {
			highest = max(highest, min(100, max(0, w.Utilization)))
		}
	}
	return highest
}

// LimitedUntil is when the account's rate limit ends: the later of rateLimitResetAt and the resets
// of its exhausted windows. The zero time, or one that has passed = not limited.
func LimitedUntil(a *store.Account, now time.Time) time.Time {
	var until time.Time
	if a.RateLimitResetAt != 0 {
		until = a.RateLimitResetAt.Time()
	}
	for _, w := range limiting(a.CachedUsage) {
		if exhausted(w, now) && w.ResetsAt.After(until) {
			until = w.ResetsAt
		}
	}
	return until
}

// firstReset is the earliest reset of the exhausted windows; zero = none is exhausted.
func firstReset(u *store.Usage, now time.Time) time.Time {
	var first time.Time
	for _, w := range limiting(u) {
		if exhausted(w, now) && (first.IsZero() || w.ResetsAt.Before(first)) {
			first = w.ResetsAt
		}
	}
	return first
}
