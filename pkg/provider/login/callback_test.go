package login

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/provider"
)

// waiting is a login whose browser has not come back yet.
type waiting struct {
	*Callback
	url   string
	back  string // redirect_uri
	state string
	done  chan error
	token *provider.Token
}

func (w *world) wait(ctx context.Context, f *Flow) *waiting {
	w.t.Helper()
	c, err := f.Listen()
	if err != nil {
		w.t.Fatal(err)
	}
	q := parse(w.t, c.URL()).Query()
	p := &waiting{Callback: c, url: c.URL(), back: q.Get("redirect_uri"), state: q.Get("state"), done: make(chan error, 1)}
	go func() {
		p.done <- c.Wait(ctx, func(ctx context.Context, code string) (string, error) {
			var err error
			if p.token, err = f.Exchange(ctx, code); err != nil {
				return "", err
			}
			return p.token.Email, nil
		})
	}()
	return p
}

func TestBrowser(t *testing.T) {
	w := newWorld(t)
	f := w.flow()
	p := w.wait(t.Context(), f)
	q := parse(t, p.url).Query()
	for name, want := range map[string]string{
		"response_type": "code", "client_id": "kyoli", "scope": "openid offline_access", "code_challenge_method": "S256", "audience": "acme",
	} {
		if q.Get(name) != want {
			t.Errorf("%s = %q, want %q", name, q.Get(name), want)
		}
	}
	if back := parse(t, p.back); back.Hostname() != "127.0.0.1" || back.Port() == "" || back.Path != "/callback" {
		t.Errorf("redirect_uri %s", p.back)
	}
	status, page, h := browse(t, http.MethodGet, w.authorize(p.url, "ann"))
	if err := <-p.done; err != nil {
		t.Fatal(err)
	}
	if status != http.StatusOK || !strings.Contains(page, "<h1>Logged in as ann@example.com</h1>") || !strings.Contains(page, "go back to the terminal") {
		t.Errorf("%d %s", status, page)
	}
	if !strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'") || h.Get("Cache-Control") != "no-store" || h.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("headers %v", h)
	}
	if strings.Contains(page, "src=") || strings.Contains(page, "href=") || strings.Contains(page, "url(") {
		t.Errorf("the page needs something from elsewhere:\n%s", page)
	}
	if p.token.AccountID != "ann" || p.token.RefreshToken == "" || len(w.kept) != 1 || !strings.Contains(w.kept[0], p.token.RefreshToken) {
		t.Errorf("token of %q, kept %d answers", p.token.AccountID, len(w.kept))
	}
	if _, err := net.Dial("tcp", parse(t, p.back).Host); err == nil {
		t.Error("somebody still listens")
	}
}

// Who has the last page finds nobody at the address any more, however slow this process is.
func TestCallbackGivesUpTheAddressFirst(t *testing.T) {
	c, err := newWorld(t).flow().Listen()
	if err != nil {
		t.Fatal(err)
	}
	host := c.listeners[0].Addr().String()
	v := &visit{reply: make(chan page)}
	go c.answer(v, page{})
	<-v.reply
	if conn, err := net.Dial("tcp", host); err == nil {
		t.Error("somebody still listens")
		_ = conn.Close()
	}
}

// What is not this login's is refused, and the login goes on.
func TestCallbackRefuses(t *testing.T) {
	w := newWorld(t)
	p := w.wait(t.Context(), w.flow())
	for name, c := range map[string]struct {
		method, address string
		want            int
	}{
		"no state":          {http.MethodGet, p.back + "?code=x", http.StatusBadRequest},
		"another state":     {http.MethodGet, p.back + "?code=x&state=y", http.StatusBadRequest},
		"part of the state": {http.MethodGet, p.back + "?code=x&state=" + p.state[:20], http.StatusBadRequest},
		"no code":           {http.MethodGet, p.back + "?state=" + p.state, http.StatusBadRequest},
		"two codes":         {http.MethodGet, p.back + "?code=x&code=y&state=" + p.state, http.StatusBadRequest},
		"two states":        {http.MethodGet, p.back + "?code=x&state=y&state=" + p.state, http.StatusBadRequest},
		"another's error":   {http.MethodGet, p.back + "?error=access_denied&state=y", http.StatusBadRequest},
		"a broken query":    {http.MethodGet, p.back + "?code=%zz&state=" + p.state, http.StatusBadRequest},
		"nothing":           {http.MethodGet, p.back, http.StatusBadRequest},
		"a preview":         {http.MethodHead, p.back + "?code=x&state=" + p.state, http.StatusMethodNotAllowed},
		"a form":            {http.MethodPost, p.back + "?code=x&state=" + p.state, http.StatusMethodNotAllowed},
		"another path":      {http.MethodGet, p.back + "/x?code=x&state=" + p.state, http.StatusNotFound},
		"an encoded path":   {http.MethodGet, strings.Replace(p.back, "/callback", "/%63allback", 1) + "?code=x&state=" + p.state, http.StatusNotFound},
		"the icon":          {http.MethodGet, strings.Replace(p.back, "/callback", "/favicon.ico", 1), http.StatusNotFound},
	} {
		if status, _, _ := browse(t, c.method, c.address); status != c.want {
			t.Errorf("%s: %d, want %d", name, status, c.want)
		}
	}
	if len(w.provider.Requests()) != 0 {
		t.Error("a code was sent that is not this login's")
	}
	status, _, _ := browse(t, http.MethodGet, w.authorize(p.url, "ann"))
	if err := <-p.done; err != nil || status != http.StatusOK {
		t.Errorf("the login did not go on: %d, %v", status, err)
	}
}

