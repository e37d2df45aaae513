package cmd

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestImportOptions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		line string
		want *importOptions
		fail string
	}{
		{line: "x.age", want: &importOptions{Source: "x.age"}},
		{line: "- -n", want: &importOptions{Source: "-", DryRun: true}},
		{line: "--from codex", want: &importOptions{From: fromCodex}},
		{line: "--from opencode-plugin", want: &importOptions{From: fromPlugin}},
		{line: "--from kyoli x", want: &importOptions{From: fromKyoli, Source: "x"}},
		{line: "--env --from kyoli", want: &importOptions{From: fromKyoli, Env: true}},
		{
			line: "x -i a --identity b --passphrase-file c",
			want: &importOptions{Source: "x", unlockOptions: unlockOptions{Identities: []string{"a", "b"}, PassphraseFile: "c"}},
		},
		{line: "", fail: "say what to import"},
		{line: "--from kyoli", fail: "say what to import"},
		{line: "--from gemini", fail: `--from "gemini": one of codex, opencode-plugin, kyoli`},
		{line: "--env x", fail: "contradict"},
		{line: "--env --from codex", fail: "contradict"},
		{line: "<>", fail: "the name of the file is empty"},
		{line: "x --passphrase-file <>", fail: "want the name of a file"},
		{line: "x y", fail: "at most 1 arg"},
	} {
		args := strings.Fields(c.line)
		for i, arg := range args {
			if arg == "<>" {
				args[i] = ""
			}
		}
		var got *importOptions
		cmd := newImportCmd(&Factory{}, func(_ context.Context, o *importOptions) error { got = o; return nil })
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		cmd.SetArgs(args)
		err := cmd.Execute()
		if c.fail != "" {
			if err == nil || !strings.Contains(err.Error(), c.fail) || got != nil {
				t.Errorf("%q: %+v, %v, want an error with %q", c.line, got, err, c.fail)
			}
			continue
		}
		if d := cmp.Diff(c.want, got, cmp.AllowUnexported(importOptions{})); d != "" || err != nil {
			t.Errorf("%q: %v %s", c.line, err, d)
		}
	}
}

// rowsOf runs an import and returns its rows, each "kind name provider result: why".
func (w *accountsWorld) rowsOf(args ...string) []string {
	w.t.Helper()
	stdout, _ := w.must(append([]string{"import", "--json"}, args...)...)
	var rows []importRow
	if err := json.Unmarshal([]byte(stdout), &rows); err != nil {
		w.t.Fatalf("%v: %s", err, stdout)
	}
	texts := make([]string, 0, len(rows))
	for _, r := range rows {
		texts = append(texts, fmt.Sprintf("%s %s %s %s: %s", r.Kind, r.Name, r.Provider, r.Result, r.Why))
	}
	return texts
}

func (w *accountsWorld) codex(name, refresh string, expires time.Duration) {
	w.t.Helper()
	id := jwt(`{"email":"me@example.com","https://api.openai.com/auth":{"chatgpt_plan_type":"plus"}}`)
	w.write(name, fmt.Sprintf(`{"OPENAI_API_KEY":null,"tokens":{"id_token":%q,"access_token":%q,"refresh_token":%q,"account_id":"acc"},
		"last_refresh":"2026-04-01T00:00:00.123456789Z","agent_identity":null}`,
		id, jwt(fmt.Sprintf(`{"exp":%d,"jti":"at-secret-x"}`, w.ms(expires)/1000)), refresh))
}

