//go:build unix

package cmd

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/internal/fakeprovider"
)

func TestExecHandsOutAWorkingToken(t *testing.T) {
	w := newExecWorld(t, "work")
	w.expire(0)
	out := w.mustRun("exec", "--", "sh", "-c", `printf '%s|' "$KYOLI_PROVIDER" "$KYOLI_ACCOUNT" "$KYOLI_ACCOUNT_LABEL" "$KYOLI_ACCESS_TOKEN" "$KYOLI_EXPIRES_AT"`)
	got := strings.Split(out, "|")
	if len(got) != 6 || got[0] != "openai" || got[1] != (fakeprovider.Account{ID: "work"}).UUID() || got[2] != "work" || got[3] == w.logins[0]["accessToken"] {
		t.Fatalf("the child got %q", got)
	}
	if expires, err := time.Parse(time.RFC3339, got[4]); err != nil || time.Until(expires) < 10*time.Minute {
		t.Errorf("KYOLI_EXPIRES_AT is %q, %v", got[4], err)
	}
	if n := w.tokenRequests(); n != 1 {
		t.Errorf("%d token requests, want 1", n)
	}
	if !strings.Contains(w.read("config/"+execAccounts), got[3]) {
		t.Error("the token that the child got is not in the store")
	}
}

func TestExecExitCodes(t *testing.T) {
	w := newExecWorld(t, "work")
	w.write("plain.txt", "no program")
	for _, tt := range []struct {
		command []string
		code    int
		said    string
	}{
		{[]string{"sh", "-c", "exit 0"}, 0, ""},
		{[]string{"sh", "-c", "exit 1"}, 1, ""},
		{[]string{"sh", "-c", "exit 255"}, 255, ""},
		{[]string{"sh", "-c", "kill -TERM $$"}, 143, ""},
		{[]string{"sh", "-c", "kill -KILL $$"}, 137, ""},
		{[]string{"no-such-command"}, 127, "kyoli: cannot run \"no-such-command\": command not found\nhint: command -v no-such-command\n"},
		{[]string{w.path("plain.txt")}, 126, "permission denied\nhint: chmod +x " + w.path("plain.txt")},
		{[]string{w.dir}, 126, "is a directory\nhint: ls -ld " + w.dir},
	} {
		code, out, errs := w.run(append([]string{"exec", "--"}, tt.command...)...)
		if code != tt.code || out != "" || !strings.Contains(errs, tt.said) || tt.said == "" && errs != "" {
			t.Errorf("%q: exit code %d, stdout %q, stderr %q; want %d, %q", tt.command, code, out, errs, tt.code, tt.said)
		}
	}
}

// A command that cannot be run costs no account anything.
func TestExecLooksForTheCommandFirst(t *testing.T) {
	w := newExecWorld(t, "work")
	w.expire(0)
	if code, _, _ := w.run("exec", "--", "no-such-command"); code != 127 {
		t.Fatalf("exit code %d", code)
	}
	if n := w.tokenRequests(); n != 0 || len(w.holders()) != 0 {
		t.Errorf("%d token requests, claims %v", n, w.holders())
	}
}

// No refresh token, neither the spent nor the new one, gets anywhere but into
// the account file and what belongs to it.
func TestNoRefreshTokenLeaks(t *testing.T) {
	w := newExecWorld(t, "work", "home")
	w.expire(0)
	w.write("data/opencode/auth.json", `{"other":{"type":"oauth","refresh":"rt-other-login","access":"a","expires":1}}`)
	w.write("bin/opencode", `#!/bin/sh
		env; echo "$OPENCODE_AUTH_CONTENT"; tr '\0' '\n' </proc/$$/cmdline; tr '\0' '\n' </proc/$PPID/cmdline; tr '\0' '\n' </proc/$PPID/environ
	`)
	code, out, errs := w.run("exec", "--debug", "--account", "work", "--env", "X={{.AccessToken}}", "--", "opencode")
	if code != 0 || !strings.Contains(out, "OPENCODE_AUTH_CONTENT=") {
		t.Fatalf("exit code %d\n%s%s", code, out, errs)
	}
	_, failed, failedErrs := w.run("exec", "--debug", "--account", "nobody", "--", "env")
	secrets := []string{"rt-other-login", w.refreshToken(0)}
	for _, login := range w.logins {
		secrets = append(secrets, login["refreshToken"].(string))
	}
	if secrets[1] == secrets[2] {
		t.Fatal("nothing was rotated")
	}
	for _, secret := range secrets {
		for name, text := range map[string]string{"stdout": out, "stderr": errs, "failed": failed + failedErrs} {
			if strings.Contains(text, secret) {
				t.Errorf("%s has a refresh token:\n%s", name, text)
			}
		}
		for _, path := range filesWith(t, w.dir, secret) {
			if !strings.HasPrefix(path, "config/"+execAccounts) && path != "data/opencode/auth.json" {
				t.Errorf("%s has a refresh token", path)
			}
		}
	}
	if strings.Contains(errs, w.logins[1]["accessToken"].(string)) {
		t.Error("stderr has an access token")
	}
}

