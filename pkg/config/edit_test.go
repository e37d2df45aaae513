package config

import (
	"bytes"
	"errors"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/kyoli-gam/kyoli/internal/strictyaml"
)

func scalar(t testing.TB, key, value string) ([]string, *yaml.Node) {
	t.Helper()
	path, err := SplitKey(key)
	if err != nil {
		t.Fatal(err)
	}
	node, err := scalarFor(key, path, value)
	if err != nil {
		t.Fatal(err)
	}
	return path, node
}

// Whatever is not the value itself stays as it is, byte for byte.
func TestEdit(t *testing.T) {
	for _, tt := range []struct{ name, before, key, value, after string }{
		{"empty file", "", "debug", "true", "debug: true\n"},
		{"only comments", "# mine\n\n# yours\n", "debug", "true", "# mine\n\n# yours\ndebug: true\n"},
		{"no line break at the end", "debug: true", "quiet_mode", "true", "debug: true\nquiet_mode: true\n"},
		{
			"a value that is there",
			"# head\n\ndebug:   false   # why\n\n\nquiet_mode: false # too\n# foot\n", "debug", "true",
			"# head\n\ndebug:   true   # why\n\n\nquiet_mode: false # too\n# foot\n",
		},
		{
			"a string",
			"account_selection_strategy: 'sticky' # was hybrid\n", "account_selection_strategy", "round-robin",
			"account_selection_strategy: round-robin # was hybrid\n",
		},
		{
			"in double quotes",
			"account_selection_strategy: \"sticky\"\n", "account_selection_strategy", "hybrid",
			"account_selection_strategy: hybrid\n",
		},
		{
			"no section yet",
			"debug: true\n# the end\n", "providers.openai.max_consecutive_auth_failures", "5",
			"debug: true\n# the end\nproviders:\n  openai:\n    max_consecutive_auth_failures: 5\n",
		},
		{
			"no provider yet, in the file's own indentation",
			"providers:\n    openai:\n        debug: true # why\n\n# settings\nquiet_mode: true\n", "providers.acme.debug", "false",
			"providers:\n    openai:\n        debug: true # why\n    acme:\n      debug: false\n\n# settings\nquiet_mode: true\n",
		},
		{
			"a setting in a section",
			"debug: true\n", "exec.rotate", "true",
			"debug: true\nexec:\n  rotate: true\n",
		},
		{
			"a provider's in a section",
			"providers:\n  openai:\n    exec:\n      rotate: true # why\n", "providers.openai.exec.rotate", "false",
			"providers:\n  openai:\n    exec:\n      rotate: false # why\n",
		},
		{
			"no key yet in a provider",
			"providers:\n  openai:\n    debug: true\n  acme:\n    debug: true\n", "providers.openai.quiet_mode", "true",
			"providers:\n  openai:\n    debug: true\n    quiet_mode: true\n  acme:\n    debug: true\n",
		},
		{
			"in a flow mapping",
			"adapters: {openai: {token_url: \"http://127.0.0.1:1/t\", base_url: x}} # loop\n", "adapters.openai.token_url", "https://b.example/t",
			"adapters: {openai: {token_url: https://b.example/t, base_url: x}} # loop\n",
		},
		{
			"a value that must be quoted",
			"adapters:\n  acme:\n    client_id: a\n", "adapters.acme.client_id", "123: #",
			"adapters:\n  acme:\n    client_id: '123: #'\n",
		},
		{
			"a number as a string",
			"adapters:\n  acme:\n    client_id: a\n", "adapters.acme.headers.X-Version", "2",
			"adapters:\n  acme:\n    client_id: a\n    headers:\n      X-Version: \"2\"\n",
		},
		{
			"behind a character of several bytes",
			"adapters: {\"é\": {display_name: Ä, client_id: old}} # ü\n", "adapters.é.client_id", "new",
			"adapters: {\"é\": {display_name: Ä, client_id: new}} # ü\n",
		},
		{
			"Windows line breaks",
			"debug: true\r\nproviders:\r\n  openai:\r\n    debug: true\r\n", "providers.openai.quiet_mode", "true",
			"debug: true\r\nproviders:\r\n  openai:\r\n    debug: true\r\n    quiet_mode: true\r\n",
		},
		{"a fraction", "soft_quota_threshold_percent: 90\n", "soft_quota_threshold_percent", "92.50", "soft_quota_threshold_percent: 92.5\n"},
		{"a large number", "", "default_retry_after_ms", "31536000000", "default_retry_after_ms: 31536000000\n"},
		{"the same value in an unusual text", "\r \ndebug: true\n", "debug", "true", "\r \ndebug: true\n"},
		{"the same value", "debug: true # x\n", "debug", "true", "debug: true # x\n"},
		// What follows is too unusual for the text, and is written anew.
		{
			"a new key in a flow mapping",
			"# head\nproviders: {openai: {debug: true}} # why\n", "providers.openai.quiet_mode", "true",
			"# head\nproviders: {openai: {debug: true, quiet_mode: true}} # why\n",
		},
		{
			"an empty section",
			"providers: # none yet\n# foot\n", "providers.openai.debug", "true",
			"providers: # none yet\n  openai:\n    debug: true\n\n# foot\n",
		},
		{
			"an empty value",
			"adapters:\n  acme:\n    client_id: \"\"\n", "adapters.acme.client_id", "a",
			"adapters:\n  acme:\n    client_id: a\n",
		},
		{
			"a value of several lines",
			"adapters:\n  acme:\n    display_name: |-\n      A\n      B\n    client_id: c # id\n", "adapters.acme.display_name", "AB",
			"adapters:\n  acme:\n    display_name: AB\n    client_id: c # id\n",
		},
		{
			"behind a value of several lines",
			"# head\nadapters:\n  acme:\n    client_id: c # id\n    display_name: |\n      A\n      B\n", "adapters.acme.token_url", "https://a.example",
			"# head\nadapters:\n  acme:\n    client_id: c # id\n    display_name: |\n      A\n      B\n    token_url: https://a.example\n",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path, node := scalar(t, tt.key, tt.value)
			got, err := edit([]byte(tt.before), path, node)
			if err != nil || string(got) != tt.after {
				t.Errorf("got %v\n%s\nwant\n%s", err, got, tt.after)
			}
		})
	}
}

