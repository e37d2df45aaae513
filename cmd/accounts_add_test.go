package cmd

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kyoli-gam/kyoli/pkg/manager"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

func TestAccountsAddOptions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		want *accountsAddOptions
		fail string
	}{
		"none": {want: &accountsAddOptions{}},
		"file": {
			args: []string{"-f", "x.json", "--label", " work ", "--email", "me@example.com", "--plan", "pro"},
			want: &accountsAddOptions{File: "x.json", Label: "work", Email: "me@example.com", Plan: "pro"},
		},
		"token": {args: []string{"--refresh-token-stdin"}, want: &accountsAddOptions{RefreshTokenStdin: true}},
		"login": {
			args: []string{"--login", "--label", "work", "--device", "--new"},
			want: &accountsAddOptions{Label: "work", Login: true, LogIn: loginOptions{Label: "work", Device: true, New: true}},
		},
		"login and file":  {args: []string{"--login", "-f", "x"}, fail: "--login and --file contradict"},
		"device alone":    {args: []string{"--device"}, fail: "--device is for a login"},
		"two ways":        {args: []string{"--login", "--device", "--manual"}, fail: "--device and --manual exclude each other"},
		"both":            {args: []string{"--refresh-token-stdin", "--file", "x"}, fail: "contradict"},
		"empty label":     {args: []string{"--label", " "}, fail: `--label " ": is empty`},
		"empty file":      {args: []string{"--file", ""}, fail: `--file "": is empty`},
		"escape in label": {args: []string{"--label", "a\x1b[31m"}, fail: "--label: holds control"},
		"bidi in e-mail":  {args: []string{"--email", "a\u202eb"}, fail: "--email: holds control"},
		"broken UTF-8":    {args: []string{"--plan", "a\xff"}, fail: "--plan: is not valid UTF-8"},
		"an argument":     {args: []string{"hunter2"}, fail: "process list"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got *accountsAddOptions
			cmd := newAccountsAddCmd(&Factory{}, func(_ context.Context, o *accountsAddOptions) error { got = o; return nil })
			cmd.SilenceErrors, cmd.SilenceUsage = true, true
			cmd.SetArgs(c.args)
			err := cmd.Execute()
			if c.fail != "" {
				if err == nil || !strings.Contains(err.Error(), c.fail) || got != nil {
					t.Errorf("got %+v, %v, want an error with %q", got, err, c.fail)
				}
				return
			}
			c.want.LogIn.Timeout = defaultLoginTimeout
			if d := cmp.Diff(c.want, got); d != "" || err != nil {
				t.Errorf("%v: %s", err, d)
			}
		})
	}
}

// jwt is an access token that says whose it is.
func jwt(claims string) string {
	enc := base64.RawURLEncoding
	return enc.EncodeToString([]byte(`{"alg":"none"}`)) + "." + enc.EncodeToString([]byte(claims)) + "." + "sig"
}

