//go:build unix

package cmd

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/internal/fakeprovider"
)

// loginAdapter has the provider take logins in a browser, at any free port.
func (w *execWorld) loginAdapter() {
	w.t.Helper()
	server := strings.TrimPrefix(w.env[len(w.env)-1], "PROVIDER_URL=")
	w.write("config/kyoli.yaml", `adapters:
  openai:
    token_url: "`+server+`/oauth/token"
    authorize_url: "`+server+`/oauth/authorize"
    redirect_url: "http://127.0.0.1/auth/callback"
    base_url: "`+server+`/codex"
    usage_url: "`+server+`/usage"
    profile_url: "`+server+`/profile"
`)
}

// logInAs is the browser of somebody who logs in.
func (w *execWorld) logInAs(address, who string) {
	w.t.Helper()
	answer, err := http.Get(address + "&as=" + who)
	if err != nil {
		w.t.Fatal(err)
	}
	answer.Body.Close()
}

func cutLast(text, sep string) (before, after string) {
	i := max(strings.LastIndex(text, sep), 0)
	return text[:i], text[i:]
}

// browse is where a login waits for the browser.
func (s *screenful) browse() (callback string) {
	s.t.Helper()
	s.shows("/authorize?")
	var text string
	s.await("the whole address", func() bool {
		_, text = cutLast(strings.ReplaceAll(s.written(), "\r\n", "\n"), givesIt)
		return strings.Contains(text, "http://") && strings.Contains(text, "waiting for the browser")
	})
	address, _, _ := strings.Cut(text[strings.Index(text, "http://"):], "\n")
	return strings.TrimSpace(address)
}

// A login has the terminal for itself. Ctrl-C cancels it and comes back, and so
// does its end.
func TestMenuLogsIn(t *testing.T) {
	t.Parallel()
	w := newExecWorld(t, "work")
	w.loginAdapter()
	s := w.menu(80, 24)
	s.shows("1 of 1 account usable")
	s.choose("add", "Log in at")
	s.choose("openai", "With the address alone")
	s.choose("alone", "/authorize?")
	s.browse()
	s.isGivenBack()
	s.types(keyCtrlC)
	s.shows("cancelled", "With the address alone")

	s.types(keyEnter)
	s.await("a second login", func() bool { return strings.Count(s.written(), givesIt) == 2 })
	w.logInAs(s.browse(), "home")
	s.shows("2 of 2 accounts usable", "added home@example.com")

	s.choose("work", "Log in again")
	s.choose("again", "With the address alone")
	s.choose("alone", "/authorize?")
	w.logInAs(s.browse(), "home")
	s.shows("Log in again: work", "nothing was changed")
	s.types("q")
	if status := s.ends(); status.ExitStatus() != 0 {
		t.Errorf("it ended with %v", status)
	}
}

// What is pasted is read to the end of its line. Ctrl-C says so; a second one ends
// kyoli as ever.
func TestMenuPastes(t *testing.T) {
	t.Parallel()
	w := newExecWorld(t, "work")
	w.loginAdapter()
	s := w.menu(80, 24)
	s.shows("1 of 1 account usable")
	pastes(s)
	s.types(keyCtrlC)
	s.shows("press Enter to go back")
	s.types(keyEnter)
	s.shows("cancelled", "By pasting back")
	s.types(keyEsc)
	s.shows("Take over OpenCode's login")
	s.types(keyEsc)
	s.shows("Check quotas")
	s.types("q")
	if status := s.ends(); status.ExitStatus() != 0 {
		t.Errorf("it ended with %v", status)
	}

	s = w.menu(80, 24) // on a screen of its own: the first one still has what it showed
	s.shows("1 of 1 account usable")
	pastes(s)
	s.types(keyCtrlC)
	s.shows("press Enter to go back")
	s.types(keyCtrlC)
	if status := s.ends(); status.Signal() != syscall.SIGINT {
		t.Errorf("it ended with %v", status)
	}
}

// pastes goes to where an address is pasted.
func pastes(s *screenful) {
	s.choose("add", "Log in at")
	s.choose("openai", "By pasting back")
	s.choose("pasting", "\naddress:")
}

// A quota check says what it does, takes what it finds into the list, and is
// cancelled by Ctrl-C.
func TestMenuChecksQuotas(t *testing.T) {
	t.Parallel()
	w := newExecWorld(t, "work", "home")
	w.loginAdapter()
	hold := make(chan struct{})
	w.provider.Behave(fakeprovider.Behaviour{Endpoint: "usage", Times: 2, Until: hold})
	s := w.menu(100, 24)
	s.shows("2 of 2 accounts usable")
	s.types("/", "quotas", keyEnter)
	s.shows("checking quotas …", "asking openai: 0 of 2", "Ctrl-C cancels")
	w.mustRun("accounts", "label", "home", "at home", "--lock-timeout", "20s")
	s.shows("at home")
	s.types("q", keyCtrlC)
	s.shows("cancelled", "Enter chooses")
	close(hold)
	s.types(keyEnter)
	s.shows("‹ Quotas", "AS OF")
	s.types(keyEsc)
	s.shows("2 of 2 accounts usable", "5H", "%")
	s.types("q")
	if status := s.ends(); status.ExitStatus() != 0 {
		t.Errorf("it ended with %v", status)
	}
}

// A token that is being renewed when the menu is ended is saved nevertheless.
func TestMenuSavesATokenAtItsEnd(t *testing.T) {
	t.Parallel()
	w := newExecWorld(t, "work")
	w.loginAdapter()
	w.expire(0)
	before := w.refreshToken(0)
	asked, hold := make(chan struct{}), make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		// The headers go out first, and who is ended then keeps the token here.
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		close(asked)
		<-hold
		w.provider.ServeHTTP(rw, r)
	}))
	t.Cleanup(slow.Close)
	config := w.read("config/kyoli.yaml")
	w.write("config/kyoli.yaml", regexp.MustCompile(`token_url: "http://[^/]*`).ReplaceAllString(config, `token_url: "`+slow.URL))
	s := w.menu(80, 24)
	s.shows("1 of 1 account usable")
	s.types("/", "quotas", keyEnter)
	s.shows("checking quotas …")
	select {
	case <-asked:
	case <-time.After(patience):
		t.Fatal("no token was asked for")
	}
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.await("the terminal given back", func() bool { return strings.Contains(s.written(), givesIt) })
	close(hold)
	if status := s.ends(); status.Signal() != syscall.SIGTERM {
		t.Errorf("it ended with %v", status)
	}
	if after := w.refreshToken(0); after == before {
		t.Error("the new token is lost")
	}
	if w.tokenRequests() != 1 {
		t.Errorf("%d token requests", w.tokenRequests())
	}
}
