package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/internal/env"
)

// settingsRun runs one command line in a directory of its own.
type settingsRun struct {
	t   *testing.T
	dir string
}

func newSettingsRun(t *testing.T, yaml string) settingsRun {
	t.Helper()
	r := settingsRun{t, t.TempDir()}
	if yaml != "" {
		r.write("kyoli.yaml", yaml)
	}
	return r
}

func (r settingsRun) write(name, text string) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

func (r settingsRun) file() string { return filepath.Join(r.dir, "kyoli.yaml") }

func (r settingsRun) yaml() string {
	r.t.Helper()
	data, err := os.ReadFile(r.file())
	if err != nil {
		r.t.Fatal(err)
	}
	return string(data)
}

func (r settingsRun) run(args ...string) (code int, stdout, stderr string) {
	r.t.Helper()
	var out, errs bytes.Buffer
	f := &Factory{
		In: strings.NewReader(""), Out: &out, Err: &errs,
		Env: env.Map(map[string]string{"KYOLI_CONFIG_DIR": r.dir}),
	}
	code = f.Run(r.t.Context(), args)
	return code, out.String(), errs.String()
}

// ok runs what has to go well without a word on stderr.
func (r settingsRun) ok(args ...string) string {
	r.t.Helper()
	code, stdout, stderr := r.run(args...)
	if code != 0 || stderr != "" {
		r.t.Fatalf("%v: exit %d, stderr %q", args, code, stderr)
	}
	return stdout
}

// fails runs what has to fail with a code and with words on stderr.
func (r settingsRun) fails(code int, words string, args ...string) {
	r.t.Helper()
	got, stdout, stderr := r.run(args...)
	if got != code || stdout != "" || !strings.Contains(stderr, words) {
		r.t.Errorf("%v: exit %d, stdout %q, stderr %q; want exit %d and %q", args, got, stdout, stderr, code, words)
	}
}

func TestConfigOptions(t *testing.T) {
	f := &Factory{}
	var get *configGetOptions
	cmd := newConfigGetCmd(f, func(_ context.Context, o *configGetOptions) error { get = o; return nil })
	cmd.SetArgs([]string{"debug"})
	if err := cmd.Execute(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&configGetOptions{Key: "debug"}, get); diff != "" {
		t.Error(diff)
	}
	var set *configSetOptions
	cmd = newConfigSetCmd(f, func(_ context.Context, o *configSetOptions) error { set = o; return nil })
	cmd.SetArgs([]string{"debug", "true"})
	if err := cmd.Execute(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&configSetOptions{Key: "debug", Value: "true"}, set); diff != "" {
		t.Error(diff)
	}
}

func TestConfigPath(t *testing.T) {
	r := newSettingsRun(t, "debug: [\n") // the command to find a broken file with
	if got := r.ok("config", "path"); got != r.file()+"\n" {
		t.Errorf("got %q", got)
	}
	var got map[string]string
	if err := json.Unmarshal([]byte(r.ok("config", "path", "--json")), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"path": r.file(), "dir": r.dir}, got); diff != "" {
		t.Error(diff)
	}
}