func TestAccountsAddForms(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	token := jwt(`{"email":"me@example.com","https://api.openai.com/auth":{"chatgpt_account_id":"acc","chatgpt_plan_type":"Pro"}}`)
	for name, c := range map[string]struct {
		in   string
		args []string
		want store.Account // of what is not its state
		says string
	}{
		"an OAuth answer": {
			in:   `{"refresh_token":"rt-secret-1","access_token":"` + token + `","expires_in":3600}`,
			want: store.Account{AccountID: "acc", Email: "me@example.com", PlanTier: "pro", AccessToken: store.Secret(token), ExpiresAt: store.Millis(w.ms(time.Hour))},
			says: "added me@example.com (openai)\n",
		},
		"what is given wins over what the token says": {
			in:   `{"refreshToken":"rt-secret-1","accessToken":"` + token + `","planTier":"plus","email":"other@example.com","label":"no"}`,
			args: []string{"--label", "work", "--plan", "team"},
			want: store.Account{AccountID: "acc", Email: "other@example.com", PlanTier: "team", Label: "work", AccessToken: store.Secret(token)},
			says: "added work (openai)\n",
		},
		"an entry of auth.json": {
			in:   `{"type":"oauth","refresh":"rt-secret-1","access":"at-secret","expires":5,"accountId":"acc"}`,
			want: store.Account{AccountID: "acc", AccessToken: "at-secret", ExpiresAt: 5000},
		},
		"a refresh token alone": {
			in: "\ufeffrt-secret-1\r\n", args: []string{"--refresh-token-stdin", "--email", "me@example.com"},
			want: store.Account{Email: "me@example.com"}, says: "added me@example.com (openai)\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newAccountsWorld(t)
			w.stdin = c.in
			stdout, stderr := w.must(append([]string{"accounts", "add", "--provider", "openai"}, c.args...)...)
			if stdout != "" || c.says != "" && stderr != c.says {
				t.Errorf("%q, %q", stdout, stderr)
			}
			got := w.accounts(openaiFile).List[0]
			c.want.UUID, c.want.RefreshToken, c.want.Enabled = got.UUID, "rt-secret-1", true
			c.want.AddedAt, c.want.LastUsed = store.Millis(w.ms(0)), store.Millis(w.ms(0))
			if d := cmp.Diff(&c.want, got, cmpopts.IgnoreUnexported(store.Account{})); d != "" || len(got.UUID) != 36 {
				t.Errorf("%s %s", got.UUID, d)
			}
		})
	}
}

func TestAccountsAddFromATerminal(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	w.tty, w.stdin = true, `{"refreshToken":"rt-secret-1"}`
	code, _, stderr := w.run("accounts", "add", "--provider", "openai")
	if code != exitUsage || !strings.Contains(stderr, "nothing is piped into stdin") || !strings.Contains(stderr, "hint: kyoli accounts add < account.json") {
		t.Errorf("exit %d, %q", code, stderr)
	}
	w.answers = "rt-secret-typed\n"
	w.must("accounts", "add", "--provider", "openai", "--refresh-token-stdin")
	if got := w.accounts(openaiFile).List[0].RefreshToken.Reveal(); got != "rt-secret-typed" {
		t.Errorf("stored %q", got)
	}
	if w.terminal.String() != "refresh token: \n" {
		t.Errorf("asked %q", w.terminal.String())
	}
	code, _, stderr = w.run("accounts", "add", "--provider", "openai", "--refresh-token-stdin", "--no-input")
	if code != exitCancelled || !strings.Contains(stderr, "give data on stdin") {
		t.Errorf("no input: exit %d, %q", code, stderr)
	}
}