// filesWith are the files below dir that hold text.
func filesWith(t *testing.T, dir, text string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(data), text) {
			rel, _ := filepath.Rel(dir, path)
			found = append(found, rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// Names that a server or a file chose do nothing to a terminal that exec tells them on.
func TestExecTellsNamesHarmlessly(t *testing.T) {
	w := newExecWorld(t, "dead", "good")
	w.expire(0)
	w.set(0, "refreshToken", "unknown to the provider")
	w.set(0, "label", evil)
	w.set(0, "email", evil)
	for _, args := range [][]string{{"--", "true"}, {"--account", evil, "--", "true"}, {"--account", "nobody" + evil, "--json", "--", "true"}, {"--pool", evil, "--", "true"}} {
		_, out, errs := w.run(append([]string{"exec", "--debug"}, args...)...)
		if text := harm(out + errs); text != "" || !strings.Contains(errs, "i") {
			t.Errorf("%q: %q of %q", args, text, errs)
		}
	}
}

func TestExecsAtOnceTakeDifferentAccounts(t *testing.T) {
	w := newExecWorld(t, "a", "b", "c")
	const script = `echo "$KYOLI_ACCOUNT $$"; read x`
	seen := map[string]bool{}
	var sessions []*session
	for range 3 {
		s := w.start(script)
		sessions = append(sessions, s)
	}
	for _, s := range sessions {
		account, pid, _ := strings.Cut(s.line(), " ")
		seen[account] = true
		held := w.holders()[account]
		if len(held) != 1 || strconv.Itoa(held[0].PID) != pid || held[0].Command != "sh" {
			t.Errorf("%s is held by %+v, its child is %s", account, held, pid)
		}
	}
	if len(seen) != 3 {
		t.Errorf("three at once took %v", seen)
	}
	for _, s := range sessions {
		if code := s.finish(); code != 1 { // read at end of file
			t.Errorf("exit code %d\n%s", code, s.errs.String())
		}
	}
	if held := w.holders(); len(held) != 0 {
		t.Errorf("still held: %v", held)
	}
}

// kyoli is killed: the child goes on, and holds the account until it ends.
func TestClaimFollowsTheChild(t *testing.T) {
	w := newExecWorld(t, "a", "b")
	s := w.start(`echo "$KYOLI_ACCOUNT $$"; read x; echo still here`)
	account, pid, _ := strings.Cut(s.line(), " ")
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.cmd.Process.Wait(); err != nil {
		t.Fatal(err)
	}
	if held := w.holders()[account]; len(held) != 1 || strconv.Itoa(held[0].PID) != pid {
		t.Errorf("%s is held by %+v", account, held)
	}
	if out := w.mustRun("exec", "--", "sh", "-c", `echo "$KYOLI_ACCOUNT"`); strings.TrimSpace(out) == account {
		t.Errorf("the next exec took %s as well", out)
	}
	if held := w.holders()[account]; len(held) != 1 {
		t.Errorf("another kyoli dropped the claim: %+v", held)
	}
	_ = s.in.Close()
	if line := s.line(); line != "still here" {
		t.Errorf("the child said %q", line)
	}
	n, _ := strconv.Atoi(pid)
	awaitGone(t, n)
	if held := w.holders(); len(held) != 0 {
		t.Errorf("the dead still hold %v", held)
	}
}

// awaitGone waits until a process is gone, or a zombie that its new parent has
// not reaped.
func awaitGone(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if syscall.Kill(pid, 0) == syscall.ESRCH || err == nil && strings.Contains(string(stat), ") Z ") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("pid %d does not end", pid)
		}
	}
}

func TestExecGoesOnWithTheNextAccount(t *testing.T) {
	w := newExecWorld(t, "dead", "good")
	w.expire(0)
	w.set(0, "refreshToken", "unknown to the provider")
	code, out, errs := w.run("exec", "--", "sh", "-c", `echo "$KYOLI_ACCOUNT_LABEL"`)
	if code != 0 || out != "good\n" || !strings.Contains(errs, "dead") || !strings.Contains(errs, "trying the next account") {
		t.Errorf("exit code %d, %q, %q", code, out, errs)
	}
	if len(w.holders()) != 0 {
		t.Errorf("still held: %v", w.holders())
	}
	// Named, it is an error of its own.
	code, _, errs = w.run("exec", "--account", "dead", "--", "env")
	if code != exitLogin || !strings.Contains(errs, "hint: ") {
		t.Errorf("by name: exit code %d, %q", code, errs)
	}
}

