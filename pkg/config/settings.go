package config

import "time"

// Settings are the settings in force for one provider.
type Settings struct {
	Strategy                   string // sticky, round-robin or hybrid
	CrossProcessClaims         bool
	SoftQuotaThresholdPercent  float64 // 0 to 100
	RateLimitMinBackoff        time.Duration
	DefaultRetryAfter          time.Duration
	MaxConsecutiveAuthFailures int
	TokenFailureBackoff        time.Duration
	ProactiveRefresh           bool
	ProactiveRefreshBuffer     time.Duration
	ProactiveRefreshInterval   time.Duration
	ExecRotate                 bool
	Encryption                 string // of tokens: keyring, age or none; the same for all providers
	AgeIdentity                string // path of the identity file, "" = the default
	QuietMode                  bool
	Debug                      bool
}

// Defaults are the settings where no file says otherwise; they are the npm
// plugins'.
func Defaults() Settings {
	var s Settings
	for i := range keys {
		keys[i].apply(&s, keys[i].Default)
	}
	return s
}
