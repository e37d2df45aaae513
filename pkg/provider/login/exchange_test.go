package login

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/kyoli-gam/kyoli/pkg/provider"
)

func TestExchangeAnswers(t *testing.T) {
	refused := func(err error) bool { var e *provider.TokenError; return errors.As(err, &e) }
	short := func(err error) bool { var e *NoRefreshTokenError; return errors.As(err, &e) }
	none := func(err error) bool { return err == nil }
	for name, c := range map[string]struct {
		status int
		body   string
		is     func(error) bool
		kept   int
	}{
		"an absurd expiry":     {200, `{"access_token":"at","refresh_token":"rt","expires_in":1e306}`, none, 1},
		"an expiry in quotes":  {200, `{"access_token":"at","refresh_token":"rt","expires_in":"3600"}`, none, 1},
		"no refresh token":     {200, `{"access_token":"at"}`, short, 1},
		"no access token":      {200, `{"refresh_token":"rt"}`, refused, 1},
		"an error as success":  {200, `{"error":"invalid_grant"}`, refused, 0},
		"refused":              {400, `{"error":"invalid_grant"}`, refused, 0},
		"a firewall's page":    {403, "<html>no</html>", refused, 0},
		"a page":               {200, "<html>hello</html>", refused, 0},
		"in trouble":           {502, "", refused, 0},
		"a form, as of old":    {200, "access_token=at&refresh_token=rt", refused, 1},
		"sent somewhere else":  {307, "", refused, 0},
		"a token with a break": {200, `{"access_token":"a\nb","refresh_token":"rt"}`, refused, 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			f := w.flow()
			address, _, err := f.PasteURL()
			if err != nil {
				t.Fatal(err)
			}
			code, err := f.Pasted(w.authorize(address, "ann"))
			if err != nil {
				t.Fatal(err)
			}
			w.answer("token", c.status, c.body)
			token, err := f.Exchange(t.Context(), code)
			if !c.is(err) || len(w.kept) != c.kept {
				t.Errorf("Exchange = %v, %v; kept %d", token, err, len(w.kept))
			}
			if err != nil && (strings.Contains(err.Error(), code) || strings.Contains(err.Error(), "refresh_token=")) {
				t.Errorf("a secret in %q", err)
			}
			if n := len(w.provider.Requests()); n != 2 { // the page, and the exchange
				t.Errorf("%d requests: a code is sent once", n)
			}
		})
	}
}

func TestExchangeNetwork(t *testing.T) {
	w := newWorld(t)
	f := w.flow()
	w.client.HTTP.Transport = &broken{w.client.HTTP.Transport, 9}
	var send *provider.SendError
	if _, err := f.Exchange(t.Context(), "code"); !errors.As(err, &send) || strings.Contains(err.Error(), "http") {
		t.Errorf("err = %v", err)
	}
}

func TestExchangeAsTheAdapterSays(t *testing.T) {
	w := newWorld(t)
	w.adapter.TokenRequest, w.adapter.ClientSecretEnv = "json", "ACME_SECRET"
	if _, err := New(Options{Adapter: w.adapter, Client: w.client}); err == nil || !strings.Contains(err.Error(), "ACME_SECRET is not set") {
		t.Errorf("without the secret: %v", err)
	}
	w.client.Secret = func(string) string { return "s3cret" }
	w.client.Version = "1.2.3"
	seen := &recorder{RoundTripper: w.client.HTTP.Transport}
	w.client.HTTP.Transport = seen
	f := w.flow()
	address, _, _ := f.PasteURL()
	code, err := f.Pasted(w.authorize(address, "ann"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Exchange(t.Context(), code); err != nil {
		t.Fatal(err)
	}
	if len(seen.requests) != 1 || seen.requests[0].Header.Get("Content-Type") != "application/json" || seen.requests[0].UserAgent() != "kyoli/1.2.3" {
		t.Errorf("requests %v", seen.requests)
	}
	if body := w.provider.Requests()[1].Body; !strings.Contains(body, `"client_secret":"s3cret"`) || !strings.Contains(body, `"code_verifier":"`) {
		t.Errorf("body %s", body)
	}
}

type recorder struct {
	http.RoundTripper
	requests []*http.Request
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	r.requests = append(r.requests, req)
	return r.RoundTripper.RoundTrip(req)
}

// Who is known by nothing else is known by the id token's subject.
func TestParseTakesTheSubject(t *testing.T) {
	w := newWorld(t)
	jwt := func(claims string) string { return "h." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".s" }
	for body, want := range map[string]string{
		`{"access_token":"a","refresh_token":"r","id_token":"` + jwt(`{"sub":"user-1"}`) + `"}`:                            "user-1",
		`{"access_token":"a","refresh_token":"r","id_token":"` + jwt(`{"sub":"user-1","chatgpt_account_id":"acc"}`) + `"}`: "acc",
		`{"access_token":"a","refresh_token":"r"}`:                                                                         "",
	} {
		token, err := Parse(w.client, w.adapter, &provider.RawAnswer{Status: 200, Body: []byte(body)})
		if err != nil || token.AccountID != want {
			t.Errorf("Parse = %v, %v; want account id %q", token, err, want)
		}
	}
}
