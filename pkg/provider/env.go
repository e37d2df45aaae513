package provider

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// EnvData is what an environment template can name: `{{.AccessToken}}`.
type EnvData struct {
	AccessToken string
	AccountID   string
	Email       string
	Label       string
	UUID        string
	BaseURL     string
	ExpiresAt   string // RFC 3339
}

func (d *EnvData) field(name string) (string, bool) {
	switch name {
	case "AccessToken":
		return d.AccessToken, true
	case "AccountID":
		return d.AccountID, true
	case "Email":
		return d.Email, true
	case "Label":
		return d.Label, true
	case "UUID":
		return d.UUID, true
	case "BaseURL":
		return d.BaseURL, true
	case "ExpiresAt":
		return d.ExpiresAt, true
	}
	return "", false
}

const templateFields = "{{.AccessToken}}, {{.AccountID}}, {{.Email}}, {{.Label}}, {{.UUID}}, {{.BaseURL}}, {{.ExpiresAt}}"

// ExpandEnv fills a template in. Templates know the fields of EnvData and
// nothing else, so that every fault shows when the settings are read and not
// when a child is started.
func ExpandEnv(template string, data EnvData) (string, error) {
	var b strings.Builder
	rest := template
	for {
		before, after, found := strings.Cut(rest, "{{")
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		action, tail, closed := strings.Cut(after, "}}")
		name, dotted := strings.CutPrefix(strings.TrimSpace(action), ".")
		value, known := data.field(name)
		if !closed || !dotted || !known {
			return "", fmt.Errorf("want text with %s", templateFields)
		}
		// An environment cannot hold a NUL, which a label from a file may.
		b.WriteString(strings.ReplaceAll(value, "\x00", ""))
		rest = tail
	}
}

func checkTemplate(s string) string {
	if strings.Contains(s, "\x00") || len(s) > 4*maxValue {
		return "want at most 4096 characters, without NUL"
	}
	if _, err := ExpandEnv(s, EnvData{}); err != nil {
		return err.Error()
	}
	return ""
}

// CheckEnv checks a name and template as they stand in an adapter's env, for
// those given on the command line.
func CheckEnv(name, template string) error {
	if wrong := checkExportName(name); wrong != "" {
		return fmt.Errorf("variable %q: %s", name, wrong)
	}
	if wrong := checkTemplate(template); wrong != "" {
		return fmt.Errorf("template for %s: %s", name, wrong)
	}
	return nil
}

// Environ returns what a child gets, as NAME=value, sorted by name.
func (a *Adapter) Environ(data EnvData) ([]string, error) {
	return a.environ("env", a.Env, data)
}

// ProxyEnviron returns what a child gets in addition that calls the API through
// the proxy, as NAME=value, sorted by name.
func (a *Adapter) ProxyEnviron(data EnvData) ([]string, error) {
	return a.environ("proxy_env", a.ProxyEnv, data)
}

func (a *Adapter) environ(key string, templates map[string]string, data EnvData) ([]string, error) {
	var env []string
	for _, name := range slices.Sorted(maps.Keys(templates)) {
		value, err := ExpandEnv(templates[name], data)
		if err != nil {
			return nil, &AdapterError{File: key, Adapter: a.ID, Key: key + "." + name, Reason: err.Error()}
		}
		env = append(env, name+"="+value)
	}
	return env, nil
}

// OpenCode returns the options that OpenCode's configuration of this provider
// gets where it calls the API through the proxy.
func (a *Adapter) OpenCode(data EnvData) (map[string]string, error) {
	options := map[string]string{}
	for name, template := range a.OpenCodeOptions {
		value, err := ExpandEnv(template, data)
		if err != nil {
			return nil, &AdapterError{File: "opencode_options", Adapter: a.ID, Key: "opencode_options." + name, Reason: err.Error()}
		}
		options[name] = value
	}
	return options, nil
}

// carriesToken reports a template whose result holds the access token.
func carriesToken(template string) bool {
	without, err := ExpandEnv(template, EnvData{})
	if err != nil {
		return false
	}
	with, _ := ExpandEnv(template, EnvData{AccessToken: "token"}) // expanded once already
	return with != without
}
