package cmd

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestPluginsOfOpenCode(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		`{}`:                   nil,
		`{"plugin":["other"]}`: nil,
		`{"plugin":["opencode-codex-multi-account@1.2", "x"]}`:                       {"opencode-codex-multi-account@1.2"},
		"{\n// one\n\"plugin\": [/* two */ \"opencode-anthropic-multi-account\",],}": {"opencode-anthropic-multi-account"},
		`{"plugin":[["opencode-codex-multi-account",{"a":1}],[],7,[7]]}`:             {"opencode-codex-multi-account"},
		`{"plugin":["file:///src/opencode-multi-account-core"]}`:                     {"file:///src/opencode-multi-account-core"},
		`{"note":"opencode-codex-multi-account"}`:                                    nil,
	} {
		if got, err := parsePlugins([]byte(text)); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "{", "[]", `{"plugin":7}`, "\xff"} {
		if got, err := parsePlugins([]byte(text)); err == nil {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func FuzzPluginsOfOpenCode(f *testing.F) {
	f.Add([]byte(`{/**/"plugin":["opencode-codex-multi-account@1",["x",{}],],}`))
	f.Add([]byte(`{"plugin":[[],null,"`))
	f.Fuzz(func(t *testing.T, data []byte) {
		plugins, err := parsePlugins(data)
		for _, p := range plugins {
			if err != nil || !strings.Contains(p, pluginName) {
				t.Errorf("%q, %v", p, err)
			}
		}
	})
}

// script makes an opencode that is a shell script.
func script(t *testing.T, text string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the stand-ins for opencode are shell scripts")
	}
	path := filepath.Join(t.TempDir(), "opencode")
	syscall.ForkLock.RLock() // a process that is just being started must not have it open: "text file busy"
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestVersionOfOpenCode(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, want, fails string }{
		"a version":      {"echo 1.18.33", "1.18.33", ""},
		"with a v":       {"echo v2.0.0-beta.1; echo more", "2.0.0-beta.1", ""},
		"an exit code":   {"echo 1.2; exit 3", "", "exit status 3"},
		"nothing":        {"exit 0", "", "no version"},
		"something else": {"printf '\\033[31m1.2'", "", "no version"},
		"very much":      {"yes | head -c 1000000", "", "no version"},
		"no end":         {"sleep 1000 & sleep 1000", "", "no answer within 300ms"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			patience := time.Minute
			if tt.fails == "no answer within 300ms" {
				patience = 300 * time.Millisecond
			}
			start := time.Now()
			got, err := openCodeVersion(t.Context(), script(t, tt.text), []string{"PATH=/usr/bin:/bin"}, patience)
			if got != tt.want || (err == nil) != (tt.fails == "") || err != nil && !strings.Contains(err.Error(), tt.fails) {
				t.Errorf("%q, %v", got, err)
			}
			if took := time.Since(start); took > 30*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
}

// What OpenCode is started with: an empty home, and nothing of the user's but the way to programs.
func TestEnvironmentOfOpenCode(t *testing.T) {
	t.Parallel()
	path := script(t, `[ -z "$OPENAI_API_KEY$KYOLI_ACCESS_TOKEN$OPENCODE_AUTH_CONTENT$XDG_DATA_HOME" ] && [ -z "$(ls -A "$HOME")" ] && touch "$HOME/x" && echo 1.2.3`)
	environ := []string{"PATH=/usr/bin:/bin", "OPENAI_API_KEY=k", "KYOLI_ACCESS_TOKEN=t", "OPENCODE_AUTH_CONTENT={}", "XDG_DATA_HOME=/x", "HOME=/nowhere"}
	if got, err := openCodeVersion(t.Context(), path, environ, time.Minute); got != "1.2.3" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

// examineWith runs doctor with an opencode on the PATH, and returns what it says about that.
func (w *doctorWorld) examineWith(opencode string) (about finding) {
	w.t.Helper()
	f := w.factory(map[string]string{"PATH": filepath.Dir(opencode) + ":/usr/bin:/bin"})
	var out bytes.Buffer
	f.Out = &out
	f.Run(w.t.Context(), []string{"doctor", "--json"})
	var all []finding
	if err := json.Unmarshal(out.Bytes(), &all); err != nil {
		w.t.Fatalf("%v: %s", err, out.String())
	}
	for _, x := range all {
		if strings.HasPrefix(x.ID, "opencode-") {
			return x
		}
	}
	w.t.Fatalf("nothing about OpenCode: %s", out.String())
	return about
}

func TestDoctorAboutOpenCode(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"echo 1.99.0": "note opencode-version", "echo 2.0.0": "warning opencode-untested", "exit 1": "warning opencode-broken",
	} {
		w := newDoctorWorld(t)
		w.fill(openaiFile, w.entry("a", nil))
		if x := w.examineWith(script(t, text)); said([]finding{x})[0] != want || x.Fix == "" || x.Why == "" {
			t.Errorf("%s: %+v", text, x)
		}
	}
}
