package provider

import (
	"net/http"
	"net/url"
	"testing"
	"time"
)

func TestServes(t *testing.T) {
	a := &Adapter{BaseURL: "https://api.example.com/backend/codex"}
	for u, want := range map[string]bool{
		"https://api.example.com/backend/codex":                true,
		"https://api.example.com/backend/codex/":               true,
		"https://API.example.com/backend/codex/responses?a=b":  true,
		"https://api.example.com/backend/codex/a/b/":           true,
		"https://api.example.com/backend/codex2/responses":     false,
		"https://api.example.com/backend/":                     false,
		"https://api.example.com/backend/codex/../admin":       false,
		"https://api.example.com/backend/codex/%2e%2e/admin":   false,
		"https://api.example.com/backend/codex/..%2Fadmin":     false,
		"https://api.example.com/backend/codex/a%5cb":          false,
		"https://api.example.com/backend/codex//admin":         false,
		"https://api.example.com/backend/codex/./a":            false,
		"https://api.example.com/backend/codex/a;x=/b":         false,
		"http://api.example.com/backend/codex/responses":       false,
		"https://example.com/backend/codex/responses":          false,
		"https://api.example.com:8443/backend/codex/responses": false,
		"https://me@api.example.com/backend/codex/responses":   false,
	} {
		parsed, err := url.Parse(u)
		if err != nil {
			t.Fatal(err)
		}
		if got := a.API().Serves(parsed); got != want {
			t.Errorf("%s: %v", u, got)
		}
	}
	for _, base := range []string{"", "https://api.example.com"} {
		u, _ := url.Parse("https://api.example.com/v1/messages")
		if got := (&Adapter{BaseURL: base}).API().Serves(u); got != (base != "") {
			t.Errorf("base %q: %v", base, got)
		}
	}
}

func TestAPITransport(t *testing.T) {
	given := &http.Transport{IdleConnTimeout: time.Second, Proxy: http.ProxyFromEnvironment}
	plain := (&Adapter{BaseURL: "http://127.0.0.1:1"}).APITransport(given)
	secure := (&Adapter{BaseURL: "https://api.example.com"}).APITransport(given)
	if plain.Proxy != nil || secure.Proxy == nil {
		t.Error("a proxy is for https, and for https only")
	}
	if !secure.DisableCompression || secure.IdleConnTimeout != time.Second || secure.TLSClientConfig.MinVersion == 0 {
		t.Errorf("got %+v", secure)
	}
	if given.DisableCompression {
		t.Error("what was given was changed")
	}
	res, err := (&http.Client{Transport: plain}).Get("http://192.0.2.1/")
	if err == nil {
		_ = res.Body.Close()
		t.Error("plain http left the machine")
	}
}

func TestForwards(t *testing.T) {
	some := &Adapter{Paths: []string{"/v1/messages", "/models/"}}
	for path, want := range map[string]bool{
		"/v1/messages": true, "/v1/messages/": true, "/v1/messages/count_tokens": true, "/models": true, "/models/m": true,
		"/v1/messages2": false, "/v1": false, "/": false, "": false, "/v1/messages/../admin": false, "/v1/messages/%2e%2e/admin": false,
	} {
		if got := some.Forwards(path); got != want {
			t.Errorf("%q: %v", path, got)
		}
	}
	all := &Adapter{}
	for path, want := range map[string]bool{"/anything": true, "/": true, "": true, "//a": false, "/a/..": false} {
		if got := all.Forwards(path); got != want {
			t.Errorf("all, %q: %v", path, got)
		}
	}
}

func TestProxyTemplates(t *testing.T) {
	r, err := Load(nil, "")
	if err != nil {
		t.Fatal(err)
	}
	data := EnvData{AccessToken: "secret", BaseURL: "http://127.0.0.1:1/anthropic"}
	a, _ := r.Get("anthropic")
	env, err := a.ProxyEnviron(data)
	if err != nil || len(env) != 1 || env[0] != "ANTHROPIC_BASE_URL=http://127.0.0.1:1/anthropic" {
		t.Errorf("env %v, %v", env, err)
	}
	options, err := a.OpenCode(data)
	if err != nil || len(options) != 2 || options["baseURL"] != "http://127.0.0.1:1/anthropic/v1" || options["apiKey"] != "secret" {
		t.Errorf("options %v, %v", options, err)
	}
	broken := &Adapter{ID: "x", OpenCodeOptions: map[string]string{"a": "{{.Nope}}"}, ProxyEnv: map[string]string{"A": "{{.Nope}}"}}
	if _, err := broken.OpenCode(data); err == nil {
		t.Error("a template that cannot be filled in was")
	}
	if _, err := broken.ProxyEnviron(data); err == nil {
		t.Error("a template that cannot be filled in was")
	}
}

func TestSaysLimited(t *testing.T) {
	r, err := Load(nil, "")
	if err != nil {
		t.Fatal(err)
	}
	a, _ := r.Get("openai")
	for text, want := range map[string]bool{
		"Error: HTTP 429":                                 true,
		"AI_APICallError: status code 429":                true,
		"Rate limit reached for gpt-5":                    true,
		"error: rate_limit_exceeded":                      true,
		"The usage limit has been reached":                true,
		"Too Many Requests":                               true,
		"insufficient_quota":                              true,
		"You exceeded your current quota: Quota exceeded": true,
		"":                                   false,
		"processed 429 files, then failed":   false,
		"syntax error near unexpected token": false,
	} {
		if got := a.SaysLimited(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
	own := &Adapter{LimitPatterns: []string{"^nope$"}}
	if !own.SaysLimited("nope") || own.SaysLimited("429") {
		t.Error("not its own patterns")
	}
}
