package cmd

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/internal/env"
	"github.com/kyoli-gam/kyoli/pkg/claims"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

const (
	openaiFile    = "openai-multi-account-accounts.json"
	anthropicFile = "anthropic-multi-account-accounts.json"
)

// accountsWorld is a directory of kyoli's, a clock that stands, and a terminal on
// which somebody types answers.
type accountsWorld struct {
	t        *testing.T
	dir      string
	now      time.Time
	stdin    string
	tty      bool              // all three streams
	vars     map[string]string // more of the environment
	answers  string
	terminal bytes.Buffer // what was asked
}

func newAccountsWorld(t *testing.T) *accountsWorld {
	t.Helper()
	return &accountsWorld{t: t, dir: t.TempDir(), now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
}

// ms is a time in ms since the epoch, from now.
func (w *accountsWorld) ms(d time.Duration) int64 { return w.now.Add(d).UnixMilli() }

type fields map[string]any

// entry is an account of an account file that is ready, changed by what follows.
func (w *accountsWorld) entry(name string, change fields) fields {
	e := fields{
		"uuid": "uuid-" + name, "label": name, "email": name + "@example.com", "planTier": "plus",
		"refreshToken": "rt-secret-" + name, "accessToken": "at-secret-" + name, "expiresAt": w.ms(2 * time.Hour),
		"addedAt": w.ms(-time.Hour), "lastUsed": w.ms(-time.Minute), "enabled": true,
		"consecutiveAuthFailures": 0, "isAuthDisabled": false,
	}
	for key, value := range change {
		if e[key] = value; value == nil {
			delete(e, key)
		}
	}
	return e
}

// fill writes an account file; the first entry is the active one.
func (w *accountsWorld) fill(file string, entries ...fields) {
	w.t.Helper()
	text, err := json.Marshal(fields{"version": 1, "accounts": entries, "activeAccountUuid": entries[0]["uuid"]})
	if err != nil {
		w.t.Fatal(err)
	}
	w.write(file, string(text))
}

func (w *accountsWorld) write(name, content string) {
	w.t.Helper()
	if err := os.WriteFile(w.path(name), []byte(content), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w *accountsWorld) path(name string) string { return filepath.Join(w.dir, name) }

func (w *accountsWorld) read(name string) string {
	w.t.Helper()
	text, err := os.ReadFile(w.path(name))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

func (w *accountsWorld) accounts(file string) *store.Accounts {
	w.t.Helper()
	accounts, err := store.Open(w.path(file), store.Options{}).Load(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return accounts
}

func (w *accountsWorld) claim(uuid string, h claims.Holder) {
	w.t.Helper()
	s := claims.Open(w.path(openaiFile), claims.Options{Now: func() time.Time { return w.now }})
	_, err := s.Select(w.t.Context(), h, func(claims.View) (claims.Choice, error) { return claims.Choice{UUID: uuid}, nil })
	if err != nil {
		w.t.Fatal(err)
	}
}

// factory is one whose output goes nowhere; vars are added to its environment.
func (w *accountsWorld) factory(vars map[string]string) *Factory {
	tty := func() bool { return w.tty }
	all := map[string]string{"HOME": w.dir, "KYOLI_CONFIG_DIR": w.dir, "NO_COLOR": "1"}
	maps.Copy(all, vars)
	return &Factory{
		In: strings.NewReader(w.stdin), Out: io.Discard, Err: io.Discard, Version: "test",
		InTTY: tty, OutTTY: tty, ErrTTY: tty, Width: func() int { return 0 },
		Terminal: func() (terminal, error) {
			return &fakeTerminal{Reader: strings.NewReader(w.answers), Writer: &w.terminal}, nil
		},
		Now: func() time.Time { return w.now }, passphraseWork: 4,
		Env: env.Map(all),
	}
}

// run runs one command line. No token may ever come out of it.
func (w *accountsWorld) run(args ...string) (code int, stdout, stderr string) {
	w.t.Helper()
	var out, errs bytes.Buffer
	f := w.factory(w.vars)
	f.Out, f.Err = &out, &errs
	code = f.Run(w.t.Context(), args)
	for _, text := range []string{out.String(), errs.String(), w.terminal.String()} {
		if strings.Contains(text, "-secret-") {
			w.t.Errorf("%v: a token came out:\n%s", args, text)
		}
	}
	return code, out.String(), errs.String()
}

// must runs a command line that goes well.
func (w *accountsWorld) must(args ...string) (stdout, stderr string) {
	w.t.Helper()
	code, stdout, stderr := w.run(args...)
	if code != exitOK {
		w.t.Fatalf("%v: exit %d\n%s%s", args, code, stdout, stderr)
	}
	return stdout, stderr
}

// row is one account of a JSON list.
func (w *accountsWorld) show(name string) map[string]any {
	w.t.Helper()
	stdout, _ := w.must("accounts", "show", name, "--json")
	var row map[string]any
	if err := json.Unmarshal([]byte(stdout), &row); err != nil {
		w.t.Fatal(err)
	}
	return row
}

type fakeTerminal struct {
	io.Reader
	io.Writer
}

func (t *fakeTerminal) Close() error { return nil }
func (t *fakeTerminal) Hide() error  { return nil }

func (t *fakeTerminal) ReadSecret() (string, error) {
	text, err := io.ReadAll(t)
	return strings.TrimSuffix(string(text), "\n"), err
}

func (t *fakeTerminal) Restore() func() { return func() {} }
