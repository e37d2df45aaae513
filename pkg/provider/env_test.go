package provider

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var testData = EnvData{
	AccessToken: "at", AccountID: "acct", Email: "a@example.com", Label: "work",
	UUID: "u-1", BaseURL: "https://api.example", ExpiresAt: "2026-01-02T03:04:05Z",
}

func TestExpandEnv(t *testing.T) {
	for template, want := range map[string]string{
		"":                            "",
		"plain } text {":              "plain } text {",
		"{{.AccessToken}}":            "at",
		"Bearer {{ .AccessToken }}!":  "Bearer at!",
		"{{.AccountID}}/{{.Email}}":   "acct/a@example.com",
		"{{.Label}}{{.UUID}}":         "worku-1",
		"{{.BaseURL}}?{{.ExpiresAt}}": "https://api.example?2026-01-02T03:04:05Z",
	} {
		got, err := ExpandEnv(template, testData)
		if err != nil || got != want {
			t.Errorf("ExpandEnv(%q) = %q, %v; want %q", template, got, err, want)
		}
	}
}

func TestExpandEnvFaults(t *testing.T) {
	for _, template := range []string{
		"{{.RefreshToken}}", "{{AccessToken}}", "{{.accesstoken}}", "{{.Label", "{{}}", "{{.}}",
		"{{printf \"%s\" .Label}}", "{{if .Label}}x{{end}}", "{{.Label}} {{.Nope}}",
	} {
		got, err := ExpandEnv(template, testData)
		if err == nil || !strings.Contains(err.Error(), "{{.ExpiresAt}}") {
			t.Errorf("ExpandEnv(%q) = %q, %v; want an error with the allowed fields", template, got, err)
		}
	}
}

func TestExpandEnvDoesNotExpandValues(t *testing.T) {
	got, err := ExpandEnv("{{.Label}}", EnvData{Label: "{{.AccessToken}}", AccessToken: "at"})
	if err != nil || got != "{{.AccessToken}}" {
		t.Errorf("a label was taken for a template: %q, %v", got, err)
	}
}

func TestExpandEnvDropsNUL(t *testing.T) {
	if got, _ := ExpandEnv("{{.Label}}", EnvData{Label: "a\x00b"}); got != "ab" {
		t.Errorf("got %q, which no environment can hold", got)
	}
}

func TestEnviron(t *testing.T) {
	a := &Adapter{ID: "x", Env: map[string]string{"B": "{{.Label}}", "A": "{{.AccessToken}}"}}
	got, err := a.Environ(testData)
	if diff := cmp.Diff([]string{"A=at", "B=work"}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	a.Env["C"] = "{{.Nope}}"
	if _, err := a.Environ(testData); err == nil || !strings.Contains(err.Error(), "env.C") {
		t.Errorf("error %v does not name the variable", err)
	}
}

func TestCheckEnv(t *testing.T) {
	if err := CheckEnv("MY_TOKEN", "{{.AccessToken}}"); err != nil {
		t.Error(err)
	}
	for name, template := range map[string]string{
		"1A": "x", "A=B": "x", "": "x", "KYOLI_PROVIDER": "x", "A": "{{.Nope}}", "B": "a\x00b", "C": strings.Repeat("x", 5000),
	} {
		if err := CheckEnv(name, template); err == nil {
			t.Errorf("CheckEnv(%q, %.20q) accepted", name, template)
		}
	}
}
