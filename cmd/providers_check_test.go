package cmd

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestProvidersCheckOptions(t *testing.T) {
	var got *providersCheckOptions
	cmd := newProvidersCheckCmd(&Factory{}, func(_ context.Context, o *providersCheckOptions) error { got = o; return nil })
	cmd.SetArgs([]string{"acme", "other"})
	if err := cmd.Execute(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&providersCheckOptions{Providers: []string{"acme", "other"}}, got); diff != "" {
		t.Error(diff)
	}
}

func TestProvidersCheck(t *testing.T) {
	r := newSettingsRun(t, acmeYAML)
	code, out, _ := r.run("providers", "check", "acme")
	file := r.file()
	if code != 0 || !strings.Contains(out, "warning\t"+file+":7\tadapters.acme.client_secret_env\tnames ACME_SECRET, which is not set here\n") {
		t.Errorf("exit %d, %q", code, out)
	}
	code, _, stderr := r.run("providers", "check", "openai")
	if code != 0 || stderr != "openai: nothing is wrong\n" {
		t.Errorf("exit %d, %q", code, stderr)
	}

	r.write("kyoli.yaml", "adapters:\n  acme:\n    client_id: []\n    token_url: http://a.example/t\n  openai: {scopes: 1}\n")
	code, out, stderr = r.run("providers", "check", "--json")
	var rows []problemRow
	if err := json.Unmarshal([]byte(out), &rows); err != nil || code != exitGeneral || stderr != "" {
		t.Fatalf("exit %d, %q, %q: %v", code, out, stderr, err)
	}
	want := []problemRow{
		{"acme", "error", file, 3, "client_id", "want a string, got a list"},
		{"acme", "error", file, 4, "token_url", "want https; plain http is for 127.0.0.1, ::1 and localhost only"},
		{"openai", "error", file, 5, "scopes", "want a list, got a number"},
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Error(diff)
	}
	// Elsewhere the first of them is the error, and this command the way on.
	r.fails(exitUsage, "hint: kyoli providers check acme", "accounts", "list")

	r.write("kyoli.yaml", "adapters: [\n")
	code, out, _ = r.run("providers", "check", "acme")
	if code != exitGeneral || !strings.HasPrefix(out, "error\t"+file+":") {
		t.Errorf("a broken file: exit %d, %q", code, out)
	}
	r.write("kyoli.yaml", "debug: true\n")
	r.fails(exitUsage, `unknown provider "acme"`, "providers", "check", "acme")
	if code, out, _ := r.run("providers", "check", "--json"); code != 0 || out != "[]\n" {
		t.Errorf("no adapters: exit %d, %q", code, out)
	}
}

func TestProvidersCheckCompletion(t *testing.T) {
	r := newSettingsRun(t, "adapters: {acme: {}}\n")
	if _, out, _ := r.run("__complete", "providers", "check", "openai", ""); !strings.HasPrefix(out, "acme\nanthropic\n:") {
		t.Errorf("completion %q", out)
	}
}
