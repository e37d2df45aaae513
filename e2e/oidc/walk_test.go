package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/kyoli-gam/kyoli/e2e/oidc/issuer"
)

var shBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// steps are the sh blocks of docs/providers.md, as they stand, with the test's
// provider in place of the one that the page has the reader start.
func (w *world) steps() string {
	w.t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "providers.md"))
	if err != nil {
		w.t.Fatal(err)
	}
	var script strings.Builder
	script.WriteString("set -eu\n")
	for _, block := range shBlock.FindAllStringSubmatch(string(page), -1) {
		script.WriteString(block[1])
	}
	if !strings.Contains(script.String(), "http://127.0.0.1:9998") {
		w.t.Fatal("docs/providers.md has no walk any more")
	}
	return strings.ReplaceAll(script.String(), "http://127.0.0.1:9998", w.issuer)
}

// A reader of docs/providers.md does what it says, and a person logs in meanwhile.
func TestWalk(t *testing.T) {
	w, b := newWorld(t), newBrowser(t)
	script := w.start("sh", "-c", w.steps())
	b.visit(script.page())
	b.logIn(issuer.User, issuer.Password)
	b.sees("Logged in as " + issuer.Email)
	script.ends(0, "example: added in ")

	stdout, stderr := script.stdout.String(), script.stderr.String()
	for _, want := range []string{"refreshed", "EXAMPLE_ACCESS_TOKEN=", "25", "hello\n"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("%q is not in the output:\n%s%s", want, stdout, stderr)
		}
	}
	if !strings.Contains(stderr, "example: nothing is wrong") {
		t.Errorf("providers check found something:\n%s", stderr)
	}
	var row []struct {
		Label, Email, PlanTier, Status string
		Usage                          struct {
			FiveHour struct{ Utilization float64 } `json:"five_hour"`
		}
	}
	if err := json.Unmarshal([]byte(w.ok("accounts", "list", "--json")), &row); err != nil || len(row) != 1 {
		t.Fatalf("accounts %+v, %v", row, err)
	}
	if a := row[0]; a.Label != "me" || a.Email != issuer.Email || a.PlanTier != "team" || a.Status != "ready" || a.Usage.FiveHour.Utilization != 25 {
		t.Errorf("account %+v", a)
	}
	w.holdsNoSecret(stdout + stderr)
}

// holdsNoSecret holds that the refresh token is nowhere but in the account file.
func (w *world) holdsNoSecret(output string) {
	w.t.Helper()
	file, err := os.ReadFile(filepath.Join(w.home, ".config", "opencode", "example-multi-account-accounts.json"))
	if err != nil {
		w.t.Fatal(err)
	}
	var stored struct {
		Accounts []struct{ RefreshToken string }
	}
	if err := json.Unmarshal(file, &stored); err != nil || stored.Accounts[0].RefreshToken == "" {
		w.t.Fatalf("%s: %v", file, err)
	}
	if strings.Contains(output, stored.Accounts[0].RefreshToken) {
		w.t.Error("the refresh token was printed")
	}
}
