// Package issuer is an OpenID provider for the tests and for docs/providers.md: the
// server of github.com/zitadel/oidc with two users, a way to say no, and beside it
// an API that takes its tokens. Everything is in memory.
//
// It is for this machine alone: its passwords are published here.
package issuer

import (
	"context"
	"fmt"
	"html/template"
	"net/http"
	"net/url"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
)

// What a client and a person need to know.
const (
	ClientID = "kyoli"
	User     = "test-user2"
	Email    = "test-user2@zitadel.ch"
	Password = "verysecure"
)

// Other is the second user; the password is the same.
func Other(issuer *url.URL) (user, email string) {
	return "test-user@" + issuer.Hostname(), "test-user@zitadel.ch"
}

// New returns the provider whose issuer is the URL at which it is served.
func New(issuer *url.URL) http.Handler {
	storage.RegisterClients(
		storage.NativeClient(ClientID, "http://127.0.0.1/callback"),
		storage.DeviceClient(DeviceClientID, DeviceClientSecret),
	)
	users := storage.NewUserStore(issuer.String())
	store := storage.NewStorage(users)
	op := exampleop.SetupServer(issuer.String(), deviceStore{store, users}, nil, false)
	s := &server{op: op, store: store}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /login/username", s.loginPage)
	mux.HandleFunc("GET /login/no", s.no)
	mux.HandleFunc("GET /api/usage", s.api(usage))
	mux.HandleFunc("GET /api/hello", s.api("hello\n"))
	mux.Handle("/", op)
	return mux
}

type server struct {
	op    http.Handler
	store *storage.Storage
}

// page is that of the library, with a way to say no.
var page = template.Must(template.New("login").Parse(`<!doctype html>
<title>Log in</title>
<h1>Log in at Example</h1>
<form method="post" action="/login/username">
<input type="hidden" name="id" value="{{.}}">
<p><label>User <input id="username" name="username"></label>
<p><label>Password <input id="password" name="password" type="password"></label>
<p><button id="login">Log in</button> <a id="no" href="/login/no?id={{.}}">No</a>
</form>
`))

func (s *server) loginPage(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = page.Execute(w, r.URL.Query().Get("authRequestID"))
}

// no is a person who refuses (RFC 6749 section 4.1.2.1).
func (s *server) no(w http.ResponseWriter, r *http.Request) {
	request, err := s.store.AuthRequestByID(r.Context(), r.URL.Query().Get("id"))
	if err != nil {
		http.Error(w, "no such login", http.StatusBadRequest)
		return
	}
	back := request.GetRedirectURI() + "?" + url.Values{
		"state": {request.GetState()}, "error": {"access_denied"}, "error_description": {"The user said no"},
	}.Encode()
	http.Redirect(w, r, back, http.StatusFound)
}

// usage is a quota in a form of its own, for usage_map.
const usage = `{"limits": [{"window": "7d", "used": 30, "limit": 400}, {"window": "5h", "used": 25, "limit": 100, "seconds_left": 600}], "tier": "Team"}` + "\n"

// api answers whoever has an access token.
func (s *server) api(answer string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !s.known(r.Context(), r.Header.Get("Authorization")) {
			http.Error(w, `{"error": {"message": "unauthorized"}}`, http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprint(w, answer)
	}
}

// known asks the provider's own userinfo endpoint.
func (s *server) known(ctx context.Context, authorization string) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "/userinfo", nil)
	if err != nil {
		return false
	}
	r.Header.Set("Authorization", authorization)
	answer := &discard{header: http.Header{}, status: http.StatusOK}
	s.op.ServeHTTP(answer, r)
	return answer.status == http.StatusOK
}

// discard keeps an answer's status alone.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(status int)      { d.status = status }
