package provider

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/internal/tokenanswer"
)

var sentAt = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func answer(status int, body string) *RawAnswer {
	return &RawAnswer{Status: status, Date: sentAt, Body: []byte(body)}
}

// parse is what a client whose own clock is years off makes of an answer.
func parse(raw *RawAnswer) (*Token, error) {
	c := &Client{Now: func() time.Time { return sentAt.AddDate(10, 0, 0) }}
	return c.Parse(&Adapter{ID: "acme", RefusedCodes: []string{"refresh_token_reused"}}, raw)
}

func TestParseToken(t *testing.T) {
	id := jwt(`{"chatgpt_account_id":"acct-id","email":"id@example.com"}`)
	access := jwt(`{"chatgpt_account_id":"acct-at","https://api.openai.com/auth":{"chatgpt_plan_type":"pro"}}`)
	for _, tt := range []struct {
		name, body string
		want       Token
	}{
		{
			"openai",
			fmt.Sprintf(`{"access_token":%q,"refresh_token":"rt-2","id_token":%q,"expires_in":864000,"token_type":"Bearer"}`, access, id),
			Token{
				AccessToken: access, RefreshToken: "rt-2", IDToken: id, ExpiresAt: sentAt.Add(240 * time.Hour),
				AccountID: "acct-id", Email: "id@example.com", Plan: "pro",
			},
		},
		{
			"anthropic",
			`{"access_token":"at","refresh_token":"rt-2","expires_in":28800,
			  "account":{"uuid":"u-1","email_address":"a@example.com"},"organization":{"uuid":"o-1","name":"O"}}`,
			Token{
				AccessToken: "at", RefreshToken: "rt-2", ExpiresAt: sentAt.Add(8 * time.Hour),
				UUID: "u-1", Email: "a@example.com",
			},
		},
		{"no new refresh token", `{"access_token":"at","expires_in":3600}`, Token{AccessToken: "at", ExpiresAt: sentAt.Add(time.Hour)}},
		{"empty refresh token", `{"access_token":"at","expires_in":3600,"refresh_token":""}`, Token{AccessToken: "at", ExpiresAt: sentAt.Add(time.Hour)}},
		{"null refresh token", `{"access_token":"at","expires_in":3600,"refresh_token":null}`, Token{AccessToken: "at", ExpiresAt: sentAt.Add(time.Hour)}},
		{"refresh token of another type", `{"access_token":"at","expires_in":3600,"refresh_token":{}}`, Token{AccessToken: "at", ExpiresAt: sentAt.Add(time.Hour)}},
		{"odd account", `{"access_token":"at","expires_in":3600,"account":"x","organization":1}`, Token{AccessToken: "at", ExpiresAt: sentAt.Add(time.Hour)}},
		{"byte order mark", "\ufeff" + `{"access_token":"at","expires_in":3600}`, Token{AccessToken: "at", ExpiresAt: sentAt.Add(time.Hour)}},
		{"key twice", `{"access_token":"old","access_token":"at","expires_in":3600}`, Token{AccessToken: "at", ExpiresAt: sentAt.Add(time.Hour)}},
		{"a null error beside it", `{"access_token":"at","expires_in":3600,"error":null}`, Token{AccessToken: "at", ExpiresAt: sentAt.Add(time.Hour)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parse(answer(200, tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestParseExpiresIn(t *testing.T) {
	twoHours := jwt(`{"iat":1000,"exp":8200}`)
	for _, tt := range []struct {
		expiresIn, access string
		want              time.Duration
	}{
		{`3600`, "at", time.Hour},
		{`"3600"`, "at", time.Hour},
		{`" 3600 "`, "at", time.Hour},
		{`3600.5`, "at", time.Hour + 500*time.Millisecond},
		{`3.6e3`, "at", time.Hour},
		{`3600`, twoHours, time.Hour},
		{``, "at", tokenanswer.DefaultLifetime},
		{``, twoHours, 2 * time.Hour},
		{`null`, "at", tokenanswer.DefaultLifetime},
		{`0`, "at", tokenanswer.DefaultLifetime},
		{`0`, twoHours, 2 * time.Hour},
		{`-1`, "at", tokenanswer.DefaultLifetime},
		{`-1e306`, "at", tokenanswer.DefaultLifetime},
		{`"soon"`, "at", tokenanswer.DefaultLifetime},
		{`""`, "at", tokenanswer.DefaultLifetime},
		{`"NaN"`, "at", tokenanswer.DefaultLifetime},
		{`"Infinity"`, "at", tokenanswer.DefaultLifetime},
		{`"0x10000"`, "at", tokenanswer.DefaultLifetime},
		{`"1_000_000"`, "at", tokenanswer.DefaultLifetime},
		{`{}`, "at", tokenanswer.DefaultLifetime},
		{`[3600]`, "at", tokenanswer.DefaultLifetime},
		{`true`, "at", tokenanswer.DefaultLifetime},
		{`1`, "at", tokenanswer.MinLifetime},
		{`1e-300`, "at", tokenanswer.DefaultLifetime}, // less than a nanosecond
		{`1e306`, "at", tokenanswer.MaxLifetime},
		{`1e999`, "at", tokenanswer.MaxLifetime},
		{`"1e999"`, "at", tokenanswer.MaxLifetime},
		{`9223372036854775807`, "at", tokenanswer.MaxLifetime},
	} {
		body := fmt.Sprintf(`{"access_token":%q,"expires_in":%s}`, tt.access, tt.expiresIn)
		if tt.expiresIn == "" {
			body = fmt.Sprintf(`{"access_token":%q}`, tt.access)
		}
		got, err := parse(answer(200, body))
		if err != nil {
			t.Errorf("expires_in %s: %v", tt.expiresIn, err)
			continue
		}
		if d := got.ExpiresAt.Sub(sentAt); d != tt.want {
			t.Errorf("expires_in %s with %.10s: %v, want %v", tt.expiresIn, tt.access, d, tt.want)
		}
	}
}

func TestParseWithoutDate(t *testing.T) {
	c := &Client{Now: func() time.Time { return sentAt }}
	got, err := c.Parse(&Adapter{}, &RawAnswer{Status: 200, Body: []byte(`{"access_token":"at","expires_in":60000}`)})
	if err != nil || !got.ExpiresAt.Equal(sentAt.Add(60000*time.Second)) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestParseRefusals(t *testing.T) {
	const html = "<html><title>403</title>invalid_grant invalid_client</html>"
	for _, tt := range []struct {
		name   string
		status int
		body   string
		want   TokenError
	}{
		{"invalid_grant", 400, `{"error":"invalid_grant","error_description":"expired"}`, TokenError{InvalidGrant, "", 0, "invalid_grant", "expired"}},
		{"invalid_grant with 401", 401, `{"error":"invalid_grant"}`, TokenError{InvalidGrant, "", 0, "invalid_grant", ""}},
		{"an adapter's own code", 401, `{"error":{"code":"refresh_token_reused","message":"used"}}`, TokenError{InvalidGrant, "", 0, "refresh_token_reused", "used"}},
		{"the same with 403", 403, `{"error":{"code":"refresh_token_reused"}}`, TokenError{Transient, "", 0, "refresh_token_reused", ""}},
		{"another adapter's code", 401, `{"error":{"code":"token_gone"}}`, TokenError{Transient, "", 0, "token_gone", ""}},
		{"invalid_grant with 403", 403, `{"error":"invalid_grant"}`, TokenError{Transient, "", 0, "invalid_grant", ""}},
		{"invalid_grant with 500", 500, `{"error":"invalid_grant"}`, TokenError{Transient, "", 0, "invalid_grant", ""}},
		{"invalid_grant with 429", 429, `{"error":"invalid_grant"}`, TokenError{Transient, "", 0, "invalid_grant", ""}},
		{"invalid_grant with 200", 200, `{"error":"invalid_grant"}`, TokenError{Transient, "", 0, "invalid_grant", ""}},
		{"invalid_grant in the description", 400, `{"error":"server_error","error_description":"invalid_grant"}`, TokenError{Transient, "", 0, "server_error", "invalid_grant"}},
		{"invalid_client", 401, `{"error":"invalid_client"}`, TokenError{Misconfigured, "", 0, "invalid_client", ""}},
		{"unauthorized_client", 400, `{"error":"unauthorized_client"}`, TokenError{Misconfigured, "", 0, "unauthorized_client", ""}},
		{"unsupported_grant_type", 400, `{"error":"unsupported_grant_type"}`, TokenError{Misconfigured, "", 0, "unsupported_grant_type", ""}},
		{"invalid_request", 400, `{"error":{"type":"invalid_request","message":"m"}}`, TokenError{Misconfigured, "", 0, "invalid_request", "m"}},
		{"400 HTML", 400, html, TokenError{Transient, "", 0, "", "no OAuth error in the answer, which is perhaps a firewall's"}},
		{"401 without a body", 401, "", TokenError{Transient, "", 0, "", "no OAuth error in the answer, which is perhaps a firewall's"}},
		{"401 JSON without a code", 401, `{"message":"no"}`, TokenError{Transient, "", 0, "", "no OAuth error in the answer, which is perhaps a firewall's"}},
		{"403 HTML, a firewall's page", 403, html, TokenError{Transient, "", 0, "", "no OAuth error in the answer, which is perhaps a firewall's"}},
		{"429", 429, "", TokenError{Transient, "", 0, "", "too many requests"}},
		{"500", 500, html, TokenError{Transient, "", 0, "", "the provider is in trouble"}},
		{"503 JSON", 503, `{"error":{"type":"overloaded_error","message":"Overloaded"}}`, TokenError{Transient, "", 0, "overloaded_error", "Overloaded"}},
		{"302", 302, "", TokenError{Transient, "", 0, "", "the provider redirects; a token is not sent after it"}},
		{"token in a redirect", 302, `{"access_token":"at"}`, TokenError{Transient, "", 0, "", "the provider redirects; a token is not sent after it"}},
		{"200 HTML", 200, html, TokenError{Transient, "", 0, "", "the answer is not a JSON object"}},
		{"200 null", 200, "null", TokenError{Transient, "", 0, "", "the answer is not a JSON object"}},
		{"200 cut short", 200, `{"access_token":"a`, TokenError{Transient, "", 0, "", "the answer is not a JSON object"}},
		{"200 with an error", 200, `{"error":"slow_down","error_description":"d"}`, TokenError{Transient, "", 0, "slow_down", "d"}},
		{"no access_token", 200, `{"refresh_token":"rt-2"}`, TokenError{Transient, "", 0, "", "the answer has no access_token"}},
		{"empty access_token", 200, `{"access_token":""}`, TokenError{Transient, "", 0, "", "the answer has no access_token"}},
		{"access_token of another type", 200, `{"access_token":5}`, TokenError{Transient, "", 0, "", "the answer has no access_token"}},
		{"access_token in another case", 200, `{"ACCESS_TOKEN":"at"}`, TokenError{Transient, "", 0, "", "the answer has no access_token"}},
		{"access_token that breaks a header", 200, `{"access_token":"a\r\nX: y"}`, TokenError{Transient, "", 0, "", "the access_token cannot be sent in a header"}},
		{"a code that is none", 400, `{"error":"see <b>help</b>"}`, TokenError{Transient, "", 0, "", "no OAuth error in the answer, which is perhaps a firewall's"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			token, err := parse(answer(tt.status, tt.body))
			var got *TokenError
			if token != nil || !errors.As(err, &got) {
				t.Fatalf("got %v, %v; want a *TokenError", token, err)
			}
			tt.want.Provider, tt.want.Status = "acme", tt.status
			if diff := cmp.Diff(&tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestTokenErrorText(t *testing.T) {
	for want, e := range map[string]TokenError{
		"acme: token request refused: invalid_grant: expired (status 400)": {InvalidGrant, "acme", 400, "invalid_grant", "expired"},
		"acme: token request refused: no secret":                           {Misconfigured, "acme", 0, "", "no secret"},
	} {
		if got := e.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	hints := map[Kind]string{Transient: "", InvalidGrant: "", Misconfigured: "kyoli providers show acme"}
	names := map[Kind]string{Transient: "transient", InvalidGrant: "invalid-grant", Misconfigured: "misconfigured"}
	for kind, want := range hints {
		e := TokenError{Kind: kind, Provider: "acme"}
		if got := e.Hint(); got != want || kind.String() != names[kind] {
			t.Errorf("%v: hint %q, want %q", kind, got, want)
		}
	}
}

func TestDescriptionsAreCleaned(t *testing.T) {
	const spent = "rt-short1"
	for _, tt := range []struct{ name, in, want string }{
		{"plain", "refresh token was revoked", "refresh token was revoked"},
		{"lines and spaces", " a\r\n\tb  c ", "a b c"},
		{"escapes", "\x1b[31mred\x1b]8;;http://x\x07", "[31mred]8;;http://x"},
		{"bidi and zero width", "a\u202eb\u200bc", "abc"},
		{"the token that was sent", "token rt-short1 is bad", "token [redacted] is bad"},
		{"a JWT", "got " + jwt(`{"a":1}`), "got [redacted]"},
		{"another provider's token", "sk-ant-ort01-abcdef was used", "[redacted] was used"},
		{"a long word without digits", strings.Repeat("ab", 24), "[redacted]"},
		{"words that are no tokens", "refresh_token_invalidated by administrators", "refresh_token_invalidated by administrators"},
		{"long", strings.Repeat("x ", 300), strings.Repeat("x ", 99) + "x…"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := parser{raw: &RawAnswer{spent: spent}}
			if got := p.clean(tt.in); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	if got := (&parser{raw: &RawAnswer{}}).clean(strings.Repeat("é", 10000)); utf8.RuneCountInString(got) > maxDescription || !utf8.ValidString(got) {
		t.Errorf("%d runes", utf8.RuneCountInString(got))
	}
	if got := cleanCode("sk-ant-ort01-abcdef"); got != "" {
		t.Errorf("a token passed for a code: %q", got)
	}
}

func TestPrintingKeepsTokens(t *testing.T) {
	token := &Token{AccessToken: "at-secret", RefreshToken: "rt-secret", IDToken: "id-secret", AccountID: "acct", ExpiresAt: sentAt}
	raw := answer(200, `{"access_token":"at-secret"}`)
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		for _, v := range []any{token, raw} {
			if got := fmt.Sprintf(format, v); strings.Contains(got, "secret") {
				t.Errorf("%s of %T prints a token: %s", format, v, got)
			}
		}
	}
	if got, want := token.String(), `token of account "acct" until 2026-03-01T12:00:00Z`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`{"access_token":"at","refresh_token":"rt","expires_in":3600}`,
		`{"access_token":"at","expires_in":"1e306"}`, `{"access_token":"at","expires_in":-1}`,
		`{"error":"invalid_grant","error_description":"x"}`, `{"error":{"code":"refresh_token_reused","message":"m"}}`,
		`{"access_token":"at","account":{"uuid":"u","email_address":"e"}}`, `<html>`, ``, `null`, `[]`,
	} {
		for _, status := range []int{200, 400, 401, 403, 500} {
			f.Add(status, s)
		}
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		token, err := parse(answer(status, body))
		if err == nil {
			life := token.ExpiresAt.Sub(sentAt)
			if status < 200 || status > 299 || !headerSafe(token.AccessToken) || life < tokenanswer.MinLifetime || life > tokenanswer.MaxLifetime {
				t.Fatalf("status %d gave %v living %v", status, token, life)
			}
			if token.RefreshToken != "" && !headerSafe(token.RefreshToken) {
				t.Fatalf("refresh token %q", token.RefreshToken)
			}
			return
		}
		var refused *TokenError
		if !errors.As(err, &refused) {
			t.Fatalf("error of type %T", err)
		}
		if refused.Kind != Transient && status != 400 && status != 401 {
			t.Fatalf("status %d reads as %v", status, refused.Kind)
		}
		if text := err.Error(); len(text) > 1200 || strings.ContainsFunc(text, unprintable) {
			t.Fatalf("message %q", text)
		}
	})
}
