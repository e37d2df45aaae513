package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

func TestSyncAuthOptions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args []string
		want syncAuthOptions
	}{
		{nil, syncAuthOptions{}},
		{
			[]string{"--account", "work", "--path", "a.json", "--watch", "--force"},
			syncAuthOptions{Account: "work", Path: "a.json", Watch: true, Force: true},
		},
		{[]string{"-a", "work", "-n"}, syncAuthOptions{Account: "work", DryRun: true}},
		{[]string{"-w"}, syncAuthOptions{Watch: true}},
	} {
		var got *syncAuthOptions
		err := parse(t, newSyncAuthCmd(&Factory{}, func(_ context.Context, o *syncAuthOptions) error { got = o; return nil }), tt.args...)
		if diff := cmp.Diff(&tt.want, got); err != nil || diff != "" {
			t.Errorf("%q: %v %s", tt.args, err, diff)
		}
	}
	for _, args := range [][]string{{"--watch", "--dry-run"}, {"--path", ""}, {"work"}} {
		called := false
		err := parse(t, newSyncAuthCmd(&Factory{}, func(context.Context, *syncAuthOptions) error { called = true; return nil }), args...)
		if err == nil || called {
			t.Errorf("%q was accepted", args)
		}
	}
}

// farAhead is 2100-01-01 in ms.
const farAhead = 4102444800000

// add puts accounts into the store, with tokens that are good for long.
func (r authRun) add(provider string, names ...string) {
	r.t.Helper()
	f := r.factory(&bytes.Buffer{}, &bytes.Buffer{})
	backend, err := f.Store(provider)
	if err != nil {
		r.t.Fatal(err)
	}
	_, err = backend.Update(r.t.Context(), func(all *store.Accounts) error {
		for _, name := range names {
			all.Add(&store.Account{
				UUID: "uuid-" + name, Label: name, AccountID: "acct-" + name, AddedAt: 1, LastUsed: 1, Enabled: true,
				RefreshToken: store.Secret("rt-" + name), AccessToken: store.Secret("at-" + name), ExpiresAt: farAhead,
			})
		}
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r authRun) authContent() string {
	r.t.Helper()
	data, err := os.ReadFile(r.auth())
	if err != nil {
		r.t.Fatal(err)
	}
	return string(data)
}

func TestSyncAuth(t *testing.T) {
	t.Parallel()
	r := newAuthRun(t, "")
	r.add("openai", "work", "home")
	code, stdout, stderr := r.run("sync-auth", "--json")
	if code != 0 || stderr != "" {
		t.Fatalf("exit %d, %q", code, stderr)
	}
	var got syncRow
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(got.Diff, "redacted") || strings.Contains(stdout, "at-work") {
		t.Errorf("diff %q", got.Diff)
	}
	got.Diff = ""
	want := syncRow{Provider: "openai", UUID: "uuid-work", Account: "work", Result: "written", Path: r.auth(), Entry: "openai"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(r.authContent(), `"refresh": "rt-work"`) {
		t.Errorf("auth.json %s", r.authContent())
	}
	if code, stdout, stderr := r.run("sync-auth"); code != 0 || stdout != "openai\twork\tunchanged\t"+r.auth()+"\n" || stderr != "" {
		t.Errorf("again: exit %d, %q, %q", code, stdout, stderr)
	}
	before := r.authContent()
	code, stdout, stderr = r.run("sync-auth", "--account", "home", "--dry-run")
	if code != 0 || !strings.Contains(stdout, "\n-    \"refresh\": [redacted ") || stderr != "would write account home into "+r.auth()+"\n" {
		t.Errorf("dry run: exit %d, %q, %q", code, stdout, stderr)
	}
	if strings.Contains(stdout, "rt-") || r.authContent() != before {
		t.Errorf("the dry run shows or does too much: %q, %q", stdout, r.authContent())
	}
	if code, stdout, stderr := r.run("sync-auth", "--dry-run"); code != 0 || stdout != "" || !strings.Contains(stderr, "has account work already") {
		t.Errorf("dry run without a change: exit %d, %q, %q", code, stdout, stderr)
	}
}

func TestSyncAuthFaults(t *testing.T) {
	t.Parallel()
	r := newAuthRun(t, `{"openai":{"type":"api","key":"sk-foreign"}}`)
	fails := func(code int, words, hint string, args ...string) {
		t.Helper()
		got, stdout, stderr := r.run(args...)
		if got != code || stdout != "" || !strings.Contains(stderr, words) || !strings.Contains(stderr, "\nhint: "+hint) {
			t.Errorf("%v: exit %d, %q, %q", args, got, stdout, stderr)
		}
	}
	fails(exitLogin, "no accounts", "kyoli login", "sync-auth")
	fails(exitLogin, "no accounts", "kyoli login", "sync-auth", "--provider", "openai")
	r.add("openai", "work")
	fails(exitGeneral, "--force overwrites it", "kyoli sync-auth --provider openai --force --path ", "sync-auth", "--path", r.auth())
	fails(exitNoAccount, "nobody", "", "sync-auth", "--account", "nobody")
	fails(exitUsage, "nobody", "kyoli providers list", "sync-auth", "--provider", "nobody")
	r.add("anthropic", "other")
	fails(exitUsage, "several providers", "--provider", "sync-auth")
	if got := r.authContent(); got != `{"openai":{"type":"api","key":"sk-foreign"}}` {
		t.Errorf("auth.json %s", got)
	}
}

// A watch writes a line for what changes, and ends in good order.
func TestSyncAuthWatch(t *testing.T) {
	t.Parallel()
	r := newAuthRun(t, "")
	r.add("openai", "work", "home")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	lines := &lineWriter{lines: make(chan string, 16)}
	var errs bytes.Buffer
	f := r.factory(&bytes.Buffer{}, &errs)
	f.Out = lines
	ended := make(chan int, 1)
	go func() { ended <- f.Run(ctx, []string{"sync-auth", "--watch", "--json"}) }()
	row := lines.row(t)
	if row.Result != "written" || row.Account != "work" || row.At == "" {
		t.Errorf("first line %+v", row)
	}
	renewed := strings.NewReplacer("rt-work", "rt-renewed", "at-work", "at-renewed", "4102444800000", "4102444800009").Replace(r.authContent())
	if err := os.WriteFile(r.auth(), []byte(renewed), 0o600); err != nil {
		t.Fatal(err)
	}
	if row = lines.row(t); row.Result != "unchanged" || row.Adopted != "uuid-work" {
		t.Errorf("after OpenCode's renewal %+v", row)
	}
	if err := os.WriteFile(r.auth(), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if row = lines.row(t); row.Result != "failed" || !strings.Contains(row.Error, "damaged") {
		t.Errorf("damaged %+v", row)
	}
	cancel()
	if code := <-ended; code != 0 || !strings.Contains(errs.String(), "adopted the login of work") {
		t.Errorf("exit %d, %q", code, errs.String())
	}
}

// lineWriter hands on what is written, line by line.
type lineWriter struct {
	lines chan string
	part  string
}

func (w *lineWriter) Write(p []byte) (int, error) {
	w.part += string(p)
	for {
		line, rest, ok := strings.Cut(w.part, "\n")
		if !ok {
			return len(p), nil
		}
		w.lines <- line
		w.part = rest
	}
}

func (w *lineWriter) row(t *testing.T) syncRow {
	t.Helper()
	var row syncRow
	select {
	case line := <-w.lines:
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
	case <-time.After(time.Minute):
		t.Fatal("no line")
	}
	return row
}
