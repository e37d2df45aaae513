//go:build unix

package cmd

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/internal/fakeprovider"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

const logName = "state/kyoli/events.jsonl"

// story is the log as "event account command", without the pieces in between.
func (w *execWorld) story() (lines []string, all []map[string]any) {
	w.t.Helper()
	for line := range strings.Lines(w.read(logName)) {
		var e map[string]any
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			w.t.Fatal(err)
		}
		all = append(all, e)
		lines = append(lines, fmt.Sprint(e["event"], " ", e["account"], " ", e["command"]))
	}
	return lines, all
}

// The log of an exec tells the whole story of its account, and no secret.
func TestExecIsLogged(t *testing.T) {
	t.Parallel()
	w := newExecWorld(t, "work")
	w.expire(0)
	before := store.Secret(w.logins[0]["refreshToken"].(string))
	w.mustRun("exec", "--account", "work", "--", "sh", "-c", "echo $$")
	lines, all := w.story()
	if d := cmp.Diff([]string{
		"claimed work exec", "selected work exec", "refreshed work exec", "renamed work exec",
		"handed-over work exec", "released work exec",
	}, lines); d != "" {
		t.Fatal(d)
	}
	session, child := all[0]["session"], all[4]["holderPid"]
	if session == nil || all[4]["session"] != session || all[5]["session"] != session || child == all[0]["holderPid"] ||
		all[5]["holderPid"] != child || all[0]["program"] != "sh" {
		t.Errorf("of the claim: %v", all)
	}
	after := store.Secret(w.refreshToken(0))
	if all[2]["parent"] != before.Hash() || all[2]["token"] != after.Hash() || all[2]["provider"] != "openai" || all[2]["uuid"] != all[5]["uuid"] ||
		all[3]["reason"] != "was work" {
		t.Errorf("of the refresh: %v", all[2])
	}
	log := w.read(logName)
	for _, secret := range []string{before.Reveal(), after.Reveal(), w.logins[0]["accessToken"].(string)} {
		if strings.Contains(log, secret) {
			t.Error("the log has a token")
		}
	}
	if info, err := os.Stat(w.path(logName)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

// A provider that repeats the token in its refusal does not get it into the log.
func TestRefusalIsLoggedWithoutTheToken(t *testing.T) {
	t.Parallel()
	w := newExecWorld(t, "work", "home")
	w.expire(0)
	token := w.logins[0]["refreshToken"].(string)
	w.provider.Behave(fakeprovider.Behaviour{Endpoint: "token", Status: 400, Body: `{"error":"invalid_grant","error_description":"token ` + token + ` was revoked"}`})
	w.mustRun("exec", "--", "true")
	lines, _ := w.story()
	if d := cmp.Diff([]string{
		"claimed work exec", "selected work exec", "disabled work exec", "released work exec",
		"claimed home exec", "selected home exec", "switched home exec", "handed-over home exec", "released home exec",
	}, lines); d != "" {
		t.Error(d)
	}
	if strings.Contains(w.read(logName), token) {
		t.Error("the log has the token")
	}
}

func TestCommandsAreLogged(t *testing.T) {
	t.Parallel()
	w := newExecWorld(t, "work", "home")
	w.mustRun("accounts", "use", "home")
	w.mustRun("accounts", "disable", "work")
	w.mustRun("accounts", "reset", "home")
	w.mustRun("sync-auth")
	w.mustRun("sync-auth") // has it already
	w.write("data/opencode/auth.json", `{"openai":{"type":"oauth","refresh":"rt-opencode","access":"at-opencode","expires":4102444800000,"accountId":"home"}}`)
	w.mustRun("sync-auth")
	w.mustRun("accounts", "rm", "--yes", "home")
	lines, all := w.story()
	if d := cmp.Diff([]string{
		"switched home accounts use", "disabled work accounts disable", "reset home accounts reset",
		"synced home sync-auth", "adopted home sync-auth", "removed home accounts rm", "switched work accounts rm",
	}, lines); d != "" {
		t.Error(d)
	}
	old := store.Secret(w.logins[1]["refreshToken"].(string))
	if all[4]["parent"] != old.Hash() || all[4]["token"] != store.Secret("rt-opencode").Hash() {
		t.Errorf("of the adoption: %v", all[4])
	}
}

// A log that cannot be written is a note, once, and no more.
func TestALogThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	w := newExecWorld(t, "work")
	w.write("state/kyoli", "a file where the directory should be")
	code, stdout, stderr := w.run("exec", "--", "echo", "hi")
	if code != 0 || stdout != "hi\n" || strings.Count(stderr, "the event log is not written") != 1 {
		t.Errorf("exit %d, %q, %q", code, stdout, stderr)
	}
}

// follow runs `kyoli events --follow`.
type followed struct {
	t   *testing.T
	cmd *exec.Cmd
	out *bufio.Scanner
}

func (w *execWorld) follow(args ...string) *followed {
	w.t.Helper()
	f := &followed{t: w.t, cmd: w.command(append([]string{"events", "--follow"}, args...)...)}
	out, err := f.cmd.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	f.out = bufio.NewScanner(out)
	if err := f.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = f.cmd.Process.Kill(); _ = f.cmd.Wait() })
	return f
}

// next is the kind of the next event.
func (f *followed) next() string {
	f.t.Helper()
	if !f.out.Scan() {
		f.t.Fatal("the log ended")
	}
	var e struct{ Event, Account string }
	if err := json.Unmarshal(f.out.Bytes(), &e); err != nil {
		f.t.Fatal(err)
	}
	return e.Event + " " + e.Account
}

func TestEventsFollow(t *testing.T) {
	t.Parallel()
	w := newExecWorld(t, "work", "home")
	w.mustRun("accounts", "disable", "work")
	f := w.follow("--json", "--account", "work")
	if got := f.next(); got != "disabled work" {
		t.Errorf("at first %q", got)
	}
	w.mustRun("accounts", "disable", "home")
	w.mustRun("accounts", "enable", "work")
	if got := f.next(); got != "enabled work" {
		t.Errorf("then %q", got)
	}
	if err := os.Rename(w.path(logName), w.path(logName+".1")); err != nil {
		t.Fatal(err)
	}
	w.mustRun("accounts", "reset", "work")
	if got := f.next(); got != "reset work" {
		t.Errorf("after a rotation %q", got)
	}
	if err := f.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := f.cmd.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGINT {
		t.Errorf("after Ctrl-C: %v", err)
	}
}

func TestEventsFollowNobody(t *testing.T) {
	t.Parallel()
	w := newExecWorld(t, "work")
	if code, _, stderr := w.run("events", "--follow", "--account", "nobody"); code != exitNoAccount {
		t.Errorf("exit %d, %q", code, stderr)
	}
}
