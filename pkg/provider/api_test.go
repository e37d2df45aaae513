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
		if got := a.Serves(parsed); got != want {
			t.Errorf("%s: %v", u, got)
		}
	}
	for _, base := range []string{"", "https://api.example.com"} {
		u, _ := url.Parse("https://api.example.com/v1/messages")
		if got := (&Adapter{BaseURL: base}).Serves(u); got != (base != "") {
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
