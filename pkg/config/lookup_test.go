package config

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPrecedence(t *testing.T) {
	c := mustLoad(t, "debug: true\nproviders:\n  openai:\n    max_consecutive_auth_failures: 9\n"+
		"max_consecutive_auth_failures: 8\n")
	plugin := filepath.Join(c.Dir, "codex-multiauth.json")
	write(t, plugin, "{\n  \"debug\": false,\n  \"max_consecutive_auth_failures\": 7,\n  \"quiet_mode\": true\n}\n")

	type row struct {
		Value  any
		Source Source
	}
	rows := func(provider, pluginFile string) map[string]row {
		t.Helper()
		values, err := c.List(provider, pluginFile)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]row{}
		for i, v := range values {
			if v.Key != keys[i].Name {
				t.Fatalf("row %d is %s, not %s", i, v.Key, keys[i].Name)
			}
			if v.Source.File != "" {
				got[v.Key] = row{v.Value, v.Source}
			}
		}
		return got
	}
	for _, tt := range []struct {
		name, provider, plugin string
		want                   map[string]row
	}{
		{"a provider with a plugin", "openai", "codex-multiauth.json", map[string]row{
			"debug":                         {true, Source{c.File, 1}},
			"max_consecutive_auth_failures": {9.0, Source{c.File, 4}},
			"quiet_mode":                    {true, Source{plugin, 4}},
		}},
		{"another provider", "acme", "", map[string]row{
			"debug": {true, Source{c.File, 1}}, "max_consecutive_auth_failures": {8.0, Source{c.File, 5}},
		}},
		{"no provider", "", "", map[string]row{
			"debug": {true, Source{c.File, 1}}, "max_consecutive_auth_failures": {8.0, Source{c.File, 5}},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, rows(tt.provider, tt.plugin)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}

	got, err := c.For("openai", "codex-multiauth.json")
	want := defaults
	want.Debug, want.MaxConsecutiveAuthFailures, want.QuietMode = true, 9, true
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestSourceString(t *testing.T) {
	if got := (Source{}).String(); got != "default" {
		t.Error(got)
	}
	if got := (Source{"k.yaml", 3}).String(); got != "k.yaml:3" {
		t.Error(got)
	}
}

func TestGet(t *testing.T) {
	c := mustLoad(t, "debug: true\nproviders: {openai: {quiet_mode: true, exec: {rotate: true}}}\nadapters:\n  acme:\n    client_id: cid\n    plans: {pro: Pro}\n    scopes: [a]\n")
	for _, tt := range []struct {
		key  string
		want Value
		ok   bool
	}{
		{"debug", Value{"debug", true, Source{c.File, 1}}, true},
		{"quiet_mode", Value{"quiet_mode", false, Source{}}, true},
		{"providers.openai.quiet_mode", Value{"providers.openai.quiet_mode", true, Source{c.File, 2}}, true},
		{"providers.openai.exec.rotate", Value{"providers.openai.exec.rotate", true, Source{c.File, 2}}, true},
		{"exec.rotate", Value{"exec.rotate", false, Source{}}, true},
		{"providers.openai.debug", Value{}, false},
		{"providers.acme.debug", Value{}, false},
		{"adapters.acme.client_id", Value{"adapters.acme.client_id", "cid", Source{c.File, 5}}, true},
		{"adapters.acme.plans.pro", Value{"adapters.acme.plans.pro", "Pro", Source{c.File, 6}}, true},
		{"adapters.acme.plans.max", Value{}, false},
		{"adapters.other.client_id", Value{}, false},
	} {
		got, ok, err := c.Get(tt.key)
		if err != nil || ok != tt.ok {
			t.Errorf("%s: %v, %v", tt.key, ok, err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s", tt.key, diff)
		}
	}
}

func TestGetFaults(t *testing.T) {
	c := mustLoad(t, "adapters:\n  acme:\n    scopes: [a]\n")
	for _, key := range []string{
		"", "nope", "providers", "providers.openai", "providers..debug", "providers.openai.nope", "adapters",
		"adapters.acme", "adapters..x", "adapters.a.b.c.d.e", "debug.x", "adapters.acme.scopes",
	} {
		_, ok, err := c.Get(key)
		var fault *Error
		if ok || !errors.As(err, &fault) || fault.Key != key {
			t.Errorf("Get(%q): %v, %v; want an *Error that names the key", key, ok, err)
		}
	}
}
