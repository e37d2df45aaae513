package config

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Key describes one setting.
type Key struct {
	Name    string
	Meaning string
	Default any // bool, float64 or string, as the setting's values are

	min, max float64
	whole    bool
	choices  []string
	text     string // what any text has to be, in words; "" = the choices
	global   bool   // for all providers, not for one
	apply    func(*Settings, any)
}

const (
	year    = 365 * 24 * time.Hour
	yearMS  = float64(year / time.Millisecond)
	yearSec = float64(year / time.Second)
)

// keys are the npm core's, with its defaults and limits (its PluginConfigSchema);
// the upper limits are kyoli's, which has to turn the values into durations. What
// has a dot in its name is kyoli's own, and stands in a section.
var keys = []Key{
	{
		Name: "account_selection_strategy", Meaning: "how an account is chosen", Default: "sticky",
		choices: []string{"sticky", "round-robin", "hybrid"},
		apply:   func(s *Settings, v any) { s.Strategy = v.(string) },
	}, {
		Name: "cross_process_claims", Meaning: "spread processes over the accounts", Default: true,
		apply: func(s *Settings, v any) { s.CrossProcessClaims = v.(bool) },
	}, {
		Name: "soft_quota_threshold_percent", Meaning: "usage from which an account is passed over; 100 turns it off", Default: 100.0,
		max: 100, apply: func(s *Settings, v any) { s.SoftQuotaThresholdPercent = v.(float64) },
	}, {
		Name: "rate_limit_min_backoff_ms", Meaning: "shortest rest after a rate limit", Default: 30000.0,
		max: yearMS, apply: func(s *Settings, v any) { s.RateLimitMinBackoff = duration(v, time.Millisecond) },
	}, {
		Name: "default_retry_after_ms", Meaning: "rest after a rate limit that names no time", Default: 60000.0,
		max: yearMS, apply: func(s *Settings, v any) { s.DefaultRetryAfter = duration(v, time.Millisecond) },
	}, {
		Name: "max_consecutive_auth_failures", Meaning: "failed refreshes in a row before an account is disabled", Default: 3.0,
		min: 1, max: 1e6, whole: true, apply: func(s *Settings, v any) { s.MaxConsecutiveAuthFailures = int(v.(float64)) },
	}, {
		Name: "token_failure_backoff_ms", Meaning: "rest after a failed refresh", Default: 30000.0,
		max: yearMS, apply: func(s *Settings, v any) { s.TokenFailureBackoff = duration(v, time.Millisecond) },
	}, {
		Name: "proactive_refresh", Meaning: "refresh in the background before a token expires", Default: true,
		apply: func(s *Settings, v any) { s.ProactiveRefresh = v.(bool) },
	}, {
		Name: "proactive_refresh_buffer_seconds", Meaning: "how long before the expiry", Default: 1800.0,
		min: 60, max: yearSec, apply: func(s *Settings, v any) { s.ProactiveRefreshBuffer = duration(v, time.Second) },
	}, {
		Name: "proactive_refresh_interval_seconds", Meaning: "how often to look", Default: 300.0,
		min: 30, max: yearSec, apply: func(s *Settings, v any) { s.ProactiveRefreshInterval = duration(v, time.Second) },
	}, {
		Name: "exec.rotate", Meaning: "let exec rotate accounts while the command runs", Default: false,
		apply: func(s *Settings, v any) { s.ExecRotate = v.(bool) },
	}, {
		Name: "storage.encryption", Meaning: "seal tokens in the files: with a key in the system's keyring, in an age identity file, or not", Default: "none",
		choices: []string{"keyring", "age", "none"}, global: true,
		apply: func(s *Settings, v any) { s.Encryption = v.(string) },
	}, {
		Name: "storage.age_identity", Meaning: "the age identity file; empty is identity.txt in kyoli's directory for data", Default: "",
		text: "a path", global: true,
		apply: func(s *Settings, v any) { s.AgeIdentity = v.(string) },
	}, {
		Name: "quiet_mode", Meaning: "no notes on stderr", Default: false,
		apply: func(s *Settings, v any) { s.QuietMode = v.(bool) },
	}, {
		Name: "debug", Meaning: "log in detail", Default: false,
		apply: func(s *Settings, v any) { s.Debug = v.(bool) },
	},
}

// Keys returns the settings there are, in the order of the documentation.
func Keys() []Key { return slices.Clone(keys) }

func keyNames() []string {
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = k.Name
	}
	return names
}

// isSection tells whether settings of this section exist.
func isSection(name string) bool {
	return slices.ContainsFunc(keys, func(k Key) bool { return strings.HasPrefix(k.Name, name+".") })
}

func keyNamed(name string) *Key {
	for i := range keys {
		if keys[i].Name == name {
			return &keys[i]
		}
	}
	return nil
}

func duration(v any, unit time.Duration) time.Duration {
	return time.Duration(v.(float64) * float64(unit))
}

// Global tells whether the setting is for all providers, and cannot be another for one of them.
func (k *Key) Global() bool { return k.global }

// Choices are the values a key can have where they can be listed, for
// completion.
func (k *Key) Choices() []string {
	if _, isBool := k.Default.(bool); isBool {
		return []string{"true", "false"}
	}
	return slices.Clone(k.choices)
}

// Allowed says in words what a value has to be.
func (k *Key) Allowed() string {
	switch k.Default.(type) {
	case bool:
		return "true or false"
	case string:
		if k.text != "" {
			return k.text
		}
		return "one of " + strings.Join(k.choices, ", ")
	}
	noun := "a number"
	if k.whole {
		noun = "a whole number"
	}
	return fmt.Sprintf("%s from %s to %s", noun, Format(k.min), Format(k.max))
}

// accept returns what is wrong with a value, "" where nothing is. got names the
// value's type.
func (k *Key) accept(v any, got string) string {
	switch v := v.(type) {
	case bool:
		if _, ok := k.Default.(bool); ok {
			return ""
		}
	case string:
		if _, ok := k.Default.(string); ok && (k.text != "" || slices.Contains(k.choices, v)) {
			return ""
		} else if ok {
			return "want " + k.Allowed()
		}
	case float64:
		if _, ok := k.Default.(float64); ok {
			return k.acceptNumber(v)
		}
	}
	return fmt.Sprintf("want %s, got %s", k.Allowed(), got)
}

func (k *Key) acceptNumber(f float64) string {
	if f >= k.min && f <= k.max && (!k.whole || f == math.Trunc(f)) { // false for NaN
		return ""
	}
	return fmt.Sprintf("want %s, got %s", k.Allowed(), Format(f))
}

var decimal = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`) })

// fromText reads a value as it is given on the command line.
func (k *Key) fromText(text string) (any, string) {
	var v any = text
	got := "something else"
	switch k.Default.(type) {
	case bool:
		if b, err := strconv.ParseBool(text); err == nil && (text == "true" || text == "false") {
			v = b
		}
	case float64:
		if f, err := strconv.ParseFloat(text, 64); err == nil && decimal().MatchString(text) {
			v = f
		}
	}
	return v, k.accept(v, got)
}

// Format writes a setting's value as the settings file has it.
func Format(v any) string {
	if f, ok := v.(float64); ok {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}
