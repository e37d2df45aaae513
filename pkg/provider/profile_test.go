package provider

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestParseProfile(t *testing.T) {
	for _, tt := range []struct {
		name, format, body string
		want               Profile
		wrong              string
	}{
		{"max", "anthropic", `{"account":{"uuid":"u","email":"a@example.com","has_claude_max":true,"has_claude_pro":false}}`, Profile{"a@example.com", "max"}, ""},
		{"max and pro", "anthropic", `{"account":{"has_claude_max":true,"has_claude_pro":true}}`, Profile{"", "max"}, ""},
		{"max alone", "anthropic", `{"account":{"has_claude_max":true}}`, Profile{"", "max"}, ""},
		{"pro", "anthropic", `{"account":{"has_claude_max":false,"has_claude_pro":true}}`, Profile{"", "pro"}, ""},
		{"pro, and perhaps more", "anthropic", `{"account":{"email":"e","has_claude_pro":true}}`, Profile{"e", ""}, ""},
		{"free", "anthropic", `{"account":{"has_claude_max":false,"has_claude_pro":false}}`, Profile{"", "free"}, ""},
		{"not said", "anthropic", `{"account":{"email":"e"}}`, Profile{"e", ""}, ""},
		{"half said", "anthropic", `{"account":{"email":"e","has_claude_max":false}}`, Profile{"e", ""}, ""},
		{"null", "anthropic", `{"account":{"email":"e","has_claude_max":null,"has_claude_pro":null}}`, Profile{"e", ""}, ""},
		{"in quotes", "anthropic", `{"account":{"has_claude_max":"false","has_claude_pro":"true"}}`, Profile{"", "pro"}, ""},
		{"numbers", "anthropic", `{"account":{"email":"e","has_claude_max":1,"has_claude_pro":0}}`, Profile{"e", ""}, ""},
		{"e-mail of another type", "anthropic", `{"account":{"email":["e"],"has_claude_max":true}}`, Profile{"", "max"}, ""},
		{"e-mail with an escape", "anthropic", `{"account":{"email":"e\u001b[31m","has_claude_max":true}}`, Profile{"", "max"}, ""},
		{"e-mail that is too long", "anthropic", `{"account":{"email":"` + strings.Repeat("e", 400) + `","has_claude_max":true}}`, Profile{"", "max"}, ""},
		{"OpenAI's form", "openai", `{"email":"b@example.com","plan_type":"Plus"}`, Profile{"b@example.com", "plus"}, ""},
		{"by its looks", "auto", `{"email":"b@example.com","account":{"has_claude_max":true}}`, Profile{"b@example.com", "max"}, ""},

		{"the other form", "anthropic", `{"email":"b@example.com","plan_type":"plus"}`, Profile{}, "the answer has neither e-mail nor plan"},
		{"the one form", "openai", `{"account":{"email":"a"}}`, Profile{}, "the answer has neither e-mail nor plan"},
		{"account of another type", "anthropic", `{"account":"a"}`, Profile{}, "the answer has neither e-mail nor plan"},
		{"HTML", "auto", `<html>`, Profile{}, "the answer is not a JSON object"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, wrong := parseProfile(tt.format, []byte(tt.body))
			if wrong != tt.wrong || wrong == "" && *got != tt.want {
				t.Errorf("got %+v, %q; want %+v, %q", got, wrong, tt.want, tt.wrong)
			}
		})
	}
}

func TestProfileOfAnUnreadableAnswer(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{}`) })
	_, err := (&Client{}).Profile(t.Context(), probedAt(s.URL), accessToken, "")
	var got *ProbeError
	if want := "acme: no profile: the answer has neither e-mail nor plan (status 200)"; !errors.As(err, &got) || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

func FuzzParseProfile(f *testing.F) {
	for _, s := range []string{
		`{"account":{"email":"a@example.com","has_claude_max":true,"has_claude_pro":"false"}}`,
		`{"email":"b@example.com","plan_type":"plus"}`, `{"account":7}`, `<html>`, `null`,
	} {
		for _, format := range []string{UsageFormatAuto, UsageFormatOpenAI, UsageFormatAnthropic} {
			f.Add(format, s)
		}
	}
	f.Fuzz(func(t *testing.T, format, body string) {
		p, wrong := parseProfile(format, []byte(body))
		if wrong != "" {
			return
		}
		if *p == (Profile{}) || strings.ContainsFunc(p.Email+p.Plan, unprintable) || len(p.Email) > maxEmail || len(p.Plan) > maxPlan {
			t.Fatalf("profile %+q", p)
		}
	})
}
