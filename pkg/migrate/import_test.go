package migrate

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

// importing runs an import of all logins of the shop, and returns the rows in short.
func (s *shop) importing(t testing.TB, change ...func(*ImportOptions)) (string, error) {
	t.Helper()
	o := ImportOptions{Logins: []Login{s.login}}
	for _, c := range change {
		c(&o)
	}
	rows, err := Import(testContext(t), s.Place, o)
	var list []string
	for _, r := range rows {
		list = append(list, fmt.Sprintf("%s/%s %s:%s", r.Key, r.Type, r.Account, r.Result))
	}
	return strings.Join(list, ", "), err
}

func (s *shop) importAll(t testing.TB, change ...func(*ImportOptions)) string {
	t.Helper()
	got, err := s.importing(t, change...)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func (s *shop) count(t testing.TB) int {
	t.Helper()
	all, err := s.login.Backend.Load(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	return len(all.List)
}

func merge(o *ImportOptions) { o.Merge = true }

func dryImport(o *ImportOptions) { o.DryRun = true }

func TestImport(t *testing.T) {
	t.Parallel()
	content := doc(
		"groq", `{"type":"api","key":"k"}`,
		"openai", oauthJSON("new-r", "new-a1", 123456, "accountId", "acct-new"),
		"https://w", `{"type":"wellknown","key":"k","token":"t"}`,
		"github-copilot", oauthJSON("gh", "gh", 0),
		"future", `{"type":"passkey"}`)
	s := newShop(t, content)
	const want = "groq/api :skipped, openai/oauth new@example.com:%s, https://w/wellknown :skipped, github-copilot/oauth :skipped, future/other :skipped"
	if got := s.importAll(t, dryImport); got != fmt.Sprintf(want, "created") {
		t.Errorf("dry run: %s", got)
	}
	if s.count(t) != 0 || exists(s.StateDir) {
		t.Error("a dry run changed something")
	}
	if got := s.importAll(t); got != fmt.Sprintf(want, "created") {
		t.Errorf("import: %s", got)
	}
	a := s.account(t, "new@example.com")
	if a.RefreshToken != "new-r" || a.AccessToken != "new-a1" || a.ExpiresAt != 123456 || a.AccountID != "acct-new" ||
		a.PlanTier != "pro" || !a.Enabled || a.UUID == "" || a.AddedAt == 0 || a.LastUsed == 0 {
		t.Errorf("account %+v", a)
	}
	all, _ := s.login.Backend.Load(testContext(t))
	if all.Active != a.UUID {
		t.Error("the first account is not active")
	}
	state := s.state(t)
	if got := s.importAll(t); got != fmt.Sprintf(want, "unchanged") {
		t.Errorf("again: %s", got)
	}
	if got := s.importAll(t, merge); got != fmt.Sprintf(want, "unchanged") || s.count(t) != 1 || s.state(t) != state {
		t.Errorf("again with --merge: %s", got)
	}
	s.want(t, content)
	s.noSecrets(t, "new-r", "new-a1")
}

func TestImportReasons(t *testing.T) {
	t.Parallel()
	s := newShop(t, doc("groq", `{"type":"api","key":"k"}`, "w", `{"type":"wellknown","key":"k","token":"t"}`,
		"other", oauthJSON("r", "a", 1), "openai", oauthJSON("", "a", 1), "x", `{}`))
	rows, err := Import(testContext(t), s.Place, ImportOptions{Logins: []Login{s.login}})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"API key", "well-known", "no adapter", "no refresh token", "not a login"} {
		if rows[i].Result != ImportSkipped || !strings.Contains(rows[i].Why, want) {
			t.Errorf("%s: %s because %q", rows[i].Key, rows[i].Result, rows[i].Why)
		}
	}
}

func TestImportOnly(t *testing.T) {
	t.Parallel()
	s := newShop(t, doc("openai", oauthJSON("r", "new-a", 1), "anthropic", oauthJSON("r2", "b-a", 1), "groq", `{"type":"api","key":"k"}`))
	path := filepath.Join(t.TempDir(), "anthropic-multi-account-accounts.json")
	anthropic := Login{Provider: "anthropic", Key: "anthropic", Backend: openStore(path), Identify: identify}
	both := func(o *ImportOptions) { o.Logins = append(o.Logins, anthropic) }
	if got := s.importAll(t, both, func(o *ImportOptions) { o.Only = "anthropic" }); got != "anthropic/oauth b@example.com:created" {
		t.Errorf("only anthropic: %s", got)
	}
	if s.count(t) != 0 {
		t.Error("the other was taken over, too")
	}
	if got := s.importAll(t, both); got != "openai/oauth new@example.com:created, anthropic/oauth b@example.com:unchanged, groq/api :skipped" {
		t.Errorf("all: %s", got)
	}
}

// A store that has accounts is only added to when that is asked for.
func TestImportIntoAccounts(t *testing.T) {
	t.Parallel()
	s := newShop(t, doc("openai", oauthJSON("new-r", "new-a1", 5)), account("work", farAhead))
	got, err := s.importing(t)
	var notEmpty *NotEmptyError
	if !errors.As(err, &notEmpty) || notEmpty.Path != s.login.Backend.Path() || got != "openai/oauth :skipped" || s.count(t) != 1 {
		t.Errorf("%s, %v", got, err)
	}
	if got, err := s.importing(t, dryImport); !errors.As(err, &notEmpty) || got != "openai/oauth :skipped" {
		t.Errorf("dry run: %s, %v", got, err)
	}
	if got := s.importAll(t, merge); got != "openai/oauth new@example.com:created" || s.count(t) != 2 {
		t.Errorf("merge: %s", got)
	}
	all, _ := s.login.Backend.Load(testContext(t))
	if all.Active != "work-0000" {
		t.Error("the active account changed")
	}
}

// An account that is there already is updated by a newer credential, and never
// by an older one.
func TestImportUpdates(t *testing.T) {
	t.Parallel()
	s := newShop(t, doc("openai", oauthJSON("new-r", "work-a1", farAhead+5)), account("work", farAhead))
	if got := s.importAll(t, merge); got != "openai/oauth work:updated" || s.count(t) != 1 || s.account(t, "work").RefreshToken != "new-r" {
		t.Errorf("newer: %s", got)
	}
	s.put(t, doc("openai", oauthJSON("old-r", "work-a2", 7)))
	s.update(t, func(all *store.Accounts) { // both have moved
		all.List[0].SetCredential(store.Credential{RefreshToken: "newest-r", AccessToken: "work-a9", ExpiresAt: farAhead + 9})
	})
	if got := s.importAll(t, merge); got != "openai/oauth work:unchanged" || s.account(t, "work").RefreshToken != "newest-r" {
		t.Errorf("older: %s", got)
	}
}

// What was imported is a base: a rotation by OpenCode is adopted by the next sync.
func TestImportThenRotated(t *testing.T) {
	t.Parallel()
	s := newShop(t, doc("openai", oauthJSON("r0", "opaque0", 5)))
	s.importAll(t)
	s.put(t, doc("openai", oauthJSON("r1", "opaque1", 9)))
	res := s.sync(t)
	if res.Adopted == nil || res.Result != ResultUnchanged || s.count(t) != 1 {
		t.Errorf("result %+v", res)
	}
	all, _ := s.login.Backend.Load(testContext(t))
	if all.List[0].RefreshToken != "r1" {
		t.Error("not adopted")
	}
}

// First use takes over what kyoli never had, and does not bring back what was removed.
func TestImportUnasked(t *testing.T) {
	t.Parallel()
	unasked := func(o *ImportOptions) { o.Unasked = true }
	s := newShop(t, doc("openai", oauthJSON("r0", "new-a", 5)))
	if got := s.importAll(t, unasked); got != "openai/oauth new@example.com:created" {
		t.Errorf("first: %s", got)
	}
	s.update(t, func(all *store.Accounts) { all.Remove(all.List[0].UUID) })
	if got := s.importAll(t, unasked); got != "openai/oauth :skipped" || s.count(t) != 0 {
		t.Errorf("after the removal: %s", got)
	}
	if got := s.importAll(t); got != "openai/oauth new@example.com:created" {
		t.Errorf("asked for: %s", got)
	}
}

// While a run has clobbered the file, the import sees what it should hold.
func TestImportDuringRun(t *testing.T) {
	t.Parallel()
	s := newShop(t, doc("openai", oauthJSON("r0", "new-a", 5), "anthropic", oauthJSON("x-r", "x-a", 5)))
	s.login.Provider, s.login.Key = "anthropic", "anthropic"
	run, oc := s.begin(t)
	oc.login(s.Place, "acme", `{"type":"api","key":"z"}`)
	if got := s.importAll(t); !strings.Contains(got, "anthropic/oauth x@example.com:created") {
		t.Errorf("import: %s", got)
	}
	if s.account(t, "x@example.com").RefreshToken != "x-r" {
		t.Error("the refresh token was not the real one")
	}
	oc.end()
	run.mustEnd(t)
}

func TestImportRefusesDamaged(t *testing.T) {
	t.Parallel()
	s := newShop(t, "{}")
	s.put(t, `[]`)
	var damaged *AuthDamagedError
	if _, err := s.importing(t); !errors.As(err, &damaged) {
		t.Errorf("error %v", err)
	}
	missing := newShop(t, "")
	if got := missing.importAll(t); got != "" {
		t.Errorf("missing file: %s", got)
	}
}
