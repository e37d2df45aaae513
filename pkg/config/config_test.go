package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// dirWith is a directory with kyoli.yaml in it.
func dirWith(t testing.TB, text string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, FileName), text)
	return dir
}

func write(t testing.TB, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func mustLoad(t testing.TB, text string) *Config {
	t.Helper()
	c, err := Load(dirWith(t, text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var defaults = Settings{
	Strategy: "sticky", CrossProcessClaims: true, SoftQuotaThresholdPercent: 100,
	RateLimitMinBackoff: 30 * time.Second, DefaultRetryAfter: time.Minute,
	MaxConsecutiveAuthFailures: 3, TokenFailureBackoff: 30 * time.Second,
	ProactiveRefresh: true, ProactiveRefreshBuffer: 30 * time.Minute, ProactiveRefreshInterval: 5 * time.Minute,
	Encryption: "none",
}

func TestDefaults(t *testing.T) {
	if diff := cmp.Diff(defaults, Defaults()); diff != "" {
		t.Error(diff)
	}
}

func TestLoadNothing(t *testing.T) {
	empty := t.TempDir()
	for name, dir := range map[string]string{
		"no directory": filepath.Join(empty, "no", "such"), "no file": empty,
		"empty file": dirWith(t, ""), "comments": dirWith(t, "# all\n# comments\n"), "null": dirWith(t, "---\nnull\n"),
		"empty sections": dirWith(t, "providers:\nadapters:\n  # openai: {}\n"),
		"empty provider": dirWith(t, "providers:\n  openai:\n"),
	} {
		t.Run(name, func(t *testing.T) {
			c, err := Load(dir)
			if err != nil {
				t.Fatal(err)
			}
			got, err := c.For("openai", "codex-multiauth.json")
			if diff := cmp.Diff(defaults, got); diff != "" || err != nil {
				t.Error(diff, err)
			}
			if c.Dir != dir || c.File != filepath.Join(dir, FileName) || len(c.Adapters()) != 0 {
				t.Errorf("%+v", c)
			}
		})
	}
}

func TestLoadAll(t *testing.T) {
	c := mustLoad(t, `
account_selection_strategy: hybrid
cross_process_claims: false
soft_quota_threshold_percent: 92.5
rate_limit_min_backoff_ms: 1000
default_retry_after_ms: 2000.5
max_consecutive_auth_failures: 5.0
token_failure_backoff_ms: 0
proactive_refresh: false
proactive_refresh_buffer_seconds: 60
proactive_refresh_interval_seconds: 30
exec:
  rotate: true
storage:
  encryption: age
  age_identity: ~/id.txt
quiet_mode: true
debug: true
`)
	got, err := c.For("openai", "")
	want := Settings{
		Strategy: "hybrid", SoftQuotaThresholdPercent: 92.5,
		RateLimitMinBackoff: time.Second, DefaultRetryAfter: 2000500 * time.Microsecond,
		MaxConsecutiveAuthFailures: 5, ProactiveRefreshBuffer: time.Minute, ProactiveRefreshInterval: 30 * time.Second,
		ExecRotate: true, Encryption: "age", AgeIdentity: "~/id.txt", QuietMode: true, Debug: true,
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestLoadFaults(t *testing.T) {
	for _, tt := range []struct {
		name, text, key string
		line            int
		reason          string
	}{
		{"syntax", "quiet_mode: [true\n", "", 2, "did not find expected"},
		{"tab", "providers:\n\topenai: {}\n", "", 2, "cannot start any token"},
		{"section", "exec: true\n", "exec", 1, "want a mapping of keys, got true or false"},
		{"global of a provider", "providers:\n  openai:\n    storage: {encryption: age}\n", "providers.openai.storage.encryption", 3, "for all providers"},
		{"unknown choice", "storage:\n  encryption: rot13\n", "storage.encryption", 2, "want one of keyring, age, none"},
		{"in a section", "exec:\n  rotate: 5\n", "exec.rotate", 2, "want true or false, got a number"},
		{"unknown in a section", "exec:\n  debug: true\n", "exec.debug", 2, "unknown key"},
		{"section of a provider", "providers:\n  openai:\n    exec: {rotate: 1}\n", "providers.openai.exec.rotate", 3, "want true or false"},
		{"not in its section", "exec.rotate: true\n", "exec.rotate", 1, "want it in its section, as exec: { rotate: … }"},
		{"unknown key", "debug: true\nquiet: true\n", "quiet", 2, "unknown key"},
		{"duplicate key", "debug: true\n\ndebug: false\n", "debug", 3, "given twice, first on line 1"},
		{"a list", "- debug\n", "", 1, "want a mapping of keys, got a list"},
		{"a word", "debug\n", "", 1, "want a mapping of keys, got a string"},
		{"no value", "debug:\n", "debug", 1, "want true or false, got nothing"},
		{"yes is no bool", "debug: yes\n", "debug", 1, "want true or false, got a string"},
		{"number for a bool", "debug: 1\n", "debug", 1, "want true or false, got a number"},
		{"quoted bool", "debug: \"true\"\n", "debug", 1, "want true or false, got a string"},
		{"quoted number", "default_retry_after_ms: \"5\"\n", "default_retry_after_ms", 1, "want a number from 0 to 31536000000, got a string"},
		{"list for a number", "default_retry_after_ms: [5]\n", "default_retry_after_ms", 1, "got a list"},
		{"negative", "default_retry_after_ms: -1\n", "default_retry_after_ms", 1, "from 0 to 31536000000, got -1"},
		{"not a number", "default_retry_after_ms: .nan\n", "default_retry_after_ms", 1, "got NaN"},
		{"infinite", "default_retry_after_ms: .inf\n", "default_retry_after_ms", 1, "got +Inf"},
		{"absurd", "default_retry_after_ms: 1e306\n", "default_retry_after_ms", 1, "want a number from 0 to 31536000000"},
		{"over 100", "soft_quota_threshold_percent: 100.1\n", "soft_quota_threshold_percent", 1, "from 0 to 100, got 100.1"},
		{"below one", "max_consecutive_auth_failures: 0\n", "max_consecutive_auth_failures", 1, "a whole number from 1 to 1000000, got 0"},
		{"half", "max_consecutive_auth_failures: 2.5\n", "max_consecutive_auth_failures", 1, "got 2.5"},
		{"buffer", "proactive_refresh_buffer_seconds: 59\n", "proactive_refresh_buffer_seconds", 1, "from 60 to"},
		{"interval", "proactive_refresh_interval_seconds: 29\n", "proactive_refresh_interval_seconds", 1, "from 30 to"},
		{"strategy", "account_selection_strategy: stikcy\n", "account_selection_strategy", 1, "one of sticky, round-robin, hybrid"},
		{"strategy of another type", "account_selection_strategy: 5\n", "account_selection_strategy", 1, "one of sticky, round-robin, hybrid, got a number"},
		{"providers", "providers: 5\n", "providers", 1, "want a mapping of keys, got a number"},
		{"provider", "providers:\n  openai: 5\n", "providers.openai", 2, "want a mapping of keys, got a number"},
		{"in a provider", "providers:\n  openai:\n    debug: 5\n", "providers.openai.debug", 3, "want true or false"},
		{"unknown in a provider", "providers:\n  openai:\n    adapters: {}\n", "providers.openai.adapters", 3, "unknown key"},
		{"adapters", "adapters: []\n", "adapters", 1, "want a mapping of keys, got a list"},
		{"adapter", "adapters:\n  acme: x\n", "adapters.acme", 2, "want a mapping of keys, got a string"},
		{"twice in an adapter", "adapters:\n  acme:\n    a: 1\n    a: 2\n", "a", 4, "given twice"},
		{"two documents", "debug: true\n---\ndebug: false\n", "", 2, "a second document"},
		{"not UTF-8", "debug: true # \xff\n", "", 1, "not UTF-8"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := dirWith(t, tt.text)
			c, err := Load(dir)
			var got *Error
			if !errors.As(err, &got) {
				t.Fatalf("Load = %v, %v; want an *Error", c, err)
			}
			if got.File != filepath.Join(dir, FileName) || got.Line != tt.line || got.Key != tt.key {
				t.Errorf("got %+v, want line %d, key %q", *got, tt.line, tt.key)
			}
			if !strings.Contains(got.Reason, tt.reason) {
				t.Errorf("reason %q does not have %q", got.Reason, tt.reason)
			}
		})
	}
}

func TestUnknownKeyListsTheAllowed(t *testing.T) {
	_, err := Load(dirWith(t, "quiet: true\n"))
	var got *Error
	if !errors.As(err, &got) || !slices.Contains(got.Allowed, "quiet_mode") || !slices.Contains(got.Allowed, "adapters") {
		t.Errorf("error %v", err)
	}
	_, err = Load(dirWith(t, "providers: {openai: {quiet: true}}\n"))
	if !errors.As(err, &got) || slices.Contains(got.Allowed, "adapters") {
		t.Errorf("error %v offers what a provider cannot have", err)
	}
}

func TestErrorText(t *testing.T) {
	for want, e := range map[string]Error{
		`k.yaml:3: key "a": no (allowed: b, c)`: {"k.yaml", 3, "a", "no", []string{"b", "c"}},
		`k.yaml: no`:                            {File: "k.yaml", Reason: "no"},
		`key "a": no`:                           {Key: "a", Reason: "no"},
	} {
		if got := e.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestErrorsDoNotRepeatValues(t *testing.T) {
	const secret = "rt-1-do-not-show"
	for _, text := range []string{
		"debug: " + secret, "account_selection_strategy: " + secret, "providers: " + secret,
		"providers: {openai: " + secret + "}", "adapters: {acme: " + secret + "}", secret,
	} {
		if _, err := Load(dirWith(t, text)); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: error %v", text, err)
		}
	}
}

func TestLoadUnreadable(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, FileName), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := Load(dir)
	var path *fs.PathError
	if !errors.As(err, &path) || path.Path != filepath.Join(dir, FileName) {
		t.Errorf("error %v does not name the file", err)
	}
}

func TestAdapters(t *testing.T) {
	c := mustLoad(t, "adapters:\n  openai: {token_url: \"http://127.0.0.1:1/t\"}\n  acme:\n    client_id: a\n  later:\n")
	got := c.Adapters()
	if len(got) != 3 || got["acme"].Line != 4 || got["openai"].Content[1].Value != "http://127.0.0.1:1/t" {
		t.Errorf("%v", got)
	}
	delete(got, "acme")
	if len(c.Adapters()) != 3 {
		t.Error("the caller can take an adapter out")
	}
}

func TestCheckProviders(t *testing.T) {
	c := mustLoad(t, "providers:\n  openai: {debug: true}\n  opnai: {debug: true}\n")
	if err := c.CheckProviders([]string{"openai", "opnai"}); err != nil {
		t.Error(err)
	}
	err := c.CheckProviders([]string{"anthropic", "openai"})
	want := &Error{c.File, 3, "providers.opnai", "no such provider", []string{"anthropic", "openai"}}
	var got *Error
	if !errors.As(err, &got) {
		t.Fatalf("error %v", err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestKeysDescribeThemselves(t *testing.T) {
	for _, k := range Keys() {
		if k.Meaning == "" || k.Allowed() == "" || k.accept(k.Default, "") != "" {
			t.Errorf("%s: meaning %q, allowed %q, default %v", k.Name, k.Meaning, k.Allowed(), k.Default)
		}
		for _, choice := range k.Choices() {
			if _, wrong := k.fromText(choice); wrong != "" {
				t.Errorf("%s does not take its own choice %s: %s", k.Name, choice, wrong)
			}
		}
	}
	if len(Keys()) != 15 {
		t.Errorf("%d keys", len(Keys()))
	}
}

func FuzzLoad(f *testing.F) {
	for _, s := range []string{
		"debug: true\n", "providers: {openai: {debug: false}}\n", "adapters:\n  a:\n    b: [c]\n",
		"default_retry_after_ms: 0x10\n", "soft_quota_threshold_percent: 1_0\n", "max_consecutive_auth_failures: 0o17\n", "a: &b c",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c := &Config{File: "kyoli.yaml"}
		var err error
		if c.content, err = parse(c.File, data); err != nil {
			var fault *Error
			if !errors.As(err, &fault) || fault.File != "kyoli.yaml" || fault.Reason == "" {
				t.Fatalf("error %#v says too little", err)
			}
			return
		}
		for _, provider := range []string{"", "openai"} {
			s, err := c.For(provider, "")
			if err != nil {
				t.Fatal(err)
			}
			inRange(t, s)
		}
	})
}

func inRange(t *testing.T, s Settings) {
	t.Helper()
	for _, d := range []time.Duration{s.RateLimitMinBackoff, s.DefaultRetryAfter, s.TokenFailureBackoff} {
		if d < 0 || d > year {
			t.Fatalf("duration %v", d)
		}
	}
	if s.ProactiveRefreshBuffer < time.Minute || s.ProactiveRefreshInterval < 30*time.Second || s.MaxConsecutiveAuthFailures < 1 ||
		!(s.SoftQuotaThresholdPercent >= 0 && s.SoftQuotaThresholdPercent <= 100) || s.Strategy == "" {
		t.Fatalf("settings %+v", s)
	}
}