func TestImportFromCodex(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	if code, _, stderr := w.run("import", "--from", "codex"); code != exitLogin || !strings.Contains(stderr, "there is no "+w.path(".codex/auth.json")) ||
		!strings.Contains(stderr, "hint: codex login") {
		t.Errorf("none: exit %d, %q", code, stderr)
	}
	if err := os.Mkdir(w.path(".codex"), 0o700); err != nil {
		t.Fatal(err)
	}
	w.codex(".codex/auth.json", "rt-secret-1", time.Hour)
	before := w.read(".codex/auth.json")
	if d := cmp.Diff([]string{"account me@example.com openai created: "}, w.rowsOf("--from", "codex", "--dry-run")); d != "" {
		t.Error(d)
	}
	if _, err := os.Stat(w.path(openaiFile)); err == nil {
		t.Error("the dry run wrote")
	}
	_, stderr := w.must("import", "--from", "codex")
	if !strings.Contains(stderr, "the same refresh token now") || !strings.Contains(stderr, "\n  codex login\n") {
		t.Errorf("%q", stderr)
	}
	got := w.accounts(openaiFile).List[0]
	if got.RefreshToken.Reveal() != "rt-secret-1" || int64(got.ExpiresAt) != w.ms(time.Hour) || got.AccountID != "acc" || got.PlanTier != "plus" {
		t.Errorf("%+v", got)
	}
	// By its directory, and by its place; nothing new says nothing.
	for _, args := range [][]string{{w.path(".codex")}, {w.path(".codex/auth.json")}} {
		if _, stderr := w.must(append([]string{"import"}, args...)...); stderr != "" {
			t.Errorf("%v: %q", args, stderr)
		}
	}
	// Codex has renewed it.
	w.vars = map[string]string{"CODEX_HOME": w.path("elsewhere")}
	if err := os.Mkdir(w.path("elsewhere"), 0o700); err != nil {
		t.Fatal(err)
	}
	w.codex("elsewhere/auth.json", "rt-secret-2", 2*time.Hour)
	if d := cmp.Diff([]string{"account me@example.com openai updated: "}, w.rowsOf("--from", "codex")); d != "" {
		t.Error(d)
	}
	// What it had before does not come back.
	if d := cmp.Diff([]string{"account me@example.com openai unchanged: a newer login is stored"}, w.rowsOf(w.path(".codex"))); d != "" {
		t.Error(d)
	}
	if got := w.accounts(openaiFile).List; len(got) != 1 || got[0].RefreshToken.Reveal() != "rt-secret-2" {
		t.Errorf("%+v", got)
	}
	if w.read(".codex/auth.json") != before {
		t.Error("Codex's file was changed")
	}
}

func TestImportFromThePlugins(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	old := &accountsWorld{t: t, dir: t.TempDir(), now: w.now}
	old.fill(openaiFile, old.entry("work", nil), old.entry("home", nil))
	old.fill(coreAccounts,
		old.entry("claude", fields{"refreshToken": "sk-ant-ort01-secret-"}),
		old.entry("chat", fields{"accessToken": jwt(`{"https://api.openai.com/auth":{},"j":"-secret-"}`)}),
		old.entry("who", nil), old.entry("bare", fields{"refreshToken": ""}), old.entry("odd", fields{"expiresAt": "soon"}))
	old.write("multiauth-pools.json", `{"pools":[{"name":"team","baseProvider":"openai","members":["uuid-work"],"enabled":true}],
		"chains":[{"name":"all","entries":[{"pool":"team","enabled":true}],"enabled":true}]}`)
	old.write(coreSettings, `{"account_selection_strategy":"hybrid","something":[1]}`)
	old.write("codex-multiauth.json", `{"max_consecutive_auth_failures":5,"quiet_mode":false,"rate_limit_min_backoff_ms":1000}`)
	// Here work has another uuid, a setting and a pool are there already.
	w.fill(openaiFile, w.entry("work", fields{"uuid": "uuid-here", "expiresAt": w.ms(5 * time.Hour), "refreshToken": "rt-secret-newer"}))
	w.write("kyoli.yaml", "# mine\nproviders:\n  openai:\n    max_consecutive_auth_failures: 7\n")
	want := []string{
		"account claude anthropic created: ",
		"account chat openai created: ",
		"account who  skipped: nothing says of which provider it is; name it: --provider",
		"account accounts[3]  skipped: line 1: refreshToken is empty",
		"account accounts[4]  skipped: line 1: expiresAt must be milliseconds since 1970 or a time in RFC 3339",
		"account work openai unchanged: a newer login is stored",
		"account home openai created: ",
		"pool team openai created: ",
		"chain all  created: ",
		"setting account_selection_strategy  created: hybrid",
		"setting providers.openai.rate_limit_min_backoff_ms openai created: 1000",
		"setting providers.openai.max_consecutive_auth_failures openai skipped: " + w.path("kyoli.yaml") + ":4 says 7",
		"setting providers.openai.quiet_mode openai unchanged: it is false already",
	}
	if d := cmp.Diff(want, w.rowsOf(old.dir, "--dry-run")); d != "" {
		t.Errorf("dry run: %s", d)
	}
	if _, err := os.Stat(w.path("multiauth-pools.json")); err == nil {
		t.Error("the dry run wrote")
	}
	if d := cmp.Diff(want, w.rowsOf(old.dir)); d != "" {
		t.Error(d)
	}
	if got := w.read("multiauth-pools.json"); !strings.Contains(got, "uuid-here") || strings.Contains(got, "uuid-work") {
		t.Errorf("pools: %s", got)
	}
	if got := w.read("kyoli.yaml"); !strings.HasPrefix(got, "# mine\n") || !strings.Contains(got, "account_selection_strategy: hybrid") || !strings.Contains(got, "rate_limit_min_backoff_ms: 1000") {
		t.Errorf("kyoli.yaml: %s", got)
	}
	if got := w.accounts(openaiFile); got.Active != "uuid-here" || got.List[0].RefreshToken.Reveal() != "rt-secret-newer" {
		t.Errorf("active %s, %+v", got.Active, got.List[0])
	}
	if got := w.accounts(anthropicFile); got.Active != "uuid-claude" {
		t.Errorf("active %s", got.Active)
	}
	// Of one provider, which is then also that of what does not say.
	there := newAccountsWorld(t)
	want = []string{"account who anthropic created: "}
	one := newAccountsWorld(t)
	one.fill(coreAccounts, one.entry("who", nil))
	if d := cmp.Diff(want, there.rowsOf(one.path(coreAccounts), "--provider", "anthropic")); d != "" {
		t.Error(d)
	}
	code, stdout, stderr := there.run("import", old.path(openaiFile), "--provider", "anthropic", "--from", "opencode-plugin")
	if code != exitLogin || stdout != "" || !strings.Contains(stderr, "no account of anthropic was imported") {
		t.Errorf("exit %d, %q, %q", code, stdout, stderr)
	}
}