func TestAccountsAddRefuses(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	w.write("empty.json", "")
	w.write("list.json", `[{"refreshToken":"rt-secret-1"},{"refreshToken":"rt-secret-2"}]`)
	w.write("apikey.json", `{"a":{"type":"api","key":"sk-secret-1"}}`)
	w.write("late.json", "{\n \"version\": 1,\n \"accounts\": [\n  {\"refreshToken\":\"rt-secret-1\"},\n  {\"refreshToken\":\"rt-secret-2\",\n   \"enabled\": \"rt-secret-3\"}]}")
	for _, c := range []struct {
		line, stdin string
		code        int
		says        []string
	}{
		{"add", "", exitUsage, []string{"kyoli: stdin: is empty\n", "hint: kyoli accounts add --help"}},
		{"add", "{\n\"refreshToken\" 1}", exitUsage, []string{"stdin: line 2: not valid JSON"}},
		{"add", `{"email":"x"}`, exitUsage, []string{"stdin: line 1: refreshToken: is missing"}},
		{"add", `"rt-secret-1"`, exitUsage, []string{"must be an object"}},
		{"add --refresh-token-stdin", " \n", exitUsage, []string{"stdin: is empty"}},
		{"add --refresh-token-stdin", `{"refreshToken":"rt-secret-1"}`, exitUsage, []string{"is JSON"}},
		{"add --refresh-token-stdin", "rt-secret-1\nrt-secret-2", exitUsage, []string{"is not one token"}},
		{"add --refresh-token-stdin", "rt-secret-\x1b[31m", exitUsage, []string{"is not one token"}},
		{"add --refresh-token-stdin", strings.Repeat("x", maxBareToken+1), exitUsage, []string{"longer than 64 KiB"}},
		{"add --file EMPTY", "", exitUsage, []string{"empty.json: is empty"}},
		{"add --file MISSING", "", exitGeneral, []string{"missing.json: no such file", "hint: ls -l "}},
		{"add --file .", "", exitGeneral, []string{"kyoli: read .: is a directory", "hint: ls -l"}},
		{"add --file LATE", "", exitUsage, []string{"late.json: line 6: accounts[1].enabled: must be true or false"}},
		{"add --file LIST --label x", "", exitUsage, []string{"--label and --email are for one account", "holds 2"}},
		{"add --file APIKEY", "", exitUsage, []string{"there is no OAuth login in it, only a (type api)"}},
		{"add", `{"refreshToken":"rt-secret-1","provider":"anthropic"}`, exitUsage, []string{"a login of anthropic, not of openai"}},
		{"add rt-secret-1", "", exitUsage, []string{"process list", "hint: "}},
		{"add --provider nobody", `{"refreshToken":"rt-secret-1"}`, exitUsage, []string{`"nobody"`, "openai"}},
	} {
		line := strings.NewReplacer("EMPTY", w.path("empty.json"), "MISSING", w.path("missing.json"), "LATE", w.path("late.json"),
			"LIST", w.path("list.json"), "APIKEY", w.path("apikey.json")).Replace(c.line)
		w.stdin = c.stdin
		code, stdout, stderr := w.run(append([]string{"accounts", "--provider", "openai"}, strings.Fields(line)...)...)
		if code != c.code || stdout != "" {
			t.Errorf("%s %.40q: exit %d, %q", c.line, c.stdin, code, stdout)
		}
		for _, says := range c.says {
			if !strings.Contains(stderr, says) {
				t.Errorf("%s %.40q: %q does not say %q", c.line, c.stdin, stderr, says)
			}
		}
	}
	if _, err := os.Stat(w.path(openaiFile)); err == nil {
		t.Error("something was written")
	}
}

func TestAccountsAddFindsTheProvider(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	w.stdin = `{"refreshToken":"rt-secret-1"}`
	code, _, stderr := w.run("accounts", "add")
	if code != exitUsage || !strings.Contains(stderr, "one of anthropic, openai") || !strings.Contains(stderr, "hint: kyoli accounts add --provider ") {
		t.Errorf("nobody knows: exit %d, %q", code, stderr)
	}
	w.stdin = `[{"refreshToken":"rt-secret-1","provider":"anthropic"}]`
	w.must("accounts", "add")
	w.stdin = `{"refreshToken":"rt-secret-2"}`
	if _, stderr := w.must("accounts", "add"); !strings.Contains(stderr, "(anthropic)") {
		t.Errorf("the only one in use: %q", stderr)
	}
	w.stdin = `{"openai":{"type":"oauth","refresh":"rt-secret-3","access":"","expires":0},"future":{"type":"oauth","refresh":"rt-secret-4","access":"","expires":0},
		"mistral":{"type":"api","key":"sk-secret"}}`
	stdout, stderr := w.must("accounts", "add", "--json")
	if strings.Count(stdout, "\n") != 1 || !strings.Contains(stdout, `{"result":"added","account":{"provider":"openai"`) ||
		!strings.Contains(stderr, "skipped future: ") || !strings.Contains(stderr, "skipped mistral (type api): ") {
		t.Errorf("a whole auth.json: %q, %q", stdout, stderr)
	}
	if _, stderr := w.must("accounts", "add", "--provider", "openai"); !strings.Contains(stderr, "unchanged ") {
		t.Errorf("again, of one provider: %q", stderr)
	}
	code, _, _ = w.run("accounts", "add", "--provider", "anthropic")
	if code != exitUsage {
		t.Errorf("none of this provider: exit %d", code)
	}
	w.stdin = `{"refreshToken":"rt-secret-5"}`
	if code, _, stderr := w.run("accounts", "add"); code != exitUsage || !strings.Contains(stderr, "several providers have accounts") {
		t.Errorf("two in use: exit %d, %q", code, stderr)
	}
}

