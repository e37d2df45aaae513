package provider

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Adapter is one provider as data: the built-in ones are YAML files beside this
// package, others come from the user's settings. It is read-only once loaded.
type Adapter struct {
	ID          string // also the stem of its files' names
	DisplayName string
	AuthJSONKey string // its key in OpenCode's auth.json

	AccountsFile     string // base name of the account file
	PluginConfigFile string // base name of the npm plugin's settings, or ""

	ClientID        string
	ClientSecretEnv string // variable that holds the client secret, or ""
	ClientAuth      string // where the client secret goes: "post" or "basic"
	TokenRequest    string // encoding of a token request: "form" or "json"
	Scopes          []string

	AuthorizeURL string
	TokenURL     string
	DeviceURL    string
	// DeviceTokenURL is where a device's login is polled for, "" = TokenURL;
	// DeviceVerificationURL is where the person enters the code, where the
	// provider's answer does not say.
	DeviceTokenURL        string
	DeviceVerificationURL string
	DeviceRequest         string            // encoding of the requests of a device's login: "form" or "json"
	AuthorizeParams       map[string]string // further parameters of the authorization request
	UsageURL              string
	ProfileURL            string
	BaseURL               string
	RedirectURL           string
	UsageFormat           string // form of the answers at UsageURL and ProfileURL: "auto", "openai" or "anthropic"

	// UsageMap has the JSON paths (RFC 9535) of what the answer at UsageURL says, in
	// place of UsageFormat: "five_hour.utilization" and so on, and "plan".
	UsageMap map[string]string
	// IdentityMap has the JSON paths of "account_id", "email" and "plan" in the claims
	// of its tokens and in the answer at ProfileURL.
	IdentityMap map[string]string

	// RefusedCodes are error codes that this provider uses where RFC 6749
	// section 5.2 has invalid_grant.
	RefusedCodes []string

	// Paths are what the proxy forwards: these paths below the base URL, and all
	// below them. None = everything below the base URL.
	Paths []string
	// LimitPatterns are regular expressions (RE2), one of which matches what a
	// program writes to stderr that has met a limit of this provider.
	LimitPatterns []string
	// OpenCodeOptions are the options that OpenCode's configuration of this
	// provider gets where it calls the API through the proxy: name → template.
	OpenCodeOptions map[string]string

	AccountIDHeader string            // carries the account id, or ""
	Headers         map[string]string // sent with every API request
	ListHeaders     []string          // those of Headers whose value is added to the client's

	Plans          map[string]string // plan as the provider names it → label
	Env            map[string]string // variable → template, what a child gets
	ProxyEnv       map[string]string // the same, in addition where it calls the API through kyoli's proxy
	CredentialVars []string          // further variables that hold its credentials

	Builtin bool // one of kyoli's own, perhaps with changes of the user's
}

// foreignVars hold credentials of several providers at once.
var foreignVars = []string{"OPENCODE_AUTH_CONTENT"}

// CredentialEnv returns the names of the environment variables that carry
// credentials of this provider, sorted. They are taken out of a child's
// environment before it gets those of the chosen account.
func (a *Adapter) CredentialEnv() []string {
	names := append(slices.Clone(foreignVars), a.CredentialVars...)
	if a.ClientSecretEnv != "" {
		names = append(names, a.ClientSecretEnv)
	}
	for _, env := range []map[string]string{a.Env, a.ProxyEnv} {
		for name, template := range env {
			if carriesToken(template) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// PlanLabel is the name of a plan as a person knows it; a plan that the adapter
// does not list is shown with a capital first letter, and none as "".
func (a *Adapter) PlanLabel(plan string) string {
	plan = strings.TrimSpace(plan)
	if label, ok := a.Plans[strings.ToLower(plan)]; ok {
		return label
	}
	first, size := utf8.DecodeRuneInString(plan)
	if size == 0 {
		return ""
	}
	return string(unicode.ToUpper(first)) + plan[size:]
}

// CanLogIn tells whether `kyoli login` knows a way in: a browser or a device's code.
func (a *Adapter) CanLogIn() bool { return a.AuthorizeURL != "" || a.DeviceURL != "" }

// String names the adapter in messages.
func (a *Adapter) String() string { return fmt.Sprintf("provider %q", a.ID) }