// The plugins' own place is found, and importing it into itself does nothing.
func TestImportFromThePluginsPlace(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	place := w.path(".config/opencode")
	if err := os.MkdirAll(place, 0o700); err != nil {
		t.Fatal(err)
	}
	w.fill(filepath.Join(".config", "opencode", openaiFile), w.entry("work", nil))
	if d := cmp.Diff([]string{"account work openai created: "}, w.rowsOf("--from", "opencode-plugin")); d != "" {
		t.Error(d)
	}
	w.dir = place
	before := w.read(openaiFile)
	if d := cmp.Diff([]string{"account work openai unchanged: "}, w.rowsOf(place)); d != "" || w.read(openaiFile) != before {
		t.Error(d)
	}
}

func TestImportFromTheEnvironment(t *testing.T) {
	t.Parallel()
	w := exportWorld(t)
	w.vars = map[string]string{"KYOLI_PASSPHRASE": "correct horse"}
	for name, args := range map[string][]string{"plain": {"--plaintext"}, "binary": nil, "ascii": {"--armor"}} {
		w.must(append([]string{"export", "-a", "work", "--to", w.path(name)}, args...)...)
		text := w.read(name)
		forms := map[string]string{
			name + ", in base64":       base64.StdEncoding.EncodeToString([]byte(text)),
			name + ", in base64 of 60": broken(base64.StdEncoding.EncodeToString([]byte(text)), 60),
		}
		if name != "binary" {
			forms[name] = text
		}
		for form, value := range forms {
			there := newAccountsWorld(t)
			there.vars = map[string]string{"KYOLI_PASSPHRASE": "correct horse", "KYOLI_ACCOUNTS": value}
			if d := cmp.Diff([]string{"account work openai created: "}, there.rowsOf("--env")); d != "" {
				t.Errorf("%s: %s", form, d)
			}
		}
	}
	w.vars = nil
	if code, _, stderr := w.run("import", "--env"); code != exitUsage || !strings.Contains(stderr, "$KYOLI_ACCOUNTS is not set") {
		t.Errorf("not set: exit %d, %q", code, stderr)
	}
}

func broken(text string, width int) string {
	var b strings.Builder
	for len(text) > width {
		b.WriteString(text[:width] + "\n")
		text = text[width:]
	}
	return b.String() + text
}

