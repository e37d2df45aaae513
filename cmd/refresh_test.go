package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/internal/env"
	"github.com/kyoli-gam/kyoli/internal/fakeprovider"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

func TestRefreshOptions(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]refreshOptions{
		"":                  {Accounts: []string{}},
		"work home --force": {Accounts: []string{"work", "home"}, Force: true},
		"--all":             {Accounts: []string{}, All: true},
		"--all --force":     {Accounts: []string{}, All: true, Force: true},
	} {
		var got *refreshOptions
		cmd := newRefreshCmd(&Factory{}, func(_ context.Context, o *refreshOptions) error { got = o; return nil })
		cmd.SetArgs(strings.Fields(line))
		if err := cmd.Execute(); err != nil {
			t.Errorf("%q: %v", line, err)
			continue
		}
		if diff := cmp.Diff(&want, got); diff != "" {
			t.Errorf("%q: %s", line, diff)
		}
	}
	cmd := newRefreshCmd(&Factory{}, nil)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs([]string{"work", "--all"})
	if err := cmd.Execute(); exitCode(err) != exitUsage {
		t.Errorf("a name and --all: %v", err)
	}
}

// refreshWorld is a directory of kyoli's and a provider on loopback that serves both built-in
// providers' token endpoints.
type refreshWorld struct {
	t        *testing.T
	dir      string
	provider *fakeprovider.Provider
	server   *httptest.Server
}

func newRefreshWorld(t *testing.T) *refreshWorld {
	t.Helper()
	w := &refreshWorld{t: t, dir: t.TempDir(), provider: fakeprovider.New(fakeprovider.Options{})}
	w.server = httptest.NewServer(w.provider)
	t.Cleanup(w.server.Close)
	w.write("kyoli.yaml", fmt.Sprintf("adapters:\n  openai: {token_url: %[1]s/oauth/token}\n  anthropic: {token_url: %[1]s/oauth/token}\n", w.server.URL))
	return w
}

