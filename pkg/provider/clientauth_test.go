package provider

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Both token requests, kyoli's own and that of a login, show a client secret in the
// way that the adapter says, and in one way only.
func TestClientAuth(t *testing.T) {
	const secret = "s3cr3t: ü&"
	var got []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, basic := r.BasicAuth()
		_ = r.ParseForm()
		said := "post " + r.PostForm.Get("client_id") + " " + r.PostForm.Get("client_secret")
		if basic {
			user, _ = url.QueryUnescape(user)
			password, _ = url.QueryUnescape(password)
			said = "basic " + user + " " + password
			if r.PostForm.Has("client_secret") {
				said += " twice"
			}
		}
		got = append(got, said)
		_, _ = w.Write([]byte(`{"access_token":"a","refresh_token":"r"}`))
	}))
	defer srv.Close()
	client := &Client{Secret: func(string) string { return secret }}
	for way, want := range map[string]string{"post": "post c:1 " + secret, "basic": "basic c:1 " + secret} {
		got = nil
		a := get(t, load(t, "acme: {client_id: \"c:1\", client_secret_env: S, client_auth: "+way+", token_url: \""+srv.URL+"\"}"), "acme")
		if _, err := client.Exchange(t.Context(), a, "rt", nil); err != nil {
			t.Fatal(err)
		}
		transport := &LoginTransport{Client: client, Encoding: "form", ClientAuth: a.ClientAuth}
		form := url.Values{"client_id": {"c:1"}, "client_secret": {secret}, "code": {"x"}}
		r, _ := http.NewRequestWithContext(context.Background(), http.MethodPost, srv.URL, io.NopCloser(strings.NewReader(form.Encode())))
		resp, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if diff := cmp.Diff([]string{want, want}, got); diff != "" {
			t.Errorf("%s: %s", way, diff)
		}
	}
}

func TestClientAuthFault(t *testing.T) {
	problems, err := Check(overrides(t, "openai: {client_auth: none}"), "kyoli.yaml", "openai")
	if err != nil || len(problems) != 1 || problems[0].Reason != "want post or basic" {
		t.Errorf("%v, %v", problems, err)
	}
}
