package provider

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Severity sorts what Check finds.
type Severity string

// The severities.
const (
	// SeverityError is what keeps the provider from being used.
	SeverityError Severity = "error"
	// SeverityWarning is what keeps something from working that a person may want.
	SeverityWarning Severity = "warning"
)

// Problem is one thing that Check finds.
type Problem struct {
	*AdapterError
	Severity Severity
}

// Names returns the names that Check knows: the built-in adapters' and the user's,
// complete or not, sorted.
func Names(overrides map[string]*yaml.Node) []string {
	names := slices.AppendSeq(builtinIDs(), maps.Keys(overrides))
	slices.Sort(names)
	return slices.Compact(names)
}

// Check returns everything that is wrong with one adapter and everything it lacks,
// by line; where nothing is, what will not work with it. It asks nobody. The
// arguments are those of Load; the error is an *UnknownProviderError.
func Check(overrides map[string]*yaml.Node, file, id string) ([]Problem, error) {
	r, err := readAll(overrides, file)
	if err != nil {
		return nil, err
	}
	a := r.byID[id]
	if a == nil {
		return nil, &UnknownProviderError{Name: id, Known: Names(overrides)}
	}
	var problems []Problem
	for _, e := range slices.Concat(r.faults[id], r.missing[id], r.unfinished[id]) {
		problems = append(problems, Problem{e, SeverityError})
	}
	if len(problems) == 0 && !a.Builtin {
		d := decoder{file: file, adapter: a}
		for _, w := range a.advice() {
			problems = append(problems, Problem{d.errorAt(overrides[id], w.key, w.text), SeverityWarning})
		}
	}
	slices.SortStableFunc(problems, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	return problems, nil
}

// advised is a key and what does not work for its sake.
type advised struct{ key, text string }

// advice is what does not work with an adapter that is valid.
func (a *Adapter) advice() []advised {
	var all []advised
	add := func(holds bool, key, text string) {
		if holds {
			all = append(all, advised{key, text})
		}
	}
	add(a.AuthorizeURL == "" && a.DeviceURL == "", "authorize_url", "neither it nor device_url is there, so that kyoli cannot log in; accounts come by `kyoli accounts add`")
	add(slices.Contains(a.Scopes, "openid") && !slices.Contains(a.Scopes, "offline_access"), "scopes", "without offline_access many providers give no refresh token")
	add(a.RedirectURL != "" && !servable(a.RedirectURL), "redirect_url", "is not plain http on this machine, so that kyoli cannot listen there")
	add(len(a.UsageMap) > 0 && a.UsageURL == "", "usage_map", "without usage_url there is no answer to read")
	add(a.BaseURL == "", "base_url", "not there, and needed by the proxy and by exec --rotate")
	add(a.BaseURL == "" && a.namesBaseURL(), "env", "names {{.BaseURL}}, which is empty without base_url")
	return all
}

// servable tells whether kyoli can listen at a redirect URL (RFC 8252 section 7.3).
func servable(redirect string) bool {
	u, err := url.Parse(redirect)
	return err == nil && u.Scheme == "http" && loopbackName(u.Hostname())
}

func (a *Adapter) namesBaseURL() bool {
	for _, template := range a.Env {
		if strings.Contains(template, ".BaseURL") {
			return true
		}
	}
	return false
}