func TestExecWithoutAnAccount(t *testing.T) {
	far := time.Now().Add(2 * time.Hour)
	for _, tt := range []struct {
		name   string
		world  func() *execWorld
		flags  []string
		code   int
		stderr []string
	}{
		{"none", func() *execWorld { return newExecWorld(t) }, nil, exitLogin, []string{"hint: kyoli login"}},
		{
			"none of the provider", func() *execWorld { return newExecWorld(t, "a") },
			[]string{"--provider", "anthropic"},
			exitLogin,
			[]string{"anthropic", "hint: kyoli accounts add --provider anthropic"},
		},
		{"all limited", func() *execWorld {
			w := newExecWorld(t, "a", "b")
			w.set(0, "rateLimitResetAt", far.UnixMilli())
			w.set(1, "rateLimitResetAt", far.Add(time.Hour).UnixMilli())
			return w
		}, nil, exitNoUsable, []string{far.Local().Format("2006-01-02T15:04")}},
		{"named and disabled", func() *execWorld {
			w := newExecWorld(t, "a", "b")
			w.set(1, "enabled", false)
			return w
		}, []string{"--account", "b"}, exitNoUsable, []string{"account b", "disabled", "hint: kyoli accounts enable"}},
		{"unknown", func() *execWorld { return newExecWorld(t, "a") }, []string{"--account", "zzz"}, exitNoAccount, []string{"zzz"}},
		{"unreachable", func() *execWorld {
			w := newExecWorld(t, "a")
			w.expire(0)
			w.write("config/kyoli.yaml", "adapters:\n  openai: { token_url: \"http://127.0.0.1:1/oauth/token\" }\n")
			return w
		}, nil, exitTryLater, []string{"a"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := tt.world()
			code, out, errs := w.run(append(append([]string{"exec"}, tt.flags...), "--", "echo", "ran")...)
			if code != tt.code || out != "" {
				t.Errorf("exit code %d, want %d; stdout %q, stderr %q", code, tt.code, out, errs)
			}
			for _, want := range tt.stderr {
				if !strings.Contains(errs, want) {
					t.Errorf("stderr %q lacks %q", errs, want)
				}
			}
			if len(w.holders()) != 0 {
				t.Errorf("still held: %v", w.holders())
			}
		})
	}
}

func TestExecUse(t *testing.T) {
	w := newExecWorld(t, "a", "b")
	active := func() bool { return strings.Contains(w.read("config/"+execAccounts), `"activeAccountUuid": "b"`) }
	w.mustRun("exec", "--account", "b", "--", "true")
	if active() {
		t.Error("exec changed the active account")
	}
	w.mustRun("exec", "--account", "b", "--use", "--", "true")
	if !active() {
		t.Error("--use did not")
	}
}

func TestPrintEnvRunsNothing(t *testing.T) {
	w := newExecWorld(t, "a")
	w.expire(0)
	out := w.mustRun("exec", "--print-env", "--env", "MINE={{.AccessToken}}", "--", "touch", w.path("ran"))
	want := "KYOLI_ACCESS_TOKEN\nKYOLI_ACCOUNT\nKYOLI_ACCOUNT_LABEL\nKYOLI_EXPIRES_AT\nKYOLI_PROVIDER\nMINE\nOPENAI_ACCESS_TOKEN\n"
	if out != want {
		t.Errorf("got %q, want %q", out, want)
	}
	if _, err := os.Stat(w.path("ran")); err == nil || w.tokenRequests() != 0 || len(w.holders()) != 0 {
		t.Error("--print-env did more than print")
	}
}

func TestExecInsideExec(t *testing.T) {
	w := newExecWorld(t, "a", "b")
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	code, _, errs := w.run("exec", "--", exe, playKyoli, "exec", "--", "true")
	if code != exitUsage || !strings.Contains(errs, "--allow-nested") {
		t.Errorf("exit code %d, %q", code, errs)
	}
	out := w.mustRun("exec", "--account", "a", "--", exe, playKyoli, "exec", "--allow-nested", "--", "sh", "-c", `echo "$KYOLI_ACCOUNT_LABEL"`)
	if out != "b\n" {
		t.Errorf("inside, %q was chosen, want the one that is free", out)
	}
}

// The exit code after a signal is the child's, and the claim is released.
func TestTermReachesTheChild(t *testing.T) {
	w := newExecWorld(t, "a")
	s := w.start(`trap 'echo termed; exit 9' TERM; echo ready; while :; do read x || sleep 0.01; done`)
	if line := s.line(); line != "ready" {
		t.Fatalf("got %q", line)
	}
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if line := s.line(); line != "termed" {
		t.Errorf("got %q", line)
	}
	if code := s.finish(); code != 9 || len(w.holders()) != 0 {
		t.Errorf("exit code %d, held %v", code, w.holders())
	}
}
