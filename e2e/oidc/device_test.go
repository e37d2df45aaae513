package main

import (
	"bufio"
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/kyoli-gam/kyoli/e2e/oidc/issuer"
)

var codeURL = regexp.MustCompile(`http://\S+user_code=\S+`)

// deviceLogin starts a login with a code, and returns the page to enter it at.
func (w *world) deviceLogin() (login *run, page string) {
	w.t.Helper()
	login = w.prepare(filepath.Join(binDir, "kyoli"), "login", "device", "--device")
	stderr, said := io.Pipe()
	login.cmd.Stderr = io.MultiWriter(&login.stderr, said)
	login.begin()
	lines := bufio.NewScanner(stderr)
	for page == "" && lines.Scan() {
		page = codeURL.FindString(lines.Text())
	}
	go func() { _, _ = io.Copy(io.Discard, stderr) }()
	return login, page
}

// A device's login, and a client whose secret the provider takes by Basic alone.
func TestDeviceLogin(t *testing.T) {
	w, b := newWorld(t), newBrowser(t)
	w.env = append(w.env, "DEVICE_SECRET="+issuer.DeviceClientSecret)
	w.ok("providers", "add", "device", "--from-discovery", w.issuer, "--client-id", issuer.DeviceClientID, "--client-secret-env", "DEVICE_SECRET")
	w.ok("config", "set", "adapters.device.client_auth", "basic")

	login, page := w.deviceLogin()
	b.visit(page)
	b.fill(issuer.User, issuer.Password)
	b.click("button[type=submit]")
	b.sees("Welcome back " + issuer.User + "!")
	b.click("button.green")
	if text := get(b, chromedp.Text("body")); !strings.Contains(text, "Device authorization allowed") {
		t.Errorf("the browser shows %q", text)
	}
	login.ends(0, "added "+issuer.Email)
	w.ok("refresh", "--all", "--force")
	if list := w.accounts(); len(list) != 1 || list[0].Email != issuer.Email || list[0].Status != "ready" {
		t.Errorf("accounts %+v", list)
	}

	login, page = w.deviceLogin()
	b.visit(page)
	b.fill(issuer.User, issuer.Password)
	b.click("button[type=submit]")
	b.click("button.red")
	login.ends(3, "declined")
	if list := w.accounts(); len(list) != 1 {
		t.Errorf("accounts %+v", list)
	}
}
