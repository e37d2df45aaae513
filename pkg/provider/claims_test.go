package provider

import (
	"encoding/base64"
	"strings"
	"testing"
)

func jwt(payload string) string {
	return "eyJhbGciOiJub25lIn0." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".sig"
}

func TestClaims(t *testing.T) {
	for _, tt := range []struct {
		name, payload string
		want          Identity
	}{
		{
			"all there",
			`{"chatgpt_account_id":"top","https://api.openai.com/auth":{"chatgpt_account_id":"auth","chatgpt_plan_type":"Plus"},
			  "organizations":[{"id":"org"}],"email":"a@example.com","https://api.openai.com/profile":{"email":"b@example.com"}}`,
			Identity{AccountID: "top", Email: "a@example.com", Plan: "plus"},
		},
		{
			"account id in the namespaced claim",
			`{"https://api.openai.com/auth":{"chatgpt_account_id":"auth"},"organizations":[{"id":"org"}]}`,
			Identity{AccountID: "auth"},
		},
		{"first organization", `{"organizations":[{"id":"org-1"},{"id":"org-2"}]}`, Identity{AccountID: "org-1"}},
		{"e-mail in the profile", `{"https://api.openai.com/profile":{"email":" b@example.com "}}`, Identity{Email: "b@example.com"}},
		{"subject alone", `{"sub":"x"}`, Identity{Subject: "x"}},
		{"nothing known", `{"sub":7}`, Identity{}},
		{
			"other types do not hide the rest",
			`{"chatgpt_account_id":7,"https://api.openai.com/auth":[1],"organizations":{"id":1},"email":"a@example.com"}`,
			Identity{Email: "a@example.com"},
		},
		{"empty list", `{"organizations":[]}`, Identity{}},
		{"an id that cannot be sent", `{"chatgpt_account_id":"a\r\nb","organizations":[{"id":"org"}]}`, Identity{AccountID: "org"}},
		{"e-mail with an escape", `{"email":"\u001b[31mred@example.com"}`, Identity{}},
		{"e-mail with a bidi override", `{"email":"a\u202eb@example.com"}`, Identity{}},
		{"long e-mail", `{"email":"` + strings.Repeat("a", 400) + `"}`, Identity{}},
		{"long plan", `{"https://api.openai.com/auth":{"chatgpt_plan_type":"` + strings.Repeat("a", 100) + `"}}`, Identity{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := Claims(jwt(tt.payload))
			if !ok || got != tt.want {
				t.Errorf("Claims = %+v, %v; want %+v", got, ok, tt.want)
			}
		})
	}
}

func TestClaimsPadded(t *testing.T) {
	padded := "h." + base64.URLEncoding.EncodeToString([]byte(`{"email":"a@example.com"}`)) + ".s"
	if !strings.Contains(padded, "=") {
		t.Fatal("the sample has no padding")
	}
	if got, ok := Claims(padded); !ok || got.Email != "a@example.com" {
		t.Errorf("Claims = %+v, %v", got, ok)
	}
}

func TestClaimsOfOtherTokens(t *testing.T) {
	for _, token := range []string{
		"", "sk-ant-oat01-abc", "a.b", "a..c", "a.!!!.c", jwt("null"), jwt("[1]"), jwt(`"x"`), jwt("{"),
		jwt(`{"email":"` + strings.Repeat("a", 64<<10) + `"}`), "a.e30.c.d.e.f",
	} {
		if got, ok := Claims(token); ok {
			t.Errorf("Claims(%.20q) = %+v, true", token, got)
		}
	}
}

func FuzzClaims(f *testing.F) {
	f.Add(`{"chatgpt_account_id":"a","email":"a@example.com","exp":2,"iat":1}`)
	f.Add(`{"organizations":[{"id":"o"}],"https://api.openai.com/auth":{"chatgpt_plan_type":"x"}}`)
	f.Add(`{"email":"\ud800"}`)
	f.Fuzz(func(t *testing.T, payload string) {
		_, _ = Claims(payload) // a token of any form
		id, _ := Claims(jwt(payload))
		if id.AccountID != "" && !headerSafe(id.AccountID) {
			t.Fatalf("account id %q cannot be sent", id.AccountID)
		}
		for _, s := range []string{id.Email, id.Plan, id.AccountID} {
			if strings.ContainsFunc(s, unprintable) || len(s) > maxEmail {
				t.Fatalf("%q is not fit to be shown", s)
			}
		}
	})
}