func TestEditRefuses(t *testing.T) {
	for before, key := range map[string]string{
		"adapters: {acme: {headers: [a]}}\n": "adapters.acme.headers.X",
		"adapters: {acme: {scopes: [a]}}\n":  "adapters.acme.scopes",
		"adapters: {acme: {plans: {a: b}}}":  "adapters.acme.plans",
		// The library would drop these comments.
		"adapters: {acme: { # which\n  client_id: a}}\n":         "adapters.acme.token_url",
		"---\nadapters: {acme: {client_id: a}}\n... # the end\n": "adapters.acme.token_url",
	} {
		path, node := scalar(t, key, "x")
		if got, err := edit([]byte(before), path, node); !errors.Is(err, errUneditable) {
			t.Errorf("%s: %q, %v", key, got, err)
		}
	}
}

func TestKeepsComments(t *testing.T) {
	for _, tt := range []struct {
		old, changed string
		want         bool
	}{
		{"# a\nx: 1 # b\n", "# a\nx: 2 # b\n", true},
		{"# a\nx: 1 # b\n", "# a\nx: 2\n", false},
		{"# a\n# a\nx: 1\n", "# a\nx: 1\n", false},
		{"x:\n  - 1 # a\n", "x:\n  - 1\n", false},
		{"x: { # a\n}\n", "x: {}\n", false},
		{"x: a#b\n", "x: c\n", true},
	} {
		if got := keepsComments([]byte(tt.old), []byte(tt.changed)); got != tt.want {
			t.Errorf("%q → %q: %v", tt.old, tt.changed, got)
		}
	}
}

func FuzzEdit(f *testing.F) {
	for _, s := range []string{
		"", "# c\n", "debug: true # c\n", "providers:\n  openai: {debug: true}\n# foot", "adapters:\n  a:\n    client_id: |\n      x\n",
		"{debug: true}", "debug: !!bool \"true\"", "? debug\n: true\n", "---\ndebug: true\n...\n", "\"de\\\nbug\": true", "providers:\r\n openai:\r\n", "\ufeffdebug: true",
	} {
		f.Add([]byte(s), uint8(0))
		f.Add([]byte(s), uint8(1))
		f.Add([]byte(s), uint8(2))
	}
	keys := []string{"debug", "providers.openai.debug", "adapters.a.client_id"}
	f.Fuzz(func(t *testing.T, data []byte, which uint8) {
		path, node := scalar(t, keys[int(which)%len(keys)], "true")
		got, err := edit(data, path, node)
		if err != nil {
			return
		}
		root, err := strictyaml.Parse(got)
		if err != nil {
			t.Fatalf("%q became %q: %v", data, got, err)
		}
		for _, name := range path {
			root = strictyaml.Get(root, name)
		}
		if root == nil || root.Value != "true" {
			t.Fatalf("%q became %q, without the value", data, got)
		}
		if !keepsComments(data, got) {
			t.Fatalf("%q became %q, without a comment", data, got)
		}
		again, err := edit(got, path, node)
		if err != nil || !bytes.Equal(got, again) {
			t.Fatalf("setting it again: %q became %q, %v", got, again, err)
		}
	})
}
