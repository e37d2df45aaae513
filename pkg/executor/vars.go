package executor

import (
	"errors"
	"fmt"
	"strings"
	"text/template"
)

// Vars are the fields that a template of an environment variable may name. The
// refresh token is not among them, so no template can export it.
type Vars struct {
	// Provider is the provider's id, such as openai.
	Provider string
	// Account is the account's uuid.
	Account string
	// AccountID is the provider's own id of the account.
	AccountID string
	// Label and Email name the account for people.
	Label, Email string
	// Plan is the account's plan tier.
	Plan string
	// AccessToken is the bearer token.
	AccessToken string
	// ExpiresAt is when AccessToken expires, RFC 3339; empty when not known.
	ExpiresAt string
	// BaseURL is the provider's API base URL.
	BaseURL string
}

const varNames = "Provider, Account, AccountID, Label, Email, Plan, AccessToken, ExpiresAt, BaseURL"

// Templates are the variables of a child: text/template sources by name.
type Templates map[string]string

// Check parses every template and tries it with empty fields. The error is a
// *TemplateError.
func (t Templates) Check() error {
	_, err := t.Expand(Vars{})
	return err
}

// Expand returns the value of every template. The error is a *TemplateError; it
// names the variable and quotes no value.
func (t Templates) Expand(v Vars) (map[string]string, error) {
	out := make(map[string]string, len(t))
	for _, name := range sortedNames(t) {
		if name == "" || strings.ContainsAny(name, "=\x00") {
			return nil, &TemplateError{Name: name, Reason: "this is no name of a variable"}
		}
		value, err := expand(name, t[name], v)
		if err != nil {
			return nil, err
		}
		out[name] = value
	}
	return out, nil
}

func expand(name, source string, v Vars) (string, error) {
	parsed, err := template.New(name).Parse(source)
	if err != nil {
		return "", &TemplateError{Name: name, Reason: "it does not parse: " + strings.TrimPrefix(err.Error(), "template: ")}
	}
	var out strings.Builder
	if err := parsed.Execute(&out, v); err != nil {
		var failed template.ExecError
		if errors.As(err, &failed) && strings.Contains(err.Error(), "can't evaluate field") {
			return "", &TemplateError{Name: name, Reason: "it names an unknown field; there are " + varNames}
		}
		return "", &TemplateError{Name: name, Reason: fmt.Sprintf("it cannot be filled in (fields: %s)", varNames)}
	}
	if strings.ContainsRune(out.String(), 0) {
		return "", &TemplateError{Name: name, Reason: "its value has a NUL character"}
	}
	return out.String(), nil
}

// TemplateError is returned for a template that cannot be used.
type TemplateError struct {
	// Name is the variable.
	Name string
	// Reason says what is wrong, without any value.
	Reason string
}

// Error names the variable and what is wrong with its template.
func (e *TemplateError) Error() string {
	return fmt.Sprintf("template of the variable %q: %s", e.Name, e.Reason)
}
