package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// issuerAt answers at paths, each with what it is given the server's URL.
func issuerAt(t *testing.T, paths map[string]func(self string) string) *httptest.Server {
	t.Helper()
	var srv *httptest.Server
	srv = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := paths[r.URL.Path]
		if answer == nil {
			http.NotFound(w, r)
			return
		}
		body := answer(srv.URL)
		if to, ok := strings.CutPrefix(body, "to:"); ok {
			http.Redirect(w, r, to, http.StatusFound)
			return
		}
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(srv.Close)
	return srv
}

// metadataOf is an issuer's metadata with changes; a nil value takes a member out.
func metadataOf(issuer string, changes map[string]any) string {
	m := map[string]any{
		"issuer": issuer, "authorization_endpoint": issuer + "/a", "token_endpoint": issuer + "/t", "userinfo_endpoint": issuer + "/u",
		"device_authorization_endpoint":    issuer + "/d",
		"scopes_supported":                 []string{"openid", "email", "phone", "offline_access"},
		"response_types_supported":         []string{"id_token", "code"},
		"grant_types_supported":            []string{"authorization_code", "refresh_token"},
		"code_challenge_methods_supported": []string{"plain", "S256"}, "token_endpoint_auth_methods_supported": []string{"none", "client_secret_post"},
	}
	maps.Copy(m, changes)
	maps.DeleteFunc(m, func(_ string, v any) bool { return v == nil })
	b, _ := json.Marshal(m)
	return string(b)
}

func TestDiscover(t *testing.T) {
	whole := func(path string) func(string) string {
		return func(self string) string { return metadataOf(self+path, nil) }
	}
	for _, tt := range []struct {
		name, target, issuer string
		paths                map[string]func(string) string
	}{
		{"OpenID", "", "", map[string]func(string) string{openIDSuffix: whole("")}},
		{"with a slash", "/", "", map[string]func(string) string{openIDSuffix: whole("")}},
		{"OpenID below a path", "/realms/a", "/realms/a", map[string]func(string) string{"/realms/a" + openIDSuffix: whole("/realms/a")}},
		{"RFC 8414", "", "", map[string]func(string) string{oauthSuffix: whole("")}},
		{"RFC 8414 with a path", "/a", "/a", map[string]func(string) string{oauthSuffix + "/a": whole("/a")}},
		{"the metadata's own address", "/a" + openIDSuffix, "/a", map[string]func(string) string{"/a" + openIDSuffix: whole("/a")}},
		{"the same of RFC 8414", oauthSuffix + "/a", "/a", map[string]func(string) string{oauthSuffix + "/a": whole("/a")}},
		{"redirected on its host", "", "", map[string]func(string) string{
			openIDSuffix: func(string) string { return "to:/elsewhere" }, "/elsewhere": whole(""),
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := issuerAt(t, tt.paths)
			got, err := (&Client{}).Discover(t.Context(), srv.URL+tt.target)
			if err != nil {
				t.Fatal(err)
			}
			issuer := srv.URL + tt.issuer
			want := &Metadata{
				Issuer: issuer, AuthorizeURL: issuer + "/a", TokenURL: issuer + "/t", DeviceURL: issuer + "/d", ProfileURL: issuer + "/u",
				Scopes: []string{"openid", "email", "offline_access"}, Consent: true, ClientAuth: ClientAuthPost,
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestDiscoverFaults(t *testing.T) {
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	changed := func(changes map[string]any) func(string) string {
		return func(self string) string { return metadataOf(self, changes) }
	}
	for _, tt := range []struct {
		name   string
		answer func(self string) string
		want   string
	}{
		{"nothing", nil, "the answer is status 404"},
		{"HTML", func(string) string { return "<html>" }, "the answer is not JSON"},
		{"a list", func(string) string { return "[]" }, "another type"},
		{"mistyped", changed(map[string]any{"token_endpoint": 7}), "another type"},
		{"too long", func(string) string { return `"` + strings.Repeat("x", maxMetadata) + `"` }, "longer than 256 KiB"},
		{"another issuer", changed(map[string]any{"issuer": "https://evil.example"}), "metadata of another issuer: https://evil.example"},
		{"no issuer", changed(map[string]any{"issuer": nil}), "another issuer: none"},
		{"a part of the issuer", changed(map[string]any{"issuer": "http://127.0.0.1"}), "another issuer"},
		{"redirected away", func(string) string { return "to:" + other.URL + "/x" }, "redirects to " + other.URL + ", which is not followed"},
		{"redirected for ever", func(string) string { return "to:" + openIDSuffix }, "redirects to"},
		{"no token endpoint", changed(map[string]any{"token_endpoint": nil}), "it has no token_endpoint"},
		{"plain http", changed(map[string]any{"token_endpoint": "http://login.example/t"}), "token_endpoint: want https"},
		{"no URL", changed(map[string]any{"userinfo_endpoint": "javascript:alert(1)"}), "userinfo_endpoint: want"},
		{"with a password", changed(map[string]any{"authorization_endpoint": "https://u:p@login.example/"}), "authorization_endpoint: a URL must not"},
		{"PKCE in plain", changed(map[string]any{"code_challenge_methods_supported": []string{"plain"}}), "has no S256"},
		{"no PKCE", changed(map[string]any{"code_challenge_methods_supported": []string{}}), "has no S256"},
		{"no code", changed(map[string]any{"response_types_supported": []string{"token"}, "device_authorization_endpoint": nil}), "neither a login in a browser"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			paths := map[string]func(string) string{}
			if tt.answer != nil {
				paths[openIDSuffix], paths[oauthSuffix] = tt.answer, tt.answer
			}
			srv := issuerAt(t, paths)
			_, err := (&Client{}).Discover(t.Context(), srv.URL)
			var fault *DiscoveryError
			if !errors.As(err, &fault) || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error %v, want %q", err, tt.want)
			}
		})
	}
}

func TestDiscoverNotes(t *testing.T) {
	for _, tt := range []struct {
		name    string
		changes map[string]any
		want    func(*Metadata) bool
	}{
		{"PKCE unsaid", map[string]any{"code_challenge_methods_supported": nil}, func(m *Metadata) bool {
			return len(m.Notes) == 1 && strings.Contains(m.Notes[0], "S256 anyway")
		}},
		{"no offline_access", map[string]any{"scopes_supported": []string{"openid"}}, func(m *Metadata) bool {
			return len(m.Notes) == 1 && !m.Consent && cmp.Equal(m.Scopes, []string{"openid"})
		}},
		{"scopes unsaid", map[string]any{"scopes_supported": nil}, func(m *Metadata) bool {
			return len(m.Notes) == 0 && m.Consent && len(m.Scopes) == 3
		}},
		{"no OpenID provider", map[string]any{"scopes_supported": nil, "userinfo_endpoint": nil}, func(m *Metadata) bool {
			return len(m.Notes) == 1 && !m.Consent && cmp.Equal(m.Scopes, []string{"offline_access"})
		}},
		{"no consent to ask for", map[string]any{"prompt_values_supported": []string{"login"}}, func(m *Metadata) bool { return !m.Consent }},
		{"no refresh", map[string]any{"grant_types_supported": []string{"authorization_code"}}, func(m *Metadata) bool { return len(m.Notes) == 1 }},
		{"secrets only", map[string]any{"token_endpoint_auth_methods_supported": []string{"client_secret_basic"}}, func(m *Metadata) bool {
			return len(m.Notes) == 1 && m.ClientAuth == ClientAuthBasic
		}},
		{"device only", map[string]any{"response_types_supported": []string{"token"}}, func(m *Metadata) bool {
			return m.AuthorizeURL == "" && m.DeviceURL != ""
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := issuerAt(t, map[string]func(string) string{openIDSuffix: func(self string) string { return metadataOf(self, tt.changes) }})
			m, err := (&Client{}).Discover(t.Context(), srv.URL)
			if err != nil || !tt.want(m) {
				t.Errorf("%+v, %v", m, err)
			}
		})
	}
}

func TestDiscoverTarget(t *testing.T) {
	for target, want := range map[string]string{
		"http://login.example": "want https", "login.example": "want", "https://login.example/?x=1": "without a query", "": "want a URL",
		"https://u:p@login.example": "user name or password",
	} {
		if _, err := (&Client{}).Discover(t.Context(), target); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "u:p@") {
			t.Errorf("%s: %v", target, err)
		}
	}
}

// A server that begins to answer and then says nothing must not be waited for.
func TestDiscoverDeadline(t *testing.T) {
	gone := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("{"))
		_ = http.NewResponseController(w).Flush()
		<-gone
	}))
	defer srv.Close()
	defer close(gone)
	_, err := (&Client{Timeout: 50 * time.Millisecond}).Discover(t.Context(), srv.URL)
	if err == nil || !strings.Contains(err.Error(), "no whole answer within 50ms") {
		t.Errorf("error %v", err)
	}
}

