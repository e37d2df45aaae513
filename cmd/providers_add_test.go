package cmd

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/internal/fakeprovider"
)

func TestProvidersAddOptions(t *testing.T) {
	var got *providersAddOptions
	run := func(args ...string) error {
		got = nil
		cmd := newProvidersAddCmd(&Factory{}, func(_ context.Context, o *providersAddOptions) error { got = o; return nil })
		cmd.SetArgs(args)
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		return cmd.Execute()
	}
	if err := run("acme", "--from-discovery", "https://a.example", "--client-id", "cid", "--client-secret-env", "S", "--display-name", "Acme",
		"--base-url", "https://a.example/v1", "--scope", "openid,email", "--scope", "offline_access", "--dry-run", "-y"); err != nil {
		t.Fatal(err)
	}
	want := &providersAddOptions{
		Name: "acme", From: "https://a.example", ClientID: "cid", ClientSecretEnv: "S", DisplayName: "Acme", BaseURL: "https://a.example/v1",
		Scopes: []string{"openid", "email", "offline_access"}, DryRun: true, Yes: true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, args := range [][]string{{"acme"}, {"--from-discovery", "https://a.example"}, {"a", "b", "--from-discovery", "https://a.example"}} {
		if err := run(args...); err == nil || got != nil {
			t.Errorf("%v is taken", args)
		}
	}
}

func TestProvidersRmOptions(t *testing.T) {
	var got *providersRmOptions
	cmd := newProvidersRmCmd(&Factory{}, func(_ context.Context, o *providersRmOptions) error { got = o; return nil })
	cmd.SetArgs([]string{"acme", "-y"})
	if err := cmd.Execute(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&providersRmOptions{Provider: "acme", Yes: true}, got); diff != "" {
		t.Error(diff)
	}
}

func issuer(t *testing.T) string {
	t.Helper()
	srv := httptest.NewServer(fakeprovider.New(fakeprovider.Options{}))
	t.Cleanup(srv.Close)
	return srv.URL
}

func TestProvidersAdd(t *testing.T) {
	url := issuer(t)
	r := newSettingsRun(t, "# mine\nadapters:\n  other: {client_id: a, token_url: \"https://a.example/t\"} # kept\n")
	code, _, stderr := r.run("providers", "add", "my-acme", "--from-discovery", url, "--client-id", "123", "--client-secret-env", "ACME_SECRET")
	if code != 0 || !strings.Contains(stderr, "my-acme: added in ") {
		t.Fatalf("exit %d, %q", code, stderr)
	}
	want := "# mine\nadapters:\n  other: {client_id: a, token_url: \"https://a.example/t\"} # kept\n  my-acme:\n    client_id: \"123\"\n    client_secret_env: ACME_SECRET\n    client_auth: basic\n" +
		"    authorize_url: " + url + "/oauth/authorize\n    token_url: " + url + "/oauth/token\n    profile_url: " + url + "/profile\n" +
		"    scopes: [openid, email, offline_access]\n    authorize_params: {prompt: consent}\n    env: {MY_ACME_ACCESS_TOKEN: '{{.AccessToken}}'}\n"
	if diff := cmp.Diff(want, r.yaml()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}

	// What the user wrote is kept, what discovery knows is brought up to date.
	r.write("kyoli.yaml", "adapters:\n  acme:\n    client_id: mine # id\n    token_url: https://old.example/t\n    env: {TOKEN: \"{{.AccessToken}}\"} # short\n    scopes: [old]\n")
	_, out, _ := r.run("providers", "add", "acme", "--from-discovery", url, "--dry-run", "--json")
	var row addedProvider
	if err := json.Unmarshal([]byte(out), &row); err != nil {
		t.Fatalf("%q: %v", out, err)
	}
	if row.Result != "updated" || !row.DryRun || row.Issuer != url || row.Provider.ClientID != "mine" || row.Provider.TokenURL != url+"/oauth/token" {
		t.Errorf("%+v", row)
	}
	code, out, stderr = r.run("providers", "add", "acme", "--from-discovery", url, "--yes")
	if code != 0 || out != "" || !strings.Contains(stderr, "acme: updated in "+r.file()) {
		t.Errorf("exit %d, %q, %q", code, out, stderr)
	}
	got := r.yaml()
	for _, line := range []string{"client_id: mine # id\n", "{TOKEN: \"{{.AccessToken}}\"} # short\n", "token_url: " + url + "/oauth/token\n", "scopes: [openid, email, offline_access]\n"} {
		if !strings.Contains(got, line) {
			t.Errorf("%q is not in\n%s", line, got)
		}
	}
}

func TestProvidersAddFaults(t *testing.T) {
	url := issuer(t)
	const before = "debug: false # off\n"
	r := newSettingsRun(t, before)
	for words, args := range map[string][]string{
		`key "scopes": want words`:                {"--scope", "a b", "--client-id", "c"},
		`key "client_secret_env": want the name`:  {"--client-secret-env", "a-b", "--client-id", "c"},
		`key "base_url": want https`:              {"--base-url", "http://a.example", "--client-id", "c"},
		"--client-id is needed":                   {},
		`key "display_name": want printable text`: {"--display-name", "\x1b[31m", "--client-id", "c"},
	} {
		r.fails(exitUsage, words, append([]string{"providers", "add", "acme", "--from-discovery", url}, args...)...)
	}
	r.fails(exitGeneral, "discovery at http://login.example: want https", "providers", "add", "acme", "--from-discovery", "http://login.example", "--client-id", "c")
	r.fails(exitUsage, "begins with a letter", "providers", "add", "../x", "--from-discovery", url, "--client-id", "c")
	if got := r.yaml(); got != before {
		t.Errorf("the file became %q", got)
	}
}

func TestProvidersRm(t *testing.T) {
	r := newSettingsRun(t, "debug: false # off\nproviders:\n  acme: {debug: true}\nadapters:\n  # broken, and so the reason to remove it\n  acme: {client_id: []}\n")
	r.fails(exitCancelled, "hint: kyoli providers rm --yes acme", "providers", "rm", "acme")
	code, _, stderr := r.run("providers", "rm", "acme", "--yes")
	if code != 0 || !strings.Contains(stderr, "acme: removed from") {
		t.Errorf("exit %d, %q", code, stderr)
	}
	if got := r.yaml(); got != "debug: false # off\nadapters:\n  # broken, and so the reason to remove it\n" {
		t.Errorf("the file became %q", got)
	}
	r.fails(exitUsage, `has no adapter "acme"`, "providers", "rm", "acme", "--yes")
	r.fails(exitUsage, `has no adapter "openai"`, "providers", "rm", "openai", "--yes")
}
