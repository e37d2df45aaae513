package main

import (
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/kyoli-gam/kyoli/e2e/oidc/issuer"
)

func TestLogin(t *testing.T) {
	w, b := example(t), newBrowser(t)
	login := w.kyoli("login", "example")
	b.visit(login.page())
	b.sees("Log in at Example")
	b.logIn(issuer.User, issuer.Password)
	b.sees("Logged in as " + issuer.Email)
	login.ends(0, "added "+issuer.Email)

	// The same person again is the same account.
	login = w.kyoli("login", "example", "--json")
	b.visit(login.page())
	b.logIn(issuer.User, issuer.Password)
	login.ends(0, "")
	if !strings.Contains(login.stdout.String(), `"result":"re-authenticated"`) {
		t.Errorf("stdout %s", &login.stdout)
	}
	if list := w.accounts(); len(list) != 1 || list[0].Email != issuer.Email || list[0].Status != "ready" {
		t.Errorf("accounts %+v", list)
	}

	// Somebody else is refused where one person was asked for.
	other, email := issuer.Other(mustParse(t, w.issuer))
	login = w.kyoli("login", "--account", issuer.Email)
	b.visit(login.page())
	b.logIn(other, issuer.Password)
	b.sees("The login did not work")
	login.ends(1, email)
	if list := w.accounts(); len(list) != 1 {
		t.Errorf("accounts %+v", list)
	}
}

func TestLoginDenied(t *testing.T) {
	w, b := example(t), newBrowser(t)
	login := w.kyoli("login", "example")
	b.visit(login.page())
	b.click("#no")
	b.sees("The login was declined")
	login.ends(3, "the login was declined in the browser: The user said no")
	w.noAccount()
}

// A browser that is closed tells nobody: the time ends the login, or the person.
func TestLoginBrowserClosed(t *testing.T) {
	w, b := example(t), newBrowser(t)
	login := w.kyoli("login", "example", "--timeout", "5s")
	page := b.another()
	page.visit(login.page())
	page.sees("Log in at Example")
	page.end()
	login.ends(3, "nobody logged in within 5s")
	w.noAccount()

	login = w.kyoli("login", "example")
	page = b.another()
	page.visit(login.page())
	page.end()
	if err := login.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	login.ends(-1, "stopped by signal: interrupt")
	w.noAccount()
}

func TestLoginWrongState(t *testing.T) {
	w, b := example(t), newBrowser(t)
	login := w.kyoli("login", "example")
	page := login.page()
	back := mustParse(t, mustParse(t, page).Query().Get("redirect_uri"))
	for _, query := range []url.Values{
		{"code": {"forged"}, "state": {"forged"}}, {"code": {"forged"}}, {"error": {"access_denied"}, "state": {"<script>"}},
	} {
		back.RawQuery = query.Encode()
		b.visit(back.String())
		b.sees("This is not the login that kyoli is waiting for")
	}
	b.visit(page)
	b.logIn(issuer.User, issuer.Password)
	b.sees("Logged in as " + issuer.Email)
	login.ends(0, "added ")
	if list := w.accounts(); len(list) != 1 {
		t.Errorf("accounts %+v", list)
	}
}

// The page is open twice, and the person logs in in both.
func TestLoginSecondCallback(t *testing.T) {
	w, b := example(t), newBrowser(t)
	login := w.kyoli("login", "example")
	page := login.page()
	second := b.another()
	b.visit(page)
	second.visit(page)
	b.logIn(issuer.User, issuer.Password)
	b.sees("Logged in as " + issuer.Email)
	login.ends(0, "added ")
	done := get(b, chromedp.Location())

	second.fill(issuer.User, issuer.Password)
	for name, again := range map[string]func() error{
		"the second page":          func() error { return second.tryClick("#login") },
		"the first callback again": func() error { return b.try(chromedp.Navigate(done)) },
	} {
		if err := again(); err == nil || !strings.Contains(err.Error(), "ERR_CONNECTION_REFUSED") {
			t.Errorf("%s: somebody answers: %v", name, err)
		}
	}
	if list := w.accounts(); len(list) != 1 {
		t.Errorf("accounts %+v", list)
	}
}

// The provider that kyoli brings itself, through the built-in adapter.
func TestLoginFakeProvider(t *testing.T) {
	w, b := newWorld(t), newBrowser(t)
	provider := w.fakeProvider()
	for key, value := range map[string]string{
		"authorize_url": provider + "/oauth/authorize", "token_url": provider + "/oauth/token", "redirect_url": "http://localhost/auth/callback",
	} {
		w.ok("config", "set", "adapters.openai."+key, value)
	}
	login := w.kyoli("login", "openai")
	b.visit(login.page())
	b.sees("Who are you?")
	b.click("#new-person")
	b.sees("Logged in as new-person@example.com")
	login.ends(0, "added new-person@example.com (openai)")

	login = w.kyoli("login", "openai")
	b.visit(login.page())
	b.click("#deny")
	b.sees("The login was declined")
	login.ends(3, "declined")
	if list := w.accounts(); len(list) != 1 {
		t.Errorf("accounts %+v", list)
	}
}
