package cmd

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const acmeYAML = `
adapters:
  openai: {base_url: "http://127.0.0.1:1/codex"}
  acme:
    display_name: "Acme"
    client_id: cid
    client_secret_env: ACME_SECRET
    token_url: https://login.acme.example/t
    headers: {X-Api-Version: "2", X-A: b}
    env: {ACME_TOKEN: "{{.AccessToken}}"}
`

func TestProvidersShowOptions(t *testing.T) {
	var got *providersShowOptions
	cmd := newProvidersShowCmd(&Factory{}, func(_ context.Context, o *providersShowOptions) error { got = o; return nil })
	cmd.SetArgs([]string{"acme"})
	if err := cmd.Execute(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&providersShowOptions{Provider: "acme"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestProvidersList(t *testing.T) {
	r := newSettingsRun(t, acmeYAML)
	want := "acme\tAcme\town\t\n" +
		"anthropic\tAnthropic\tbuilt-in\thttps://api.anthropic.com\n" +
		"openai\tOpenAI\tbuilt-in, changed\thttp://127.0.0.1:1/codex\n"
	if diff := cmp.Diff(want, r.ok("providers", "list")); diff != "" {
		t.Error(diff)
	}
	var rows []providerInfo
	if err := json.Unmarshal([]byte(r.ok("providers", "list", "--json", "--provider", "acme")), &rows); err != nil {
		t.Fatal(err)
	}
	if len(rows) != 1 || rows[0].Builtin || rows[0].Overridden {
		t.Errorf("%+v", rows)
	}
	if err := json.Unmarshal([]byte(r.ok("providers", "list", "--json", "--provider", "openai")), &rows); err != nil {
		t.Fatal(err)
	}
	if len(rows) != 1 || rows[0].ID != "openai" || !rows[0].Builtin || !rows[0].Overridden {
		t.Errorf("%+v", rows)
	}
}

func TestProvidersShow(t *testing.T) {
	r := newSettingsRun(t, acmeYAML)
	want := `provider	acme
adapter	own
display_name	Acme
auth_json_key	acme
accounts_file	acme-multi-account-accounts.json
client_id	cid
client_secret_env	ACME_SECRET
client_auth	post
token_url	https://login.acme.example/t
usage_format	auto
token_request	form
limit_patterns	` + strings.Join(builtin(t, "openai").LimitPatterns, " ") + `
headers	X-A: b, X-Api-Version: 2
env	ACME_TOKEN={{.AccessToken}}
opencode_options	apiKey={{.AccessToken}}, baseURL={{.BaseURL}}
`
	if diff := cmp.Diff(want, r.ok("providers", "show", "acme")); diff != "" {
		t.Error(diff)
	}
	var got providerInfo
	if err := json.Unmarshal([]byte(r.ok("providers", "show", "openai", "--json")), &got); err != nil {
		t.Fatal(err)
	}
	if got.ClientID != "app_EMoamEEZ73f0CkXaXp7hrann" || got.AccountIDHeader != "ChatGPT-Account-Id" || len(got.Scopes) != 4 {
		t.Errorf("%+v", got)
	}
	if out := r.ok("providers", "show", "anthropic", "--format", "yaml"); !strings.Contains(out, "Anthropic-Beta: oauth-2025-04-20\n") {
		t.Errorf("YAML %q", out)
	}
}

func TestProvidersFaults(t *testing.T) {
	r := newSettingsRun(t, acmeYAML)
	r.fails(exitUsage, `unknown provider "nobody" (known: acme, anthropic, openai)`, "providers", "show", "nobody")
	r.fails(exitUsage, "hint: kyoli providers list", "providers", "list", "--provider", "nobody")
	r.fails(exitUsage, "accepts 1 arg", "providers", "show")
	r.write("kyoli.yaml", "adapters:\n  openai:\n    token_url: http://acme.example/t\n")
	r.fails(exitUsage, `kyoli.yaml:3: adapter "openai": key "token_url": want https`, "providers", "list")
	r.write("kyoli.yaml", "providers:\n  opnai: {debug: true}\n")
	r.fails(exitUsage, `kyoli.yaml:2: key "providers.opnai": no such provider (allowed: anthropic, openai)`, "providers", "list")
}

func TestProvidersCompletion(t *testing.T) {
	r := newSettingsRun(t, acmeYAML)
	_, out, _ := r.run("__complete", "providers", "show", "")
	if !strings.HasPrefix(out, "acme\tAcme\nanthropic\tAnthropic\nopenai\tOpenAI\n") {
		t.Errorf("completion %q", out)
	}
	_, out, _ = r.run("__complete", "providers", "show", "acme", "")
	if strings.Contains(out, "openai") {
		t.Errorf("a second one is offered: %q", out)
	}
	r.write("kyoli.yaml", "debug: [\n")
	if code, out, _ := r.run("__complete", "providers", "show", ""); code != 0 || strings.Contains(out, "openai") {
		t.Errorf("with broken settings: exit %d, %q", code, out)
	}
}

// What is shown can be pasted into kyoli.yaml.
func TestProvidersShowMaps(t *testing.T) {
	r := newSettingsRun(t, "adapters:\n  acme:\n    client_id: c\n    token_url: https://a.example/t\n"+
		"    usage_map: {five_hour: {used: $.a, limit: 5}, plan: $.p}\n    identity_map: {email: $.mail}\n")
	out := r.ok("providers", "show", "acme", "--format", "yaml")
	for _, part := range []string{"usage_map:\n  five_hour:\n    limit: \"5\"\n    used: $.a\n  plan: $.p\n", "identity_map:\n  email: $.mail\n"} {
		if !strings.Contains(out, part) {
			t.Errorf("%q is not in\n%s", part, out)
		}
	}
	if out := r.ok("providers", "show", "acme"); !strings.Contains(out, "usage_map\tfive_hour.limit=5, five_hour.used=$.a, plan=$.p\n") {
		t.Errorf("table %q", out)
	}
}