func TestConfigGet(t *testing.T) {
	r := newSettingsRun(t, "max_consecutive_auth_failures: 5\nproviders:\n  openai:\n    debug: true\nadapters:\n  openai: {base_url: \"http://127.0.0.1:1/x\"}\n")
	r.write("codex-multiauth.json", `{"account_selection_strategy":"round-robin"}`)
	for _, tt := range []struct {
		want string
		args []string
	}{
		{"5", []string{"max_consecutive_auth_failures"}},
		{"60000", []string{"default_retry_after_ms"}},
		{"sticky", []string{"account_selection_strategy"}},
		{"round-robin", []string{"account_selection_strategy", "--provider", "openai"}},
		{"round-robin", []string{"providers.openai.account_selection_strategy"}},
		{"sticky", []string{"account_selection_strategy", "--provider", "anthropic"}},
		{"false", []string{"debug"}},
		{"true", []string{"providers.openai.debug"}},
		{"5", []string{"providers.openai.max_consecutive_auth_failures"}},
		{"http://127.0.0.1:1/x", []string{"adapters.openai.base_url"}},
		{"http://127.0.0.1:1/x", []string{"adapters.openai.base_url", "--provider", "anthropic"}},
	} {
		if got := r.ok(append([]string{"config", "get"}, tt.args...)...); got != tt.want+"\n" {
			t.Errorf("get %v: %q, want %s", tt.args, got, tt.want)
		}
	}
	var got settingInfo
	if err := json.Unmarshal([]byte(r.ok("config", "get", "max_consecutive_auth_failures", "--json")), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(settingInfo{"max_consecutive_auth_failures", 5.0, r.file() + ":1"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestConfigGetFaults(t *testing.T) {
	r := newSettingsRun(t, "debug: true\n")
	r.fails(exitUsage, "unknown key", "config", "get", "debgu")
	r.fails(exitUsage, "unknown provider", "config", "get", "providers.nobody.debug")
	r.fails(exitUsage, "unknown provider", "config", "get", "debug", "--provider", "nobody")
	r.fails(exitUsage, "accepts 1 arg", "config", "get")
	r.fails(exitGeneral, "hint: kyoli providers show openai", "config", "get", "adapters.openai.token_url")
	r.write("codex-multiauth.json", "{")
	r.fails(exitUsage, "codex-multiauth.json:1", "config", "get", "debug", "--provider", "openai")
	r.write("kyoli.yaml", "quiet_mode: true\ndebug: 5\n")
	r.fails(exitUsage, "kyoli.yaml:2: key \"debug\": want true or false", "config", "get", "debug")
}

func TestConfigList(t *testing.T) {
	r := newSettingsRun(t, "debug: true\nproviders: {openai: {quiet_mode: true}}\n")
	r.write("codex-multiauth.json", "{\n\"cross_process_claims\": false}")
	list := func(args ...string) map[string]settingInfo {
		t.Helper()
		var rows []settingInfo
		if err := json.Unmarshal([]byte(r.ok(append([]string{"config", "list", "--json"}, args...)...)), &rows); err != nil {
			t.Fatal(err)
		}
		set := map[string]settingInfo{}
		for _, row := range rows {
			if row.Source != "default" {
				set[row.Key] = row
			}
		}
		if len(rows)-len(set) < 9 {
			t.Errorf("only %d rows", len(rows))
		}
		return set
	}
	want := map[string]settingInfo{
		"debug":                       {"debug", true, r.file() + ":1"},
		"providers.openai.quiet_mode": {"providers.openai.quiet_mode", true, r.file() + ":2"},
	}
	if diff := cmp.Diff(want, list()); diff != "" {
		t.Error(diff)
	}
	want = map[string]settingInfo{
		"debug":                {"debug", true, r.file() + ":1"},
		"quiet_mode":           {"quiet_mode", true, r.file() + ":2"},
		"cross_process_claims": {"cross_process_claims", false, filepath.Join(r.dir, "codex-multiauth.json") + ":2"},
	}
	if diff := cmp.Diff(want, list("--provider", "openai")); diff != "" {
		t.Error(diff)
	}
	table := r.ok("config", "list", "--format", "table")
	if !strings.HasPrefix(table, "KEY") || !strings.Contains(table, "account_selection_strategy") {
		t.Errorf("table %q", table)
	}
}

func TestConfigSet(t *testing.T) {
	r := newSettingsRun(t, "# why\ndebug: false # here\n")
	for _, args := range [][]string{
		{"debug", "true"},
		{"max_consecutive_auth_failures", "5", "--provider", "openai"},
		{"providers.anthropic.quiet_mode", "true"},
		{"adapters.openai.token_url", "http://127.0.0.1:1/t"},
	} {
		if out := r.ok(append([]string{"config", "set"}, args...)...); out != "" {
			t.Errorf("set %v says %q", args, out)
		}
	}
	want := `# why
debug: true # here
providers:
  openai:
    max_consecutive_auth_failures: 5
  anthropic:
    quiet_mode: true
adapters:
  openai:
    token_url: http://127.0.0.1:1/t
`
	if diff := cmp.Diff(want, r.yaml()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestConfigSetFaults(t *testing.T) {
	const before = "# why\ndebug: false\nadapters: {openai: {base_url: \"https://a.example\"}}\n"
	r := newSettingsRun(t, before)
	r.fails(exitUsage, "unknown key", "config", "set", "debgu", "true")
	r.fails(exitUsage, "one of sticky, round-robin, hybrid", "config", "set", "account_selection_strategy", "x")
	r.fails(exitUsage, "from 60 to", "config", "set", "proactive_refresh_buffer_seconds", "5")
	r.fails(exitUsage, "unknown provider \"nobody\"", "config", "set", "providers.nobody.debug", "true")
	r.fails(exitUsage, "plain http is for", "config", "set", "adapters.openai.token_url", "http://a.example/t")
	r.fails(exitUsage, "unknown key", "config", "set", "adapters.openai.tokne_url", "x")
	r.fails(exitUsage, "accepts 2 arg", "config", "set", "debug")
	if got := r.yaml(); got != before {
		t.Errorf("the file became %q", got)
	}
	const broken = "debug: [true\n"
	r.write("kyoli.yaml", broken)
	r.fails(exitUsage, "kyoli.yaml:", "config", "set", "debug", "true")
	if got := r.yaml(); got != broken {
		t.Errorf("the broken file became %q", got)
	}
}

func TestConfigCompletion(t *testing.T) {
	r := newSettingsRun(t, "")
	for _, tt := range []struct {
		args []string
		want []string
		not  string
	}{
		{[]string{"get", ""}, []string{"debug\t", "account_selection_strategy\t"}, "providers.openai"},
		{[]string{"get", "providers.o"}, []string{"providers.openai.debug\t"}, "adapters."},
		{[]string{"get", "adapters.openai.t"}, []string{"adapters.openai.token_url\n"}, "providers."},
		{[]string{"get", "debug", ""}, []string{":4"}, "debug"},
		{[]string{"set", "d"}, []string{"debug\t"}, "sticky"},
		{[]string{"set", "account_selection_strategy", ""}, []string{"sticky\nround-robin\nhybrid\n"}, "true"},
		{[]string{"set", "providers.openai.debug", ""}, []string{"true\nfalse\n"}, "sticky"},
		{[]string{"set", "adapters.openai.debug", ""}, []string{":4"}, "true"},
		{[]string{"set", "debug", "true", ""}, []string{":4"}, "true"},
	} {
		_, out, _ := r.run(append([]string{"__complete", "config"}, tt.args...)...)
		for _, want := range tt.want {
			if !strings.Contains(out, want) {
				t.Errorf("%v: %q lacks %q", tt.args, out, want)
			}
		}
		if strings.Contains(out, tt.not) {
			t.Errorf("%v: %q offers %q", tt.args, out, tt.not)
		}
	}
}

// A provider of one's own, key by key, beside comments that stay.
func TestConfigSetMakesAnAdapter(t *testing.T) {
	r := newSettingsRun(t, "# mine\ndebug: false # off\n")
	_, _, stderr := r.run("config", "set", "adapters.acme.client_id", "cid")
	if want := "acme still needs token_url\nhint: kyoli config set adapters.acme.token_url VALUE\n"; stderr != want {
		t.Errorf("stderr %q", stderr)
	}
	r.fails(exitUsage, `adapter "acme": key "token_url": missing`, "providers", "show", "acme")
	code, out, stderr := r.run("providers", "list")
	if code != 0 || !strings.HasPrefix(out, "acme\tacme\town, incomplete\t\n") || !strings.Contains(stderr, "acme is left out") {
		t.Errorf("exit %d, %q, %q", code, out, stderr)
	}
	r.ok("config", "set", "adapters.acme.token_url", "https://a.example/t")
	r.ok("providers", "show", "acme")
	want := "# mine\ndebug: false # off\nadapters:\n  acme:\n    client_id: cid\n    token_url: https://a.example/t\n"
	if diff := cmp.Diff(want, r.yaml()); diff != "" {
		t.Error(diff)
	}
}
