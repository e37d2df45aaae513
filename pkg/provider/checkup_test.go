package provider

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const whole = `acme:
  client_id: a
  token_url: https://a.example/t
  authorize_url: https://a.example/a
  base_url: https://a.example/v1
  scopes: [openid, offline_access]
`

func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"whole", whole, nil},
		{"built-in, unchanged", whole + "openai:\n", nil},
		{"every fault", `acme:
  client_id: ""
  tokne_url: https://a.example/t
  usage_url: http://a.example/u
  scopes: [openid, "a b"]
  headers: {Host: x, X-A: "ü"}
  env:
    KYOLI_X: a
    A: "{{.RefreshToken}}"
  accounts_file: openai-multi-account-accounts.json
other: {client_id: "", nope: 1}
`, []string{
			"error 2 client_id", "error 2 token_url", "error 3 tokne_url", "error 4 usage_url", "error 5 scopes",
			"error 6 headers.Host", "error 6 headers.X-A", "error 8 env.KYOLI_X", "error 9 env.A", "error 10 accounts_file",
		}},
		{"what will not work", `acme:
  client_id: a
  token_url: https://a.example/t
  redirect_url: https://a.example/callback
  scopes: [openid]
  env: {A: "{{.BaseURL}}"}
`, []string{
			"warning 2 authorize_url", "warning 2 scopes", "warning 2 redirect_url", "warning 2 base_url", "warning 2 env",
		}},
		{"not a mapping", "acme: 5\n", []string{"error 1 "}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			problems, err := Check(overrides(t, tt.text), "kyoli.yaml", "acme")
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range problems {
				got = append(got, fmt.Sprintf("%s %d %s", p.Severity, p.Line, p.Key))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestCheckBuiltin(t *testing.T) {
	problems, err := Check(overrides(t, "openai: {token_url: 1, scopes: 2}"), "kyoli.yaml", "openai")
	if err != nil || len(problems) != 2 {
		t.Errorf("%v, %v", problems, err)
	}
	problems, err = Check(nil, "kyoli.yaml", "anthropic")
	if err != nil || len(problems) != 0 {
		t.Errorf("%v, %v", problems, err)
	}
}

func TestCheckUnknown(t *testing.T) {
	var unknown *UnknownProviderError
	if _, err := Check(overrides(t, "acme:\n"), "kyoli.yaml", "nobody"); !errors.As(err, &unknown) {
		t.Fatalf("error %v", err)
	}
	if diff := cmp.Diff([]string{"acme", "anthropic", "openai"}, unknown.Known); diff != "" {
		t.Error(diff)
	}
}