func (w *refreshWorld) write(name, content string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(content), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// add stores an account of a provider whose token ends in d.
func (w *refreshWorld) add(provider, name string, d time.Duration, edits ...func(*store.Account)) {
	w.t.Helper()
	c := w.provider.AddAccount(fakeprovider.Account{ID: "id-" + name, Email: name + "@example.com"})
	a := &store.Account{
		UUID: "uuid-" + name, Label: name, RefreshToken: store.Secret(c.RefreshToken), AccessToken: store.Secret(c.AccessToken),
		ExpiresAt: store.MillisOf(time.Now().Add(d)), Enabled: true, AddedAt: 1, LastUsed: 1,
	}
	for _, edit := range edits {
		edit(a)
	}
	_, err := w.store(provider).Update(w.t.Context(), func(accounts *store.Accounts) error { accounts.Add(a); return nil })
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *refreshWorld) store(provider string) store.Backend {
	return store.Open(filepath.Join(w.dir, provider+"-multi-account-accounts.json"), store.Options{})
}

// run runs kyoli and returns its exit code and what it wrote.
func (w *refreshWorld) run(args ...string) (code int, stdout, stderr string) {
	w.t.Helper()
	var out, errs bytes.Buffer
	f := &Factory{
		In: strings.NewReader(""), Out: &out, Err: &errs, Version: "test",
		Env: env.Map(map[string]string{"HOME": w.dir, "KYOLI_CONFIG_DIR": w.dir, "XDG_DATA_HOME": w.dir, "XDG_STATE_HOME": w.dir}),
	}
	code = f.Run(w.t.Context(), args)
	return code, out.String(), errs.String()
}

func (w *refreshWorld) requests() int { return len(w.provider.Requests()) }

// anyTime makes times comparable.
var anyTime = regexp.MustCompile(`\d{4}-\d\d-\d\dT[\d:]+Z`)

func unknownToken(a *store.Account) { a.RefreshToken = "unknown to the provider" }

func TestRefreshOfWhatIsDue(t *testing.T) {
	t.Parallel()
	w := newRefreshWorld(t)
	w.add("openai", "expired", -time.Hour)
	w.add("openai", "soon", 20*time.Minute)
	w.add("openai", "good", time.Hour)
	w.add("openai", "off", -time.Hour, func(a *store.Account) { a.Enabled = false })
	w.add("openai", "dead", -time.Hour, func(a *store.Account) { a.IsAuthDisabled = true })
	w.add("openai", "limited", -time.Hour, func(a *store.Account) { a.RateLimitResetAt = store.MillisOf(time.Now().Add(time.Hour)) })
	w.add("anthropic", "other", -time.Hour)
	code, stdout, stderr := w.run("refresh")
	want := "other\trefreshed\tT\nexpired\trefreshed\tT\nsoon\trefreshed\tT\nlimited\trefreshed\tT\n"
	if diff := cmp.Diff(want, anyTime.ReplaceAllString(stdout, "T")); diff != "" || code != exitOK || stderr != "" {
		t.Errorf("exit %d, stderr %q: %s", code, stderr, diff)
	}
	code, stdout, stderr = w.run("refresh")
	if code != exitOK || stdout != "" || !strings.Contains(stderr, "nothing to do") {
		t.Errorf("again: exit %d, %q, %q", code, stdout, stderr)
	}
	if w.requests() != 4 {
		t.Errorf("%d requests", w.requests())
	}
}

func TestRefreshOfOneProvider(t *testing.T) {
	t.Parallel()
	w := newRefreshWorld(t)
	w.add("openai", "a", -time.Hour)
	w.add("anthropic", "b", -time.Hour)
	code, stdout, _ := w.run("refresh", "--provider", "anthropic", "--all")
	if code != exitOK || !strings.HasPrefix(stdout, "b\trefreshed") || w.requests() != 1 {
		t.Errorf("exit %d, %q", code, stdout)
	}
}

func TestRefreshExitCodes(t *testing.T) {
	t.Parallel()
	w := newRefreshWorld(t)
	w.add("openai", "a", -time.Hour)
	w.add("openai", "b", -time.Hour, unknownToken)
	code, stdout, stderr := w.run("refresh", "--all")
	if code != exitGeneral || !strings.Contains(stdout, "a\trefreshed\t") ||
		!strings.Contains(stdout, "b\tfailed\taccount b needs a new login: ") {
		t.Errorf("some failed: exit %d, %q", code, stdout)
	}
	if stderr != "hint: kyoli login --account 'b'\n" {
		t.Errorf("stderr %q", stderr)
	}
	if code, _, _ = w.run("refresh", "b"); code != exitLogin {
		t.Errorf("all failed: exit %d", code)
	}
	if code, _, _ = w.run("refresh", "a"); code != exitOK {
		t.Errorf("none failed: exit %d", code)
	}
}

func TestRefreshJSON(t *testing.T) {
	t.Parallel()
	w := newRefreshWorld(t)
	w.add("openai", "a", -time.Hour)
	w.add("openai", "b", -time.Hour, unknownToken)
	w.add("openai", "c", time.Hour)
	code, stdout, _ := w.run("refresh", "c", "b", "a", "c", "--json")
	if code != exitGeneral {
		t.Errorf("exit %d", code)
	}
	var got []string
	for line := range strings.Lines(stdout) {
		var row struct {
			UUID, Result string
			Error        *string
		}
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		got = append(got, fmt.Sprint(row.UUID, " ", row.Result, " ", row.Error != nil))
	}
	// The provider gives account a its own uuid.
	if diff := cmp.Diff([]string{"uuid-c fresh false", "uuid-b failed true", fakeprovider.Account{ID: "id-a"}.UUID() + " refreshed false"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestRefreshByForce(t *testing.T) {
	t.Parallel()
	w := newRefreshWorld(t)
	w.add("openai", "a", 10*time.Hour)
	w.add("openai", "off", -time.Hour, func(a *store.Account) { a.Enabled = false })
	w.add("openai", "dead", -time.Hour, func(a *store.Account) { a.IsAuthDisabled, a.AuthDisabledReason = true, "gone" })
	code, stdout, _ := w.run("refresh", "--all", "--force")
	if code != exitOK || strings.Count(stdout, "refreshed") != 2 || strings.Contains(stdout, "off") {
		t.Errorf("exit %d, %q", code, stdout)
	}
	if _, stdout, _ = w.run("refresh", "off"); !strings.Contains(stdout, "off\trefreshed") {
		t.Errorf("a disabled one by name: %q", stdout)
	}
}

func TestRefreshNames(t *testing.T) {
	t.Parallel()
	w := newRefreshWorld(t)
	if code, _, stderr := w.run("refresh", "a"); code != exitLogin || !strings.Contains(stderr, "hint: kyoli login") {
		t.Errorf("no account at all: exit %d, %q", code, stderr)
	}
	w.add("openai", "same", -time.Hour)
	w.add("anthropic", "same", -time.Hour, func(a *store.Account) { a.UUID = "uuid-2" })
	w.add("openai", "x", -time.Hour)
	for name, want := range map[string]int{"nobody": exitNoAccount, "same": exitUsage, "uuid-": exitUsage} {
		if code, stdout, stderr := w.run("refresh", "x", name); code != want || stdout != "" || !strings.Contains(stderr, name) || !strings.Contains(stderr, "hint: ") {
			t.Errorf("%s: exit %d, %q, %q", name, code, stdout, stderr)
		}
	}
	if w.requests() != 0 {
		t.Errorf("%d requests though a name was wrong", w.requests())
	}
	if code, _, _ := w.run("refresh", "same", "--provider", "openai"); code != exitOK {
		t.Errorf("with --provider: exit %d", code)
	}
}

func TestRefreshOfADamagedStore(t *testing.T) {
	t.Parallel()
	w := newRefreshWorld(t)
	w.write("openai-multi-account-accounts.json", `{"version":1,`)
	if code, _, stderr := w.run("refresh", "--all"); code != exitDamaged || !strings.Contains(stderr, "openai-multi-account-accounts.json") {
		t.Errorf("exit %d, %q", code, stderr)
	}
}

// A store that is damaged while the provider answers: the account is fine, and so it is told.
func TestRefreshIntoAStoreThatIsDamagedMeanwhile(t *testing.T) {
	t.Parallel()
	w := newRefreshWorld(t)
	w.add("openai", "a", -time.Hour)
	answer := w.server.Config.Handler
	w.server.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.write("openai-multi-account-accounts.json", `{"version":1,`)
		answer.ServeHTTP(rw, r)
	})
	code, stdout, stderr := w.run("refresh")
	if code != exitDamaged || !strings.Contains(stdout, "a\tfailed\t") || !strings.Contains(stderr, "openai-multi-account-accounts.json") {
		t.Errorf("exit %d, %q, %q", code, stdout, stderr)
	}
}

func TestRefreshTellsNoSecret(t *testing.T) {
	t.Parallel()
	w := newRefreshWorld(t)
	w.add("openai", "a", -time.Hour)
	w.add("openai", "b", -time.Hour, unknownToken)
	_, stdout, stderr := w.run("refresh", "--all", "--debug")
	accounts, err := w.store("openai").Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range accounts.List {
		for _, s := range []store.Secret{a.RefreshToken, a.AccessToken} {
			if strings.Contains(stdout+stderr, s.Reveal()) {
				t.Errorf("a token is told: %s%s", stdout, stderr)
			}
		}
	}
}