// An issuer elsewhere must not send tokens to a port of this machine.
func TestEndpointOnThisMachine(t *testing.T) {
	from := place{url: mustURL(t, "https://login.example/x"), issuer: "https://login.example"}
	body := metadataOf("https://login.example", map[string]any{"token_endpoint": "http://127.0.0.1:9/t"})
	if _, err := readMetadata(from, []byte(body)); err == nil || !strings.Contains(err.Error(), "is on this machine") {
		t.Errorf("error %v", err)
	}
}

func mustURL(t testing.TB, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func FuzzReadMetadata(f *testing.F) {
	const issuer = "https://login.example"
	f.Add(metadataOf(issuer, nil))
	for name, value := range map[string]any{"token_endpoint": "http://127.0.0.1/", "scopes_supported": nil, "issuer": issuer + "/"} {
		f.Add(metadataOf(issuer, map[string]any{name: value}))
	}
	f.Add("null")
	f.Fuzz(func(t *testing.T, body string) {
		m, err := readMetadata(place{mustURL(t, issuer+openIDSuffix), issuer}, []byte(body))
		if err != nil {
			if text := fmt.Sprint(err); strings.ContainsFunc(text, unprintable) {
				t.Fatalf("error %q", text)
			}
			return
		}
		for _, endpoint := range []string{m.AuthorizeURL, m.TokenURL, m.DeviceURL, m.ProfileURL} {
			if endpoint != "" && (checkURL(endpoint) != "" || mustURL(t, endpoint).Scheme != "https") {
				t.Fatalf("endpoint %q", endpoint)
			}
		}
		if m.TokenURL == "" || strings.TrimSuffix(m.Issuer, "/") != issuer {
			t.Fatalf("%+v", m)
		}
	})
}
