package cmd

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/internal/env"
	"github.com/kyoli-gam/kyoli/pkg/executor"
)

// parseExec runs the command line up to the options.
func parseExec(t *testing.T, args ...string) (*execOptions, error) {
	t.Helper()
	var got *execOptions
	cmd := newExecCmd(&Factory{}, func(_ context.Context, o *execOptions) error { got = o; return nil })
	cmd.SetArgs(args)
	cmd.SetOut(&bytes.Buffer{})
	cmd.SetErr(&bytes.Buffer{})
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err := cmd.Execute()
	return got, err
}

func TestExecOptions(t *testing.T) {
	for _, tt := range []struct {
		name string
		args []string
		want execOptions
	}{
		{"bare", []string{"ls"}, execOptions{MinTTL: 10 * time.Minute, Command: []string{"ls"}}},
		{
			"flags of the command are its own",
			[]string{"ls", "--account", "-x", "--", "y"},
			execOptions{MinTTL: 10 * time.Minute, Command: []string{"ls", "--account", "-x", "--", "y"}},
		},
		{"all", []string{
			"--pool", "work", "--strategy", "sticky", "--session", "k", "--exclusive", "--wait", "5m", "--min-ttl", "1m", "--max-wait", "2h",
			"--env", "A={{.AccessToken}}", "--env", "B=x=y", "--use", "--as", "opencode", "--allow-nested", "--no-migrate",
			"--", "run.sh", "-a",
		}, execOptions{
			Wish: wish{Pool: "work", Strategy: "sticky", Session: "k", Exclusive: true}, Wait: 5 * time.Minute, MinTTL: time.Minute, MaxWait: 2 * time.Hour,
			Env: []string{"A={{.AccessToken}}", "B=x=y"}, Use: true, As: "opencode", AllowNested: true, NoMigrate: true,
			Command: []string{"run.sh", "-a"},
		}},
		{"an account", []string{"--account", "work", "x"}, execOptions{Wish: wish{Account: "work"}, MinTTL: 10 * time.Minute, Command: []string{"x"}}},
		{"a chain", []string{"--chain", "all", "x"}, execOptions{Wish: wish{Chain: "all"}, MinTTL: 10 * time.Minute, Command: []string{"x"}}},
		{"retrying", []string{"--retries", "2", "x"}, execOptions{Retries: 2, MinTTL: 10 * time.Minute, Command: []string{"x"}}},
		{"rotating", []string{"--rotate", "x"}, execOptions{Rotate: true, RotateGiven: true, MinTTL: 10 * time.Minute, Command: []string{"x"}}},
		{"not rotating", []string{"--rotate=false", "x"}, execOptions{RotateGiven: true, MinTTL: 10 * time.Minute, Command: []string{"x"}}},
		{"names only", []string{"--print-env"}, execOptions{MinTTL: 10 * time.Minute, PrintEnv: true, Command: []string{}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseExec(t, tt.args...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestExecRefusesWrongOptions(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string
	}{
		{nil, "needs a command"},
		{[]string{"--"}, "needs a command"},
		{[]string{"--min-ttl", "-1s", "ls"}, "--min-ttl"},
		{[]string{"--max-wait", "-1s", "ls"}, "--max-wait"},
		{[]string{"--wait", "-1s", "ls"}, "--wait"},
		{[]string{"--strategy", "best", "ls"}, "sticky"},
		{[]string{"--account", "a", "--pool", "b", "ls"}, "--account and --pool exclude each other"},
		{[]string{"--pool", "b", "--chain", "c", "ls"}, "--pool and --chain exclude each other"},
		{[]string{"--session", "k", "--strategy", "hybrid", "ls"}, "--session"},
		{[]string{"--as", "claude", "ls"}, "opencode, other"},
		{[]string{"--env", "NAME", "ls"}, "NAME=TEMPLATE"},
		{[]string{"--env", "=x", "ls"}, "--env"},
		{[]string{"--env", "A={{.RefreshToken}}", "ls"}, "AccessToken"},
		{[]string{"--env", "A={{", "ls"}, "AccessToken"},
		{[]string{"--env", "KYOLI_PROVIDER=x", "ls"}, "kyoli sets this variable itself"},
		{[]string{"--env", "OPENCODE_AUTH_CONTENT=x", "opencode"}, "kyoli sets this variable itself"},
		{[]string{"--env", "PATH=/x", "ls"}, "found by it"},
		{[]string{"--nonsense", "ls"}, "nonsense"},
	} {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			got, err := parseExec(t, tt.args...)
			if err == nil || got != nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %+v, %v, want an error with %q", got, err, tt.want)
			}
		})
	}
}

func TestExecKnowsOpenCode(t *testing.T) {
	for _, tt := range []struct {
		as, command string
		want        bool
	}{
		{"", "opencode", true},
		{"", "/opt/bin/opencode", true},
		{"", "opencode.exe", true},
		{"", "opencode2", false},
		{"", "./run.sh", false},
		{"opencode", "./run.sh", true},
		{"other", "opencode", false},
	} {
		o := execOptions{As: tt.as, Command: []string{tt.command}}
		if got := o.isOpenCode(); got != tt.want {
			t.Errorf("--as %q %s: %v", tt.as, tt.command, got)
		}
	}
}

func TestNestedExecIsRefused(t *testing.T) {
	f := &Factory{Env: env.Map(map[string]string{env.Provider: "openai"})}
	err := runExec(t.Context(), f, &execOptions{Command: []string{"ls"}})
	if exitCode(err) != exitUsage || hintOf(err) != "kyoli exec --allow-nested -- ls" {
		t.Errorf("got %v (code %d, hint %q)", err, exitCode(err), hintOf(err))
	}
}

// What cannot be started comes with the command that helps, or shows why.
func TestStartHint(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "run me.sh")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		command []string
		code    int
		want    string
	}{
		{[]string{file}, executor.CodeNotExecutable, "chmod +x '" + file + "'"},
		{[]string{filepath.Dir(file)}, executor.CodeNotExecutable, "ls -ld " + filepath.Dir(file)},
		{[]string{filepath.Join(file, "below")}, executor.CodeNotExecutable, "ls -ld '" + filepath.Join(file, "below") + "'"},
		{[]string{"echo a  b"}, executor.CodeNotFound, "kyoli exec -- echo a b"},
		{[]string{"echo a", "b"}, executor.CodeNotFound, "command -v 'echo a'"},
		{[]string{"opencode"}, executor.CodeNotFound, "npm install -g opencode-ai"},
		{[]string{"nowhere"}, executor.CodeNotFound, "command -v nowhere"},
	} {
		_, err := executor.LookPath(tt.command[0], []string{"PATH=" + t.TempDir()})
		err = startFailure(&Factory{}, &execOptions{Command: tt.command}, err)
		if exitCode(err) != tt.code || hintOf(err) != tt.want {
			t.Errorf("%q: code %d, hint %q, want %d, %q", tt.command, exitCode(err), hintOf(err), tt.code, tt.want)
		}
	}
}

func TestExecWantsFiles(t *testing.T) {
	_, err := newExecRun(&Factory{In: &bytes.Buffer{}}, &execOptions{Command: []string{"ls"}}, nil, nil)
	if err == nil || !strings.Contains(err.Error(), "stdin") {
		t.Errorf("got %v", err)
	}
}

// A hint is the whole command line again, and never shows what may be a secret.
func TestExecAgain(t *testing.T) {
	t.Parallel()
	f := &Factory{opts: globalOptions{Provider: "openai", ConfigDir: "/c d"}}
	o := &execOptions{Wish: wish{Account: "it's", Exclusive: true}, Command: []string{"sh", "-c", "a; b"}}
	want := `kyoli exec --wait 5m --config-dir '/c d' --provider openai --account 'it'\''s' --exclusive -- sh -c 'a; b'`
	if got := o.again(f, "--wait", "5m"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	o = &execOptions{Command: []string{"curl", "rt_" + strings.Repeat("a1", 20)}}
	if got := o.again(&Factory{}, "--min-ttl", "1m"); got != "kyoli exec --min-ttl 1m -- …" {
		t.Errorf("got %s", got)
	}
}
