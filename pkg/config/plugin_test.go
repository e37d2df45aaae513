package config

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestPluginFaults(t *testing.T) {
	for _, tt := range []struct {
		name, text, key string
		line            int
		reason          string
	}{
		{"empty", "", "", 1, "ends too early"},
		{"cut short", "{\n\"debug\": true,\n", "", 3, "ends too early"},
		{"not JSON", "{\n  debug: true\n}", "", 2, "not valid JSON"},
		{"a comment", "{\n  // debug\n}", "", 2, "not valid JSON"},
		{"a trailing comma", "{\"debug\": true,\n}", "", 1, "not valid JSON"},
		{"byte order mark", "\ufeff{}", "", 1, "not valid JSON"},
		{"not UTF-8", "{\"a\": \"\xff\"}", "", 1, "not valid JSON"},
		{"a key twice", "{\"debug\": true,\n \"debug\": true}", "", 2, "not valid JSON"},
		{"an array", "[]", "", 1, "want a JSON object"},
		{"null", "null", "", 1, "want a JSON object"},
		{"two objects", "{}\n{}", "", 2, "something follows"},
		{"wrong type", "{\n\n  \"debug\": \"yes\"}", "debug", 3, "want true or false, got a string"},
		{"null value", "{\n  \"debug\":\n null}", "debug", 3, "want true or false, got null"},
		{"out of range", "{\"proactive_refresh_buffer_seconds\":\n 5}", "proactive_refresh_buffer_seconds", 2, "from 60 to"},
		{"absurd", "{\"default_retry_after_ms\": 1e999}", "default_retry_after_ms", 1, "got something else"},
		{"strategy", "{\"account_selection_strategy\": \"random\"}", "account_selection_strategy", 1, "one of sticky"},
		{"large", "{\"x\": \"" + strings.Repeat("x", maxFile) + "\"}", "", 0, "larger than"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &Config{Dir: t.TempDir()}
			file := filepath.Join(c.Dir, "claude-multiauth.json")
			write(t, file, tt.text)
			_, err := c.For("anthropic", "claude-multiauth.json")
			var got *Error
			if !errors.As(err, &got) {
				t.Fatalf("error %v, want an *Error", err)
			}
			if got.File != file || got.Line != tt.line || got.Key != tt.key || !strings.Contains(got.Reason, tt.reason) {
				t.Errorf("got %+v", *got)
			}
			if data, err := os.ReadFile(file); err != nil || string(data) != tt.text {
				t.Errorf("the plugin's file was touched: %v", err)
			}
		})
	}
}

func TestPluginOtherKeysAreItsOwn(t *testing.T) {
	values, err := parsePlugin("f", []byte(`{"$schema":"x","future":{"debug":[1,{"a":null}]},"debug":true,"QUIET_MODE":5,`+
		`"account_selection_strategy":"round\u002drobin"}`))
	if err != nil || len(values) != 2 || values["debug"].value != true || values["account_selection_strategy"].value != "round-robin" {
		t.Errorf("%v, %v", values, err)
	}
}

func TestPluginUnreadable(t *testing.T) {
	c := &Config{Dir: t.TempDir()}
	if err := os.Mkdir(filepath.Join(c.Dir, "p.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := c.For("openai", "p.json"); err == nil || !strings.Contains(err.Error(), "p.json") {
		t.Errorf("error %v does not name the file", err)
	}
}

func FuzzPlugin(f *testing.F) {
	for _, s := range []string{`{}`, `{"debug":true}`, `{"default_retry_after_ms":1e3,"x":[{}]}`, `{"debug":`, `[]`, "{\n\"a\" 1}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		values, err := parsePlugin("p.json", data)
		if err != nil {
			var fault *Error
			if !errors.As(err, &fault) || fault.File != "p.json" || fault.Line < 1 || fault.Reason == "" {
				t.Fatalf("error %#v says too little", err)
			}
			return
		}
		for name, v := range values {
			if wrong := keyNamed(name).accept(v.value, ""); wrong != "" || v.line < 1 {
				t.Fatalf("%s: %v: %s", name, v, wrong)
			}
		}
	})
}

func TestPluginSettings(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "multiauth-config.json")
	if got, err := PluginSettings(file); got != nil || err != nil {
		t.Errorf("missing: %v, %v", got, err)
	}
	if err := os.WriteFile(file, []byte("{\"debug\": true, \"own\": 1,\n\"account_selection_strategy\": \"hybrid\"}"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := []Value{
		{"account_selection_strategy", "hybrid", Source{file, 2}},
		{"debug", true, Source{file, 1}},
	}
	if got, err := PluginSettings(file); err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	if err := os.WriteFile(file, []byte(`{"debug": 1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := PluginSettings(file); err == nil {
		t.Errorf("wrong: %v", got)
	}
}