func TestImportRefuses(t *testing.T) {
	t.Parallel()
	w := exportWorld(t)
	w.vars = map[string]string{"KYOLI_PASSPHRASE": "correct horse"}
	w.must("export", "--to", w.path("good.age"))
	good := w.read("good.age")
	w.must("export", "--to", w.path("key.age"), "-r", "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p")
	w.write("cut.age", good[:len(good)-1])
	w.write("flipped.age", good[:len(good)-1]+string(good[len(good)-1]^1))
	w.write("dear.age", strings.Replace(good, " 4\n", " 22\n", 1))
	w.write("empty", " \n")
	w.write("syntax", "{\n\"version\" 1}")
	w.write("other", `{"a":1}`)
	w.write("list", `[{"refreshToken":"rt-secret-1"}]`)
	w.write("auth", `{"openai":{"type":"oauth","refresh":"rt-secret-1","access":"","expires":1}}`)
	w.write("later", `{"version":2,"accounts":[]}`)
	w.write("none", `{"version":1,"accounts":[]}`)
	w.write("apikey", `{"OPENAI_API_KEY":"sk-secret-1","tokens":null}`)
	w.write("torn", `{"tokens":{"refresh_token":1}}`)
	w.write("pools", `{"pools":[{"name":"x"}]}`)
	if err := os.Mkdir(w.path("dir"), 0o700); err != nil {
		t.Fatal(err)
	}
	before := w.whole()
	for _, c := range []struct {
		args string
		code int
		says []string
	}{
		{"cut.age", exitDamaged, []string{"cut.age cannot be decrypted: it is damaged or cut short"}},
		{"flipped.age", exitDamaged, []string{"damaged"}},
		{"dear.age", exitGeneral, []string{"work factor) above 2^20"}},
		{"key.age", exitUsage, []string{"no identity was given", "--identity FILE"}},
		{"key.age --identity syntax", exitUsage, []string{"syntax: is not a file of age identities"}},
		{"key.age --identity gone", exitGeneral, []string{"gone: "}},
		{"empty", exitUsage, []string{"empty: is empty", "hint: kyoli import --help"}},
		{"syntax", exitUsage, []string{"line 2: not valid JSON"}},
		{"other", exitUsage, []string{"other: is neither Codex CLI's auth.json, nor accounts"}},
		{"list", exitUsage, []string{"list: is neither"}},
		{"apikey --from kyoli", exitUsage, []string{"is not what --from kyoli means"}},
		{"later --from codex", exitUsage, []string{"is not what --from codex means"}},
		{"auth", exitUsage, []string{"is an auth.json of OpenCode", "hint: kyoli migrate auth-json --path "}},
		{"later", exitUsage, []string{"line 1: version: must be 1"}},
		{"none", exitLogin, []string{"no account was imported"}},
		{"apikey", exitLogin, []string{"no account was imported"}},
		{"torn", exitUsage, []string{"tokens.refresh_token is not a string"}},
		{"pools", exitDamaged, []string{"baseProvider is missing"}},
		{"dir", exitGeneral, []string{"there is nothing of Codex CLI or the plugins in it"}},
		{"gone", exitGeneral, []string{"gone: no such file", "hint: ls -l"}},
		{"none --provider nobody", exitUsage, []string{`"nobody"`}},
	} {
		args := strings.Fields(c.args)
		for i, arg := range args {
			if _, err := os.Stat(w.path(arg)); err == nil || arg == "gone" {
				args[i] = w.path(arg)
			}
		}
		code, _, stderr := w.run(append([]string{"import"}, args...)...)
		for _, says := range c.says {
			if code != c.code || !strings.Contains(stderr, says) {
				t.Errorf("%s: exit %d, %q, want %d and %q", c.args, code, stderr, c.code, says)
			}
		}
	}
	w.tty, w.stdin = true, good
	if code, _, stderr := w.run("import", "-"); code != exitUsage || !strings.Contains(stderr, "nothing is piped") {
		t.Errorf("a terminal: exit %d, %q", code, stderr)
	}
	w.tty, w.stdin = false, strings.Repeat("x", maxInput+1)
	if code, _, stderr := w.run("import", "-"); code != exitUsage || !strings.Contains(stderr, "stdin: longer than 64 MiB") {
		t.Errorf("a bomb: exit %d, %.200q", code, stderr)
	}
	if w.whole() != before {
		t.Error("something was written")
	}
}

func FuzzImport(f *testing.F) {
	f.Add([]byte(`{"version":1,"accounts":[{"refreshToken":"r","provider":"openai"},1,{}],"activeAccounts":{"openai":"x"},"pools":{"pools":[]}}`))
	f.Add([]byte(`{"OPENAI_API_KEY":null,"tokens":{"refresh_token":"r","access_token":"a.b.c"}}`))
	f.Add([]byte(`{"pools":[],"chains":[]}`))
	f.Add([]byte("eyJhY2NvdW50cyI6W119"))
	f.Add([]byte("-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----\n"))
	f.Add([]byte("age-encryption.org/v1\n-> scrypt c2FsdA 1\nYWdl\n--- mac\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		w := newAccountsWorld(t)
		w.stdin = string(data)
		code, stdout, stderr := w.run("import", "-", "--dry-run", "--no-input")
		if code != exitOK && stderr == "" || strings.Contains(stdout, "\x1b") {
			t.Errorf("exit %d, %q, %q", code, stdout, stderr)
		}
	})
}
