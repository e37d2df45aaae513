package provider

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"github.com/kyoli-gam/kyoli/internal/strictyaml"
)

// overrides reads the mapping that stands under `adapters:`.
func overrides(t testing.TB, text string) map[string]*yaml.Node {
	t.Helper()
	root, err := strictyaml.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]*yaml.Node{}
	for key, value := range strictyaml.Pairs(root) {
		m[key.Value] = value
	}
	return m
}

func load(t testing.TB, text string) *Registry {
	t.Helper()
	r, err := Load(overrides(t, text), "kyoli.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func get(t testing.TB, r *Registry, id string) *Adapter {
	t.Helper()
	a, err := r.Get(id)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// The constants are the providers' and the npm plugins'; a slip in one of them
// would only show with a real account.
func TestBuiltins(t *testing.T) {
	want := map[string]*Adapter{
		"openai": {
			ID: "openai", DisplayName: "OpenAI", AuthJSONKey: "openai",
			AccountsFile: "openai-multi-account-accounts.json", PluginConfigFile: "codex-multiauth.json",
			ClientID: "app_EMoamEEZ73f0CkXaXp7hrann", ClientAuth: ClientAuthPost, TokenRequest: "form",
			Scopes:          []string{"openid", "profile", "email", "offline_access"},
			AuthorizeURL:    "https://auth.openai.com/oauth/authorize",
			TokenURL:        "https://auth.openai.com/oauth/token",
			AuthorizeParams: map[string]string{"id_token_add_organizations": "true"},
			DeviceURL:       "https://auth.openai.com/api/accounts/deviceauth/usercode",
			DeviceTokenURL:  "https://auth.openai.com/api/accounts/deviceauth/token",
			DeviceRequest:   "json",
			RedirectURL:     "http://localhost:1455/auth/callback",

			DeviceVerificationURL: "https://auth.openai.com/codex/device",

			UsageFormat:     "openai",
			UsageURL:        "https://chatgpt.com/backend-api/wham/usage",
			BaseURL:         "https://chatgpt.com/backend-api/codex",
			RefusedCodes:    []string{"refresh_token_expired", "refresh_token_reused", "refresh_token_invalidated"},
			AccountIDHeader: "ChatGPT-Account-Id",
			Plans:           map[string]string{"pro": "ChatGPT Pro", "plus": "ChatGPT Plus", "go": "ChatGPT Go", "free": "Free"},
			Env:             map[string]string{"OPENAI_ACCESS_TOKEN": "{{.AccessToken}}"},
			LimitPatterns:   defaultLimitPatterns,
			Paths:           []string{"/responses", "/models", "/chat/completions"},
			ProxyEnv:        map[string]string{"OPENAI_API_KEY": "{{.AccessToken}}", "OPENAI_BASE_URL": "{{.BaseURL}}"},
			OpenCodeOptions: map[string]string{"baseURL": "{{.BaseURL}}"},
			CredentialVars:  []string{"OPENAI_API_KEY", "CODEX_API_KEY", "CODEX_ACCESS_TOKEN"},
			Builtin:         true,
		},
		"anthropic": {
			ID: "anthropic", DisplayName: "Anthropic", AuthJSONKey: "anthropic",
			AccountsFile: "anthropic-multi-account-accounts.json", PluginConfigFile: "claude-multiauth.json",
			ClientID: "9d1c250a-e61b-44d9-88ed-5944d1962f5e", ClientAuth: ClientAuthPost, TokenRequest: "json",
			TokenURL:        "https://console.anthropic.com/v1/oauth/token",
			DeviceRequest:   "form",
			UsageFormat:     "anthropic",
			UsageURL:        "https://api.anthropic.com/api/oauth/usage",
			ProfileURL:      "https://api.anthropic.com/api/oauth/profile",
			BaseURL:         "https://api.anthropic.com",
			Headers:         map[string]string{"Anthropic-Beta": "oauth-2025-04-20"},
			ListHeaders:     []string{"anthropic-beta"},
			Plans:           map[string]string{"max": "Claude Max", "pro": "Claude Pro", "free": "Free"},
			Env:             map[string]string{"ANTHROPIC_AUTH_TOKEN": "{{.AccessToken}}"},
			LimitPatterns:   defaultLimitPatterns,
			Paths:           []string{"/v1/messages", "/v1/models"},
			ProxyEnv:        map[string]string{"ANTHROPIC_BASE_URL": "{{.BaseURL}}"},
			OpenCodeOptions: map[string]string{"apiKey": "{{.AccessToken}}", "baseURL": "{{.BaseURL}}/v1"},
			CredentialVars: []string{
				"ANTHROPIC_API_KEY", "ANTHROPIC_OAUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN", "CLAUDE_CODE_OAUTH_REFRESH_TOKEN",
			},
			Builtin: true,
		},
	}
	r := load(t, "")
	if diff := cmp.Diff([]string{"anthropic", "openai"}, r.IDs()); diff != "" {
		t.Error(diff)
	}
	for id, adapter := range want {
		if diff := cmp.Diff(adapter, get(t, r, id)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", id, diff)
		}
	}
}

func TestOverrideMerges(t *testing.T) {
	got := get(t, load(t, `
openai:
  token_url: http://127.0.0.1:4801/oauth/token
  base_url: "http://localhost:4801/codex"
  scopes: [openid]
  plans: {team: ChatGPT Team, free: null}
  headers: {X-Api-Version: 2}
  env: {OPENAI_ACCESS_TOKEN: null, OPENAI_BASE_URL: "{{.BaseURL}}"}
`), "openai")
	want := get(t, load(t, ""), "openai")
	want.TokenURL = "http://127.0.0.1:4801/oauth/token"
	want.BaseURL = "http://localhost:4801/codex"
	want.Scopes = []string{"openid"}
	want.Plans = map[string]string{"pro": "ChatGPT Pro", "plus": "ChatGPT Plus", "go": "ChatGPT Go", "team": "ChatGPT Team"}
	want.Headers = map[string]string{"X-Api-Version": "2"}
	want.Env = map[string]string{"OPENAI_BASE_URL": "{{.BaseURL}}"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestOverrideHeaderInAnotherSpelling(t *testing.T) {
	got := get(t, load(t, "anthropic: {headers: {ANTHROPIC-beta: other}}"), "anthropic")
	if diff := cmp.Diff(map[string]string{"Anthropic-Beta": "other"}, got.Headers); diff != "" {
		t.Error(diff)
	}
}

func TestOwnProvider(t *testing.T) {
	got := get(t, load(t, `
acme:
  client_id: kyoli
  token_url: https://login.acme.example/token
`), "acme")
	want := &Adapter{
		ID: "acme", DisplayName: "acme", AuthJSONKey: "acme", AccountsFile: "acme-multi-account-accounts.json",
		ClientID: "kyoli", TokenURL: "https://login.acme.example/token", ClientAuth: ClientAuthPost, TokenRequest: "form", DeviceRequest: "form", UsageFormat: "auto",
		LimitPatterns:   defaultLimitPatterns,
		OpenCodeOptions: map[string]string{"apiKey": "{{.AccessToken}}", "baseURL": "{{.BaseURL}}"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestLoadFaults(t *testing.T) {
	const acme = "acme:\n  client_id: a\n  token_url: https://a.example/t\n"
	for _, tt := range []struct {
		name, text, adapter, key string
		line                     int
		reason                   string
	}{
		{"unknown key", "openai:\n  token_ulr: https://a.example\n", "openai", "token_ulr", 2, "allowed: account_id_header, accounts_file"},
		{"wrong type", "openai:\n  token_url: [a]\n", "openai", "token_url", 2, "want a string, got a list"},
		{"null", "openai:\n  token_url:\n", "openai", "token_url", 2, "want a string, got nothing"},
		{"not a mapping", "openai: 5\n", "openai", "", 1, "want a mapping of keys, got a number"},
		{"list wanted", "openai:\n  scopes: openid\n", "openai", "scopes", 2, "want a list, got a string"},
		{"mapping wanted", "openai:\n  plans: [a]\n", "openai", "plans", 2, "want a mapping, got a list"},
		{"value in list", "openai:\n  scopes:\n    - ok\n    - not ok\n", "openai", "scopes", 4, "want words"},
		{"value in mapping", "openai:\n  plans:\n    pro: {}\n", "openai", "plans.pro", 3, "want a string, got a mapping"},
		{"plain http", "openai:\n  usage_url: http://a.example/u\n", "openai", "usage_url", 2, "plain http is for"},
		{"form of usage", "openai:\n  usage_format: xml\n", "openai", "usage_format", 2, "want auto, openai or anthropic"},
		{"encoding", "openai:\n  token_request: xml\n", "openai", "token_request", 2, "want form or json"},
		{"template field", "openai:\n  env:\n    A: \"{{.RefreshToken}}\"\n", "openai", "env.A", 3, "{{.AccessToken}}"},
		{"kyoli's variable", "openai:\n  env: {kyoli_x: a}\n", "openai", "env.kyoli_x", 2, "kyoli's own"},
		{"path", "openai:\n  paths: [responses]\n", "openai", "paths", 2, "want a path below the base URL"},
		{"path that leads up", "openai:\n  paths: [/a/../b]\n", "openai", "paths", 2, "want a path below the base URL"},
		{"pattern", "openai:\n  limit_patterns: [\"(\"]\n", "openai", "limit_patterns", 2, "want a regular expression"},
		{"option", "openai:\n  opencode_options: {base-url: a}\n", "openai", "opencode_options.base-url", 2, "name of an option"},
		{"proxy's template", "openai:\n  proxy_env: {A: \"{{.Refresh}}\"}\n", "openai", "proxy_env.A", 2, "{{.AccessToken}}"},
		{"header name", "openai:\n  headers: {\"a b\": c}\n", "openai", "headers.a b", 2, "name of an HTTP header"},
		{"another client's name", "openai:\n  headers: {user-agent: x}\n", "openai", "headers.user-agent", 2, "set by kyoli"},
		{"header value", "openai:\n  headers: {A: \"x\\ny\"}\n", "openai", "headers.A", 2, "printable ASCII"},
		{"path in file name", "openai:\n  accounts_file: ../x.json\n", "openai", "accounts_file", 2, "without a directory"},
		{"secret instead of its variable", "openai:\n  client_secret_env: s3cr3t-value\n", "openai", "client_secret_env", 2, "name of an environment variable"},
		{"control character", "openai:\n  display_name: \"\\e[31m\"\n", "openai", "display_name", 2, "printable"},
		{"list header without a value", "openai:\n  list_headers: [x-y]\n", "openai", "list_headers", 2, "names x-y"},
		{"name", "Acme: {client_id: a}\n", "Acme", "", 1, "begins with a letter"},
		{"name that is a path", "../up: {client_id: a}\n", "../up", "", 1, "begins with a letter"},
		{"account file taken", acme + "  accounts_file: OpenAI-multi-account-accounts.json\n", "acme", "accounts_file", 4, "account file of provider openai"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Load(overrides(t, tt.text), "kyoli.yaml")
			var got *AdapterError
			if !errors.As(err, &got) {
				t.Fatalf("error %v, want an *AdapterError", err)
			}
			if got.File != "kyoli.yaml" || got.Line != tt.line || got.Adapter != tt.adapter || got.Key != tt.key {
				t.Errorf("got %+v", *got)
			}
			if !strings.Contains(got.Reason, tt.reason) {
				t.Errorf("reason %q does not have %q", got.Reason, tt.reason)
			}
			if strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("error repeats the value: %v", err)
			}
		})
	}
}

// One that is being written must not stop the others, and must not be used.
func TestIncomplete(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		lacks      []string
		line       int
	}{
		{"no client id", "acme:\n  token_url: https://a.example/t\n", []string{"client_id"}, 2},
		{"no token endpoint", "acme:\n  client_id: a\n", []string{"token_url"}, 2},
		{"nothing", "acme:\n", []string{"client_id", "token_url"}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := load(t, tt.text)
			var got []string
			for _, e := range r.Incomplete()["acme"] {
				got = append(got, e.Key)
				if e.File != "kyoli.yaml" || e.Line != tt.line || !strings.Contains(e.Reason, "missing") {
					t.Errorf("%+v", *e)
				}
			}
			if diff := cmp.Diff(tt.lacks, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]string{"anthropic", "openai"}, r.IDs()); diff != "" || len(r.All()) != 2 {
				t.Errorf("it counts as a provider: %s", diff)
			}
			var fault *AdapterError
			if _, err := r.Get("acme"); !errors.As(err, &fault) || fault.Key != tt.lacks[0] {
				t.Errorf("got error %v", err)
			}
		})
	}
}

func TestAdapterErrorText(t *testing.T) {
	for want, e := range map[string]AdapterError{
		`k.yaml:3: adapter "a": key "b": no`: {"k.yaml", 3, "a", "b", "no"},
		`k.yaml: adapter "a": no`:            {"k.yaml", 0, "a", "", "no"},
	} {
		if got := e.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestGetUnknown(t *testing.T) {
	_, err := load(t, "").Get("opnai")
	var unknown *UnknownProviderError
	if !errors.As(err, &unknown) {
		t.Fatalf("error %v", err)
	}
	if got, want := err.Error(), `unknown provider "opnai" (known: anthropic, openai)`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if unknown.Hint() != "kyoli providers list" {
		t.Errorf("hint %q", unknown.Hint())
	}
}

func TestCheckURL(t *testing.T) {
	for in, ok := range map[string]bool{
		"https://a.example/t":         true,
		"https://a.example:8443":      true,
		"https://[2001:db8::1]/t":     true,
		"http://127.0.0.1:1/t":        true,
		"http://127.9.9.9/t":          true,
		"http://[::1]:1/t":            true,
		"http://[::ffff:127.0.0.1]/t": true,
		"http://localhost:1455/a/b":   true,
		"http://LOCALHOST/":           true,

		"":                               false,
		"token":                          false,
		"/oauth/token":                   false,
		"https:///t":                     false,
		"https:a.example":                false,
		"http://a.example/t":             false,
		"http://localhost.a.example/":    false,
		"http://localhost./":             false,
		"http://128.0.0.1/":              false,
		"http://127.1/":                  false,
		"http://0.0.0.0/":                false,
		"http://[::1%25eth0]/":           false,
		"http://2130706433/":             false,
		"ftp://127.0.0.1/":               false,
		"file:///etc/passwd":             false,
		"https://user:secret@a.example/": false,
		"https://a.example/#x":           false,
		"https://a.example/#":            false,
		"https://a.example/\n":           false,
		"https://" + strings.Repeat("a", 3000) + ".example/": false,
	} {
		wrong := checkURL(in)
		if (wrong == "") != ok {
			t.Errorf("checkURL(%.60q) = %q", in, wrong)
		}
		if strings.Contains(wrong, "secret") {
			t.Errorf("%q repeats the value", wrong)
		}
	}
}

func TestPlanLabel(t *testing.T) {
	a := get(t, load(t, ""), "openai")
	for plan, want := range map[string]string{
		"plus": "ChatGPT Plus", " PLUS ": "ChatGPT Plus", "team": "Team", "émile": "Émile", "": "", "  ": "",
	} {
		if got := a.PlanLabel(plan); got != want {
			t.Errorf("PlanLabel(%q) = %q, want %q", plan, got, want)
		}
	}
}

func TestCredentialEnv(t *testing.T) {
	r := load(t, `
acme:
  client_id: a
  token_url: https://a.example/t
  client_secret_env: ACME_SECRET
  env: {ACME_TOKEN: "Bearer {{ .AccessToken }}", ACME_URL: "{{.BaseURL}}"}
  credential_env: [ACME_KEY, ACME_TOKEN]
`)
	for id, want := range map[string][]string{
		"acme":   {"ACME_KEY", "ACME_SECRET", "ACME_TOKEN", "OPENCODE_AUTH_CONTENT"},
		"openai": {"CODEX_ACCESS_TOKEN", "CODEX_API_KEY", "OPENAI_ACCESS_TOKEN", "OPENAI_API_KEY", "OPENCODE_AUTH_CONTENT"},
		"anthropic": {
			"ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_OAUTH_TOKEN",
			"CLAUDE_CODE_OAUTH_REFRESH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN", "OPENCODE_AUTH_CONTENT",
		},
	} {
		if diff := cmp.Diff(want, get(t, r, id).CredentialEnv()); diff != "" {
			t.Errorf("%s: %s", id, diff)
		}
	}
}

func FuzzLoad(f *testing.F) {
	for _, s := range []string{
		"openai: {token_url: http://127.0.0.1:1/t, scopes: [a], env: {A: \"{{.Label}}\"}}",
		"acme:\n  client_id: a\n  token_url: https://a.example\n  headers: {a: b}\n",
		"openai: {plans: {a: null}, headers: {A: 1}}", "x: [1]", "openai:", "é: {}",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		root, err := strictyaml.Parse([]byte(text))
		if err != nil {
			return
		}
		given := map[string]*yaml.Node{}
		for key, value := range strictyaml.Pairs(root) {
			given[key.Value] = value
		}
		r, err := Load(given, "kyoli.yaml")
		if err != nil {
			var fault *AdapterError
			if !errors.As(err, &fault) || fault.Line == 0 || fault.Adapter == "" && given[""] == nil {
				t.Fatalf("error %#v says too little", err)
			}
			return
		}
		for _, a := range r.All() {
			for _, u := range []string{a.TokenURL, a.UsageURL, a.BaseURL, a.AuthorizeURL, a.ProfileURL, a.DeviceURL} {
				if u != "" && checkURL(u) != "" {
					t.Fatalf("accepted URL %q", u)
				}
			}
			if _, err := a.Environ(EnvData{}); err != nil {
				t.Fatal(err)
			}
			if strings.ContainsAny(a.AccountsFile, `/\`) {
				t.Fatalf("accepted file name %q", a.AccountsFile)
			}
		}
	})
}

func TestNames(t *testing.T) {
	long := strings.Repeat("a", 300)
	for _, tt := range []struct {
		what     string
		check    func(string) string
		ok, fail []string
	}{
		{
			"file", checkBaseName,
			[]string{"a.json", "A-1_b.c.json"},
			[]string{"", ".json", "-a.json", "a.txt", "a/b.json", `a\b.json`, "..json", "é.json", "a b.json", long + ".json"},
		},
		{"variable", checkEnvName, []string{"A", "_a1", "Z9_"}, []string{"", "1A", "A-B", "A=B", "A B", "É", "A\x00", long}},
		{"scope", checkScope, []string{"openid", "a:b/c.d", "!#[]~"}, []string{"", "a b", `a"b`, `a\b`, "a\x7f", "é", "a\n", long}},
		{"header", checkHeaderName, []string{"X-A", "!#$%&'*+-.^_`|~9zA"}, []string{"", "X A", "X:", "X\r", "X(", "É", "cookie", "HOST", long}},
		{"header value", checkHeaderValue, []string{"a", "a b", "~!"}, []string{"", " a", "a ", "a\tb", "a\r\nb", "é", strings.Repeat("a", 1025)}},
		{"id", func(s string) string {
			if isID(s) {
				return ""
			}
			return "no"
		}, []string{"a", "a-1_b"}, []string{"", "A", "1a", "-a", "a.b", "a/b", "é", strings.Repeat("a", 33)}},
	} {
		for _, s := range tt.ok {
			if wrong := tt.check(s); wrong != "" {
				t.Errorf("%s %q: %s", tt.what, s, wrong)
			}
		}
		for _, s := range tt.fail {
			if tt.check(s) == "" {
				t.Errorf("%s %.20q accepted", tt.what, s)
			}
		}
	}
}