// A login from before a refresh, which a CI secret may well hold, must not take
// the place of what came of it.
func TestAccountsAddOfASpentLogin(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	w.fill(openaiFile, w.entry("work", nil))
	old := w.path("old.json")
	w.must("export", "--plaintext", "--to", old)
	backend := store.Open(w.path(openaiFile), store.Options{Now: func() time.Time { return w.now }})
	lease, err := backend.Lease(t.Context(), "uuid-work")
	if err != nil {
		t.Fatal(err)
	}
	r, err := lease.Begin(t.Context())
	if err == nil {
		err = r.Answered(200, []byte(`{"refresh_token":"rt-secret-child","access_token":"at-secret-child","expires_in":60}`))
	}
	if err == nil {
		// The new access token ends before the old one, so that only the journal tells which is newer.
		_, err = r.Settle(t.Context(), store.Credential{RefreshToken: "rt-secret-child", AccessToken: "at-secret-child", ExpiresAt: store.Millis(w.ms(time.Minute))}, func(*store.Account) {})
	}
	if err := errors.Join(err, lease.Release()); err != nil {
		t.Fatal(err)
	}
	before := w.read(openaiFile)
	if _, stderr := w.must("accounts", "add", "--file", old); stderr != "unchanged work (openai): a newer login is stored, which came of this one\n" {
		t.Errorf("%q", stderr)
	}
	w.stdin = "rt-secret-work"
	stdout, _ := w.must("accounts", "add", "--refresh-token-stdin", "--json")
	var row addRow
	if err := json.Unmarshal([]byte(stdout), &row); err != nil || row.Result != manager.Unchanged || row.Account.UUID != "uuid-work" || row.Why == "" {
		t.Errorf("%q (%v)", stdout, err)
	}
	if w.read(openaiFile) != before {
		t.Error("the newer login was overwritten")
	}
}

func TestAccountsAddStructured(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	w.stdin = `[{"refreshToken":"rt-secret-1","label":"one"},{"refreshToken":"rt-secret-2","label":"two"}]`
	stdout, stderr := w.must("accounts", "add", "--provider", "openai", "--json")
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[1], `{"result":"added","account":{"provider":"openai","uuid":"`) || stderr != "" {
		t.Errorf("%q, %q", stdout, stderr)
	}
	stdout, _ = w.must("accounts", "add", "--format", "yaml")
	if strings.Count(stdout, "- result: unchanged\n") != 2 || !strings.Contains(stdout, "    label: two\n") {
		t.Errorf("YAML: %q", stdout)
	}
}

// A provider of one's own says in identity_map where its tokens have who it is.
func TestAccountsAddByIdentityMap(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	for key, value := range map[string]string{
		"client_id": "c", "token_url": "https://a.example/t", "identity_map.email": "$.person.mail", "identity_map.account_id": "$.org", "identity_map.plan": "$.tier",
	} {
		w.must("config", "set", "adapters.acme."+key, value, "--quiet")
	}
	w.stdin = `{"refresh_token":"rt-secret-1","access_token":"` + jwt(`{"person":{"mail":"me@example.com"},"org":7,"tier":"Team"}`) + `","expires_in":3600}`
	if _, stderr := w.must("accounts", "add", "--provider", "acme"); stderr != "added me@example.com (acme)\n" {
		t.Errorf("stderr %q", stderr)
	}
	if a := w.accounts("acme-multi-account-accounts.json").List[0]; a.Email != "me@example.com" || a.AccountID != "7" || a.PlanTier != "team" {
		t.Errorf("%+v", a)
	}
}
