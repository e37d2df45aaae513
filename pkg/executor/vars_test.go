package executor

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var someVars = Vars{
	Provider: "openai", Account: "u-1", AccountID: "acct", Label: "work", Email: "a@b.c", Plan: "pro",
	AccessToken: "at-1", ExpiresAt: "2026-01-02T03:04:05Z", BaseURL: "http://127.0.0.1:1",
}

func TestExpand(t *testing.T) {
	got, err := Templates{
		"A": "{{.AccessToken}}",
		"B": "{{.Provider}}/{{.Account}}/{{.AccountID}}/{{.Label}}/{{.Email}}/{{.Plan}}",
		"C": "{{.ExpiresAt}} {{.BaseURL}}",
		"D": "literal = text",
		"E": "{{if .Label}}yes{{end}}",
	}.Expand(someVars)
	want := map[string]string{
		"A": "at-1", "B": "openai/u-1/acct/work/a@b.c/pro", "C": "2026-01-02T03:04:05Z http://127.0.0.1:1",
		"D": "literal = text", "E": "yes",
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

func TestWrongTemplates(t *testing.T) {
	for _, tt := range []struct{ name, source, reason string }{
		{"X", "{{.RefreshToken}}", "unknown field; there are Provider, "},
		{"X", "{{.AccessToken.Reveal}}", "unknown field"},
		{"X", "{{.AccessToken", "does not parse"},
		{"X", "{{nosuchfunction}}", "does not parse"},
		{"X", `{{index .AccessToken 99}}`, "cannot be filled in"},
		{"X", "a\x00b", "NUL"},
		{"", "x", "no name"},
		{"A=B", "x", "no name"},
	} {
		err := Templates{tt.name: tt.source}.Check()
		var failed *TemplateError
		if !errors.As(err, &failed) || failed.Name != tt.name || !strings.Contains(failed.Reason, tt.reason) {
			t.Errorf("%q: got %v, want %q", tt.source, err, tt.reason)
		}
	}
}

func TestErrorsQuoteNoValues(t *testing.T) {
	_, err := Templates{"X": `{{index .AccessToken 99}}{{.AccessToken}}`}.Expand(Vars{AccessToken: "at-secret"})
	if err == nil || strings.Contains(err.Error(), "at-secret") {
		t.Errorf("got %v", err)
	}
}

// The list of fields in the messages is the struct, and none of them can hold
// a refresh token.
func TestFieldsAreAsDocumented(t *testing.T) {
	var names []string
	for i := range reflect.TypeFor[Vars]().NumField() {
		names = append(names, reflect.TypeFor[Vars]().Field(i).Name)
	}
	if got := strings.Join(names, ", "); got != varNames || strings.Contains(got, "Refresh") {
		t.Errorf("fields %s, documented %s", got, varNames)
	}
}

func FuzzExpand(f *testing.F) {
	f.Add("X", "{{.AccessToken}}")
	f.Add("X", "{{range .Label}}x{{end}}")
	f.Add("", "{{")
	f.Fuzz(func(t *testing.T, name, source string) {
		if strings.Contains(source, "{{") && len(source) > 64 {
			t.Skip("long templates may only be slow")
		}
		got, err := Templates{name: source}.Expand(someVars)
		var failed *TemplateError
		switch {
		case err == nil && strings.ContainsRune(got[name], 0):
			t.Errorf("a NUL came through: %q", got)
		case err != nil && !errors.As(err, &failed):
			t.Errorf("untyped error %v", err)
		}
	})
}
