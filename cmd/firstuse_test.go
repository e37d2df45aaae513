package cmd

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/kyoli-gam/kyoli/pkg/migrate"
)

const someLogin = `{"openai":{"type":"oauth","refresh":"rt-own","access":"at-own","expires":4102444800000,"accountId":"acct"},` +
	`"anthropic":{"type":"oauth","refresh":"rt-a","access":"at-a","expires":4102444800000},"corp":{"type":"api","key":"k"}}`

// first runs what exec and accounts list do before all else.
func (r authRun) first(args ...string) (stderr string) {
	r.t.Helper()
	var out, errs bytes.Buffer
	f := r.factory(&out, &errs)
	root := newRootCmd(f)
	if err := root.ParseFlags(args); err != nil {
		r.t.Fatal(err)
	}
	if err := f.firstUse(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	return errs.String()
}

func (r authRun) accounts(provider string) []string {
	r.t.Helper()
	f := r.factory(&bytes.Buffer{}, &bytes.Buffer{})
	all, err := f.load(r.t.Context(), provider)
	if err != nil {
		r.t.Fatal(err)
	}
	names := []string{}
	for _, a := range all.List {
		names = append(names, a.RefreshToken.Reveal())
	}
	return names
}

func TestFirstUse(t *testing.T) {
	t.Parallel()
	r := newAuthRun(t, someLogin)
	said := r.first()
	if strings.Count(said, "took over OpenCode's login") != 2 || !strings.Contains(said, "--no-migrate") || strings.Contains(said, "rt-") {
		t.Errorf("said %q", said)
	}
	if got := r.accounts("openai"); len(got) != 1 || got[0] != "rt-own" {
		t.Errorf("accounts %v", got)
	}
	if said := r.first(); said != "" {
		t.Errorf("the second time %q", said)
	}
	if r.authContent() != someLogin {
		t.Errorf("auth.json %s", r.authContent())
	}
}

func TestFirstUseOfOneProvider(t *testing.T) {
	t.Parallel()
	r := newAuthRun(t, someLogin)
	r.add("openai", "work")
	if said := r.first(); said != "" || len(r.accounts("anthropic")) > 0 {
		t.Errorf("another provider's login came unasked: %q", said)
	}
	if said := r.first("--provider", "anthropic"); !strings.Contains(said, "anthropic") || len(r.accounts("anthropic")) != 1 {
		t.Errorf("said %q", said)
	}
	if got := r.accounts("openai"); len(got) != 1 {
		t.Errorf("accounts %v", got)
	}
}

// A login that was an account and was removed stays away.
func TestFirstUseLeavesWhatWasRemoved(t *testing.T) {
	t.Parallel()
	r := newAuthRun(t, someLogin)
	r.first()
	for _, id := range []string{"openai", "anthropic"} {
		m, err := r.factory(&bytes.Buffer{}, &bytes.Buffer{}).Manager(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		a, err := m.Store().Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Remove(t.Context(), a.List[0].UUID); err != nil {
			t.Fatal(err)
		}
	}
	if said := r.first(); said != "" || len(r.accounts("openai")) > 0 {
		t.Errorf("said %q, accounts %v", said, r.accounts("openai"))
	}
	// Asked for, it comes back.
	if code, stdout, _ := r.run("migrate", "auth-json"); code != 0 || strings.Count(stdout, "created") != 2 {
		t.Errorf("exit %d, %q", code, stdout)
	}
}

func TestFirstUseWithoutALogin(t *testing.T) {
	t.Parallel()
	for name, auth := range map[string]string{"no file": "", "no OAuth": `{"corp":{"type":"api","key":"k"}}`, "nothing": "{}"} {
		r := newAuthRun(t, auth)
		if said := r.first(); said != "" {
			t.Errorf("%s: %q", name, said)
		}
		if _, err := os.Stat(r.dir + "/.local/state"); err == nil {
			t.Errorf("%s: a state was written for nothing", name)
		}
	}
	r := newAuthRun(t, "{")
	if said := r.first(); !strings.Contains(said, "was not taken over") || r.authContent() != "{" {
		t.Errorf("damaged: %q", said)
	}
}

// A kyoli that was killed left an OpenCode's auth.json in disorder: the next
// command that reads accounts mends it, whichever it is, and completion does not.
func TestStoreHealsAuthJSON(t *testing.T) {
	t.Parallel()
	r := newAuthRun(t, someLogin)
	r.add("openai", "work")
	place, err := r.factory(nil, nil).authPlace("")
	if err != nil {
		t.Fatal(err)
	}
	v := &migrate.Vault{Place: place}
	content, _, run, err := v.Begin(t.Context(), migrate.RunInfo{Key: "openai", Access: "at-run", Expires: farAhead})
	if err != nil {
		t.Fatal(err)
	}
	dead := rebooted() // as if kyoli and its child had both died
	if err := run.Attach(t.Context(), dead); err != nil {
		t.Fatal(err)
	}
	r.killSupervisor(place)
	// The child stored a login of its own, over all others.
	clobbered := strings.TrimSuffix(content, "\n}") + `,"groq":{"type":"api","key":"new"}}`
	if err := os.WriteFile(r.auth(), []byte(clobbered), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, _ := r.run("__complete", "claims", "release", ""); code != 0 || r.authContent() != clobbered {
		t.Errorf("completion: exit %d, %s", code, r.authContent())
	}
	if code, _, stderr := r.run("sync-auth", "--dry-run"); code != 0 && !strings.Contains(stderr, "not one of kyoli's") {
		t.Errorf("exit %d, %q", code, stderr)
	}
	for _, kept := range []string{`"rt-own"`, `"rt-a"`, `"groq"`} {
		if !strings.Contains(r.authContent(), kept) {
			t.Errorf("%s is gone: %s", kept, r.authContent())
		}
	}
	if _, err := os.Stat(place.StateDir + "/vault"); !os.IsNotExist(err) {
		t.Errorf("the vault is still there (%v)", err)
	}
}

// killSupervisor makes the vault say that its kyoli runs since before the last
// boot.
func (r authRun) killSupervisor(place migrate.Place) {
	r.t.Helper()
	files, err := os.ReadDir(place.StateDir + "/vault")
	if err != nil || len(files) != 1 {
		r.t.Fatalf("%v, %v", files, err)
	}
	path := place.StateDir + "/vault/" + files[0].Name()
	data, err := os.ReadFile(path)
	if err != nil {
		r.t.Fatal(err)
	}
	dead := strings.ReplaceAll(string(data), `"BootID": "`, `"BootID": "dead-`)
	if err := os.WriteFile(path, []byte(dead), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// Where nobody asked for OpenCode's login, it is what the hint is about.
func TestNoAccountsHintsAtOpenCodesLogin(t *testing.T) {
	t.Parallel()
	for auth, hint := range map[string]string{
		someLogin:                          "hint: kyoli migrate auth-json\n",
		"":                                 "hint: kyoli login\n",
		`{"corp":{"type":"api","key":""}}`: "hint: kyoli login\n",
		`{"corp":{"type":"oauth","refresh":"r","access":"a","expires":1}}`: "hint: kyoli login\n",
	} {
		r := newAuthRun(t, auth)
		if code, _, stderr := r.run("sync-auth"); code != exitLogin || !strings.Contains(stderr, hint) {
			t.Errorf("%s: exit %d, %q", auth, code, stderr)
		}
	}
}