// A second visit with the same code while the first one is being worked on.
func TestCallbackTwice(t *testing.T) {
	w := newWorld(t)
	f := w.flow()
	c, err := f.Listen()
	if err != nil {
		t.Fatal(err)
	}
	back := w.authorize(c.URL(), "ann")
	codes, second, done := 0, 0, make(chan error, 1)
	go func() {
		done <- c.Wait(t.Context(), func(context.Context, string) (string, error) {
			codes++
			second, _, _ = browse(t, http.MethodGet, back)
			return "", nil
		})
	}()
	first, page, _ := browse(t, http.MethodGet, back)
	if err := <-done; err != nil || codes != 1 || first != http.StatusOK || second != http.StatusBadRequest {
		t.Errorf("err %v, %d codes, answers %d and %d", err, codes, first, second)
	}
	if !strings.Contains(page, "<h1>Logged in</h1>") {
		t.Errorf("page %s", page)
	}
}

func TestCallbackDenied(t *testing.T) {
	w := newWorld(t)
	p := w.wait(t.Context(), w.flow())
	q := url.Values{"error": {"access_denied"}, "error_description": {"<script>alert(1)</script>\x1b[31m no"}, "state": {p.state}}
	status, page, _ := browse(t, http.MethodGet, p.back+"?"+q.Encode())
	var denied *DeniedError
	if err := <-p.done; !errors.As(err, &denied) || denied.Code != "access_denied" {
		t.Fatalf("err = %v", err)
	}
	if strings.ContainsAny(denied.Error(), "\x1b\n") || !strings.Contains(denied.Error(), "declined in the browser") {
		t.Errorf("error %q", denied.Error())
	}
	if status != http.StatusOK || strings.Contains(page, "<script>") || !strings.Contains(page, "&lt;script&gt;") || !strings.Contains(page, "No account was added") {
		t.Errorf("%d %s", status, page)
	}
	if len(w.provider.Requests()) != 0 {
		t.Error("the provider was asked for a token")
	}
}

func TestCallbackEnds(t *testing.T) {
	w := newWorld(t)
	late, cancel := context.WithTimeoutCause(t.Context(), time.Millisecond, &TimeoutError{Provider: "acme", After: time.Millisecond})
	defer cancel()
	var timeout *TimeoutError
	if err := <-w.wait(late, w.flow()).done; !errors.As(err, &timeout) {
		t.Errorf("no browser: %v", err)
	}
	given, up := context.WithCancel(t.Context())
	p := w.wait(given, w.flow())
	up()
	if err := <-p.done; !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
	c, err := w.flow().Listen()
	if err != nil || c.Close() != nil {
		t.Errorf("not begun: %v", err)
	}
}

func TestCallbackFailedExchange(t *testing.T) {
	w := newWorld(t)
	p := w.wait(t.Context(), w.flow())
	w.answer("token", 400, `{"error":"invalid_grant","error_description":"code at-secret-0123456789 expired"}`)
	status, page, _ := browse(t, http.MethodGet, w.authorize(p.url, "ann"))
	var refused *provider.TokenError
	if err := <-p.done; !errors.As(err, &refused) || refused.Code != "invalid_grant" || strings.Contains(err.Error(), "0123456789") {
		t.Errorf("err = %v", err)
	}
	if status != http.StatusBadGateway || !strings.Contains(page, "The login did not work") || len(w.kept) != 0 {
		t.Errorf("%d %s", status, page)
	}
}
