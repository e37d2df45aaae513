package manager

import "time"

// Settings are those of kyoli.yaml that concern the pool (its keys are in docs/configuration.md and
// have the plugins' names).
type Settings struct {
	// Strategy is account_selection_strategy, one of [Strategies].
	Strategy string
	// CrossProcessClaims false leaves other processes' claims out of account and makes none. Only an
	// account that somebody wanted for itself alone is still left to it.
	CrossProcessClaims bool
	// SoftQuotaThresholdPercent is the use, in percent of a window, from which an account is spared;
	// 100 = never.
	SoftQuotaThresholdPercent float64
	// RateLimitMinBackoff is the shortest time that an account rests after a 429.
	RateLimitMinBackoff time.Duration
	// DefaultRetryAfter is the rest after a 429 that names no time.
	DefaultRetryAfter time.Duration
	// MaxConsecutiveAuthFailures is how many failures in a row disable an account.
	MaxConsecutiveAuthFailures int
	// TokenFailureBackoff is the rest after a failed refresh; 0 = none.
	TokenFailureBackoff time.Duration
	// ProactiveRefresh says whether tokens are renewed beside a running command ([Manager.Proactive]).
	ProactiveRefresh bool
	// ProactiveRefreshBuffer is how long before its end a token is renewed.
	ProactiveRefreshBuffer time.Duration
	// ProactiveRefreshInterval is how often that is looked at.
	ProactiveRefreshInterval time.Duration
}

// DefaultSettings are the settings without any file: those of the npm core.
func DefaultSettings() Settings {
	return Settings{
		Strategy:                   StrategySticky,
		CrossProcessClaims:         true,
		SoftQuotaThresholdPercent:  100,
		RateLimitMinBackoff:        30 * time.Second,
		DefaultRetryAfter:          time.Minute,
		MaxConsecutiveAuthFailures: 3,
		TokenFailureBackoff:        30 * time.Second,
		ProactiveRefresh:           true,
		ProactiveRefreshBuffer:     30 * time.Minute,
		ProactiveRefreshInterval:   5 * time.Minute,
	}
}

// withDefaults replaces settings that were left out altogether, and single ones that cannot be.
func (s Settings) withDefaults() Settings {
	d := DefaultSettings()
	if s == (Settings{}) {
		return d
	}
	if s.Strategy == "" {
		s.Strategy = d.Strategy
	}
	if s.MaxConsecutiveAuthFailures < 1 {
		s.MaxConsecutiveAuthFailures = d.MaxConsecutiveAuthFailures
	}
	if s.ProactiveRefreshBuffer <= 0 {
		s.ProactiveRefreshBuffer = d.ProactiveRefreshBuffer
	}
	if s.ProactiveRefreshInterval <= 0 {
		s.ProactiveRefreshInterval = d.ProactiveRefreshInterval
	}
	return s
}
