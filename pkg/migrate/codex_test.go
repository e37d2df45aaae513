package migrate

import (
	"encoding/base64"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

func claims(payload string) string {
	return "e30." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".sig"
}

func TestCodexAuthPath(t *testing.T) {
	t.Parallel()
	home := filepath.FromSlash("/h")
	if got := CodexAuthPath("", home); got != filepath.Join(home, ".codex", "auth.json") {
		t.Errorf("%s", got)
	}
	if got := CodexAuthPath("c", home); got != filepath.Join("c", "auth.json") {
		t.Errorf("%s", got)
	}
}

func TestParseCodex(t *testing.T) {
	t.Parallel()
	access := claims(`{"exp":1800000000}`)
	for name, c := range map[string]struct {
		in   string
		want CodexLogin
	}{
		"whole": {
			`{"auth_mode":"chatgpt","OPENAI_API_KEY":null,"tokens":{"id_token":"id","access_token":"` + access + `","refresh_token":"rt","account_id":"acc"},
			"last_refresh":"2026-01-02T03:04:05.123456789Z","future":{}}`,
			CodexLogin{Credential: store.Credential{RefreshToken: "rt", AccessToken: store.Secret(access), ExpiresAt: 1800000000000}, IDToken: "id", AccountID: "acc"},
		},
		"an opaque access token": {
			`{"tokens":{"access_token":"at","refresh_token":"rt","account_id":null},"last_refresh":"2026-01-02T03:04:05.123456789Z"}`,
			CodexLogin{Credential: store.Credential{RefreshToken: "rt", AccessToken: "at", ExpiresAt: 1767323045123}},
		},
		"nothing says when": {
			`{"tokens":{"refresh_token":"rt"},"last_refresh":"0001-01-01T00:00:00Z"}`,
			CodexLogin{Credential: store.Credential{RefreshToken: "rt"}},
		},
	} {
		got, err := ParseCodex("auth.json", []byte(c.in))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if d := cmp.Diff(&c.want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestParseCodexRefuses(t *testing.T) {
	t.Parallel()
	for in, says := range map[string]string{
		`{"OPENAI_API_KEY":"sk-secret","tokens":null}`: "it is an API key",
		`{"OPENAI_API_KEY":null}`:                      "nobody is logged in",
		`{"tokens":{"access_token":"secret"}}`:         "no refresh token",
	} {
		_, err := ParseCodex("auth.json", []byte(in))
		var none *NoLoginError
		if !errors.As(err, &none) || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", in, err)
		}
	}
	for in, says := range map[string]string{
		`{"tokens":`:                         "ends too early at byte 10",
		`{"tokens":[]}`:                      "auth.json: tokens is not an object",
		`{"tokens":{"refresh_token":1}}`:     "tokens.refresh_token is not a string",
		`{"tokens":{"account_id":{}}}`:       "tokens.account_id is not a string",
		`{"tokens":{"id_token":["secret"]}}`: "tokens.id_token is not a string",
		`[]`:                                 "object",
	} {
		_, err := ParseCodex("auth.json", []byte(in))
		var wrong *SourceError
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", in, err)
		}
	}
}

func FuzzParseCodex(f *testing.F) {
	f.Add([]byte(`{"OPENAI_API_KEY":null,"tokens":{"id_token":"i","access_token":"a.e30.s","refresh_token":"r","account_id":"x"},"last_refresh":"2026-01-02T03:04:05Z"}`))
	f.Add([]byte(`{"tokens":null}`))
	f.Add([]byte(`{"tokens":{"refresh_token":"\ud83d"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := ParseCodex("auth.json", data)
		if (l == nil) == (err == nil) || l != nil && (l.RefreshToken == "" || l.ExpiresAt < 0) {
			t.Errorf("%+v, %v", l, err)
		}
	})
}

func TestGuessProvider(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		refresh, access store.Secret
		want            string
	}{
		{"sk-ant-ort01-x", "", "anthropic"},
		{"x", "sk-ant-oat01-x", "anthropic"},
		{"x", store.Secret(claims(`{"https://api.openai.com/auth":{}}`)), "openai"},
		{"x", store.Secret(claims(`{"iss":"https://api.openai.com/auth"}`)), ""},
		{"", "", ""},
	} {
		if got := GuessProvider(c.refresh, c.access); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
