package cmd

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/internal/env"
)

// parse runs a command up to its options.
func parse(t *testing.T, cmd *cobra.Command, args ...string) error {
	t.Helper()
	cmd.SetArgs(args)
	cmd.SetOut(&bytes.Buffer{})
	cmd.SetErr(&bytes.Buffer{})
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	return cmd.Execute()
}

func TestMigrateOptions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args []string
		want migrateOptions
	}{
		{nil, migrateOptions{}},
		{[]string{"--path", "a.json", "--merge", "--dry-run"}, migrateOptions{Path: "a.json", Merge: true, DryRun: true}},
		{[]string{"-n"}, migrateOptions{DryRun: true}},
	} {
		var got *migrateOptions
		err := parse(t, newMigrateAuthJSONCmd(&Factory{}, func(_ context.Context, o *migrateOptions) error { got = o; return nil }), tt.args...)
		if diff := cmp.Diff(&tt.want, got); err != nil || diff != "" {
			t.Errorf("%q: %v %s", tt.args, err, diff)
		}
	}
	for _, args := range [][]string{{"--path", ""}, {"a.json"}, {"--pth", "x"}} {
		called := false
		err := parse(t, newMigrateAuthJSONCmd(&Factory{}, func(context.Context, *migrateOptions) error { called = true; return nil }), args...)
		if err == nil || called {
			t.Errorf("%q was accepted", args)
		}
	}
}

// authRun is a home with kyoli's files and OpenCode's auth.json.
type authRun struct{ settingsRun }

func newAuthRun(t *testing.T, auth string) authRun {
	t.Helper()
	r := authRun{newSettingsRun(t, "")}
	if auth != "" {
		if err := os.MkdirAll(filepath.Dir(r.auth()), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(r.auth(), []byte(auth), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func (r authRun) auth() string { return filepath.Join(r.dir, ".local/share/opencode/auth.json") }

func (r authRun) factory(out, errs *bytes.Buffer) *Factory {
	return &Factory{
		In: strings.NewReader(""), Out: out, Err: errs,
		Env: env.Map(map[string]string{"HOME": r.dir, "USERPROFILE": r.dir, "KYOLI_CONFIG_DIR": r.dir}),
	}
}

func (r authRun) run(args ...string) (code int, stdout, stderr string) {
	r.t.Helper()
	var out, errs bytes.Buffer
	code = r.factory(&out, &errs).Run(r.t.Context(), args)
	return code, out.String(), errs.String()
}

// Without a home there is no place for anything, and nothing is written into the
// working directory instead.
func TestMigrateWithoutHome(t *testing.T) {
	t.Chdir(t.TempDir())
	var out, errs bytes.Buffer
	f := &Factory{Out: &out, Err: &errs, Env: env.Map(map[string]string{"KYOLI_CONFIG_DIR": t.TempDir()})}
	if code := f.Run(t.Context(), []string{"migrate", "auth-json"}); code != exitGeneral || !strings.Contains(errs.String(), "hint: export HOME") {
		t.Errorf("exit %d, %q", code, errs.String())
	}
	if left, err := os.ReadDir("."); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

// Names in a file are shown harmlessly.
func TestMigrateShowsNamesHarmlessly(t *testing.T) {
	t.Parallel()
	r := newAuthRun(t, `{"\u001b[31mred\u202e":{"type":"api","key":"sk-secret"}}`)
	for _, format := range formats {
		code, stdout, stderr := r.run("migrate", "auth-json", "--format", format)
		if code != 0 || strings.ContainsAny(stdout+stderr, "\x1b\u202e") || strings.Contains(stdout, "sk-secret") {
			t.Errorf("%s: exit %d, %q %q", format, code, stdout, stderr)
		}
	}
}
