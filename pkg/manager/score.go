package manager

import (
	"time"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

// Score is what the hybrid strategy goes by, in points, with its parts. The formula is that of the
// npm core "opencode-multi-account-core".
type Score struct {
	// Usage is (100 − highest utilisation)/100·450; 65 % is assumed where it is not known.
	Usage float64 `json:"usage"`
	// Pace is −160 to 120: how far the fullest window, for its age, is from ending at 90 %.
	Pace float64 `json:"pace"`
	// Health is (max failures − failures)/max failures·250.
	Health float64 `json:"health"`
	// Rest is min(seconds since use, 900)/900·60.
	Rest float64 `json:"rest"`
	// Active is 120 for the active account.
	Active float64 `json:"active"`
	// Claimed is −200 for an account that another session holds.
	Claimed float64 `json:"claimed"`
	// Total is their sum.
	Total float64 `json:"total"`
}

// score works out an account's score.
func (s Settings) score(a *store.Account, active, claimed bool, now time.Time) Score {
	used := utilization(a.CachedUsage, now)
	if used < 0 {
		used = unknownUtilization
	}
	most := float64(s.MaxConsecutiveAuthFailures)
	sc := Score{
		Usage:  (100 - used) / 100 * 450,
		Pace:   pace(a.CachedUsage, now),
		Health: max(0, (most-float64(a.ConsecutiveAuthFailures))/most*250),
		Rest:   min(secondsSince(a.LastUsed, now), 900) / 900 * 60,
	}
	if active {
		sc.Active = 120
	}
	if claimed {
		sc.Claimed = -200
	}
	sc.Total = sc.Usage + sc.Pace + sc.Health + sc.Rest + sc.Active + sc.Claimed
	return sc
}

// pace is the lowest pace of the windows; 0 = none is known.
func pace(u *store.Usage, now time.Time) float64 {
	if u == nil {
		return 0
	}
	lowest, known := 0.0, false
	for _, w := range []struct {
		window *store.Window
		length time.Duration
	}{{u.FiveHour, fiveHours}, {u.SevenDay, sevenDays}, {u.SevenDaySonnet, sevenDays}} {
		if !counts(w.window, now) || w.window.ResetsAt.IsZero() {
			continue
		}
		if p := windowPace(w.window, w.length, now); !known || p < lowest {
			lowest, known = p, true
		}
	}
	return lowest
}

// windowPace compares a window's use with 90 % of the share of it that has passed: 3 points for
// each percent below that, up to 120; 4 points off for each above, down to −160.
func windowPace(w *store.Window, length time.Duration, now time.Time) float64 {
	elapsed := 1 - w.ResetsAt.Sub(now).Seconds()/length.Seconds()
	slack := 90*min(1, max(0, elapsed)) - min(100, max(0, w.Utilization))
	if slack >= 0 {
		return min(120, 3*slack)
	}
	return max(-160, 4*slack)
}
