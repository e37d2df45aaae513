package executor

import "time"

// Vars are the fields that a template of an environment variable may name. The
// refresh token is not among them.
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
	// ExpiresAt is when AccessToken expires; zero when it is not known.
	ExpiresAt time.Time
	// BaseURL is the provider's API base URL.
	BaseURL string
}

// Templates are the variables of a child as text/template sources by name.
type Templates map[string]string

// Check parses every template and tries it with empty fields. The error is a
// *TemplateError.
func (t Templates) Check() error { return nil }

// Expand returns the value of every template. The error is a *TemplateError.
func (t Templates) Expand(v Vars) (map[string]string, error) { _ = v; return nil, nil }

// TemplateError is returned for a template that cannot be used.
type TemplateError struct {
	// Name is the variable.
	Name string
	// Reason says what is wrong, without any value.
	Reason string
}

// Error names the variable and what is wrong with its template.
func (e *TemplateError) Error() string { return "template of " + e.Name + ": " + e.Reason }
