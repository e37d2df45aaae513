package manager

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

func window(percent float64, reset time.Duration) *store.Window {
	return &store.Window{Utilization: percent, ResetsAt: now.Add(reset)}
}

// The numbers were worked out by hand from design §5; each row says how.
func TestScore(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		usage           *store.Usage
		failures        int
		used            time.Duration // ago
		active, claimed bool
		want            Score
	}{
		// (100−65)/100·450 = 157.5; nothing known of its pace; 3/3·250; used an hour ago: 900/900·60.
		"nothing known": {
			used: time.Hour,
			want: Score{Usage: 157.5, Health: 250, Rest: 60, Total: 467.5},
		},
		// 80/100·450 = 360. Half of the 5 h: target 45, 25 behind: 75. Half of the 7 d: target 45, 35
		// behind: 105. The lower counts. Used 450 s ago: 30.
		"behind its pace, active": {
			usage: &store.Usage{FiveHour: window(20, 150*time.Minute), SevenDay: window(10, 84*time.Hour)},
			used:  450 * time.Second, active: true,
			want: Score{Usage: 360, Pace: 75, Health: 250, Rest: 30, Active: 120, Total: 835},
		},
		// 55 % used: 202.5. Half of the 5 h: target 45, 10 ahead: −40.
		"ahead of its pace": {
			usage: &store.Usage{FiveHour: window(55, 150*time.Minute)}, used: time.Hour,
			want: Score{Usage: 202.5, Pace: -40, Health: 250, Rest: 60, Total: 472.5},
		},
		// 60 % used: 180. A fifth of the 5 h: target 18, 42 ahead: −168, no lower than −160.
		// 2/3·250 = 166.67. Used just now.
		"far ahead of its pace, one failure, held by another": {
			usage: &store.Usage{FiveHour: window(60, 4*time.Hour)}, failures: 1, claimed: true,
			want: Score{Usage: 180, Pace: -160, Health: 500.0 / 3, Claimed: -200, Total: 180 - 160 + 500.0/3 - 200},
		},
		// Unused: 450. Six of 7 d: target 77.1 behind: 231, no higher than 120.
		"far behind its pace": {
			usage: &store.Usage{SevenDay: window(0, 24*time.Hour)}, used: time.Hour,
			want: Score{Usage: 450, Pace: 120, Health: 250, Rest: 60, Total: 880},
		},
		// A window that has just begun: target 0, slack 0.
		"a new window": {
			usage: &store.Usage{FiveHour: window(0, 5*time.Hour)}, used: time.Hour,
			want: Score{Usage: 450, Health: 250, Rest: 60, Total: 760},
		},
		// Sonnet's window is 45 ahead: −180, cut to −160; its use does not count: 450.
		"sonnet's week counts for pace only": {
			usage: &store.Usage{FiveHour: window(0, 5*time.Hour), SevenDaySonnet: window(90, 84*time.Hour)},
			used:  time.Hour,
			want:  Score{Usage: 450, Pace: -160, Health: 250, Rest: 60, Total: 600},
		},
		"the highest use counts": {
			// 70 % used: 135. 5 h: 45−10 = 35: 105. 7 d: 45−70 = −25: −100.
			usage: &store.Usage{FiveHour: window(10, 150*time.Minute), SevenDay: window(70, 84*time.Hour)},
			used:  time.Hour,
			want:  Score{Usage: 135, Pace: -100, Health: 250, Rest: 60, Total: 345},
		},
		"a window whose reset has passed says nothing": {
			usage: &store.Usage{FiveHour: window(100, -time.Hour)}, used: time.Hour,
			want: Score{Usage: 157.5, Health: 250, Rest: 60, Total: 467.5},
		},
		"a window without a reset has no pace": {
			usage: &store.Usage{FiveHour: &store.Window{Utilization: 40}}, used: time.Hour,
			want: Score{Usage: 270, Health: 250, Rest: 60, Total: 580},
		},
		// −160 as 45−100 = −55: −220.
		"more than 100 %": {
			usage: &store.Usage{FiveHour: window(140, 150*time.Minute)}, used: time.Hour,
			want: Score{Usage: 0, Pace: -160, Health: 250, Rest: 60, Total: 150},
		},
		"no number at all": {
			usage: &store.Usage{FiveHour: window(math.NaN(), 150*time.Minute)}, used: time.Hour,
			want: Score{Usage: 157.5, Health: 250, Rest: 60, Total: 467.5},
		},
		"more failures than allowed": {
			failures: 5, used: time.Hour,
			want: Score{Usage: 157.5, Rest: 60, Total: 217.5},
		},
		"used in the future": {
			used: -time.Hour,
			want: Score{Usage: 157.5, Health: 250, Total: 407.5},
		},
	}
	for title, tt := range tests {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			a := acct("a")
			a.CachedUsage, a.ConsecutiveAuthFailures, a.LastUsed = tt.usage, tt.failures, in(-tt.used)
			got := DefaultSettings().score(a, tt.active, tt.claimed, now)
			if diff := cmp.Diff(tt.want, got, cmpopts.EquateApprox(0, 1e-9)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAnAccountNeverUsedIsFullyRested(t *testing.T) {
	t.Parallel()
	a := acct("a")
	a.LastUsed = 0
	if got := DefaultSettings().score(a, false, false, now).Rest; got != 60 {
		t.Errorf("rest = %v, want 60", got)
	}
}

// 4 failures allowed, 1 had: 3/4·250.
func TestHealthFollowsTheSettings(t *testing.T) {
	t.Parallel()
	s := DefaultSettings()
	s.MaxConsecutiveAuthFailures = 4
	a := acct("a", func(a *store.Account) { a.ConsecutiveAuthFailures = 1 })
	if got := s.score(a, false, false, now).Health; got != 187.5 {
		t.Errorf("health = %v, want 187.5", got)
	}
}
