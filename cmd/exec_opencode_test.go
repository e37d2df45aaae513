//go:build unix

package cmd

import (
	"encoding/json"
	"os"
	"strconv"
	"testing"
)

// logInAs is what OpenCode does when it stores a login in a run on
// OPENCODE_AUTH_CONTENT: it writes what it has there, and the login, over
// auth.json.
const logInAs = `store() {
	printf '%s' "$OPENCODE_AUTH_CONTENT" |
		sed 's/}$/,"new":{"type":"oauth","refresh":"rt-new","access":"x","expires":1}}/' >"$XDG_DATA_HOME/opencode/auth.json"
}
`

const authBefore = `{
  "other": {"type":"oauth","refresh":"rt-other","access":"a","expires":1},
  "key": {"type":"api","key":"sk-keep"}
}`

type authEntry struct{ Type, Refresh, Access, Key, AccountID string }

func parseAuthFile(t *testing.T, text string) map[string]authEntry {
	t.Helper()
	var file map[string]authEntry
	if err := json.Unmarshal([]byte(text), &file); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	return file
}

func checkHealed(t *testing.T, w *execWorld) {
	t.Helper()
	got := parseAuthFile(t, w.read("data/opencode/auth.json"))
	if len(got) != 3 || got["other"].Refresh != "rt-other" || got["key"].Key != "sk-keep" || got["new"].Refresh != "rt-new" {
		t.Errorf("auth.json has %+v", got)
	}
}

func TestOpenCodeGetsItsLogins(t *testing.T) {
	w := newExecWorld(t, "work")
	w.write("data/opencode/auth.json", authBefore)
	w.write("bin/opencode", "#!/bin/sh\nprintf '%s' \"$OPENCODE_AUTH_CONTENT\"\n")
	code, out, errs := w.run("exec", "--", "opencode")
	got := parseAuthFile(t, out)
	want := map[string]authEntry{
		"openai": {Type: "oauth", Access: w.logins[0]["accessToken"].(string), AccountID: "work"},
		"other":  {Type: "oauth", Access: "a"},
		"key":    {Type: "api", Key: "sk-keep"},
	}
	for key, entry := range want {
		if got[key] != entry {
			t.Errorf("%s: got %+v, want %+v", key, got[key], entry)
		}
	}
	if code != 0 || len(got) != 3 || errs != "note: these logins of OpenCode cannot renew themselves in this run: other\n" {
		t.Errorf("exit code %d, %d entries, stderr %q", code, len(got), errs)
	}
	if w.read("data/opencode/auth.json") != authBefore {
		t.Error("auth.json was touched")
	}
	// The same for another name, and not for this name, when told so.
	if out := w.mustRun("exec", "--as", "opencode", "--", "sh", "-c", `printf '%s' "${OPENCODE_AUTH_CONTENT:+set}"`); out != "set" {
		t.Errorf("--as opencode: %q", out)
	}
	if out := w.mustRun("exec", "--as", "other", "--", "opencode"); out != "" {
		t.Errorf("--as other: %q", out)
	}
}

func TestOpenCodesLoginsAreHealed(t *testing.T) {
	w := newExecWorld(t, "work")
	w.write("data/opencode/auth.json", authBefore)
	w.write("bin/opencode", "#!/bin/sh\n"+logInAs+"store\nexit 3\n")
	if code, _, errs := w.run("exec", "--", "opencode"); code != 3 {
		t.Fatalf("exit code %d, %q", code, errs)
	}
	checkHealed(t, w)
}

func TestOpenCodesLoginsAreHealedAfterAKill(t *testing.T) {
	w := newExecWorld(t, "work")
	w.write("data/opencode/auth.json", authBefore)
	w.write("bin/opencode", "#!/bin/sh\n"+logInAs+"echo $$; read x; store; echo stored\n")
	s := w.startCommand("opencode")
	pid, err := strconv.Atoi(s.line())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.cmd.Process.Wait(); err != nil {
		t.Fatal(err)
	}
	_ = s.in.Close()
	if line := s.line(); line != "stored" {
		t.Fatalf("got %q", line)
	}
	awaitGone(t, pid)
	if got := parseAuthFile(t, w.read("data/opencode/auth.json")); got["other"].Refresh != "" {
		t.Fatalf("the test's OpenCode did no harm: %+v", got)
	}
	w.mustRun("exec", "--", "true")
	checkHealed(t, w)
}

func TestDamagedAuthFileStopsOpenCode(t *testing.T) {
	w := newExecWorld(t, "work")
	w.write("data/opencode/auth.json", `{"other":`)
	w.write("bin/opencode", "#!/bin/sh\ntouch \"$HOME/ran\"\n")
	code, _, errs := w.run("exec", "--", "opencode")
	if _, err := os.Stat(w.path("ran")); code != exitGeneral || err == nil {
		t.Errorf("exit code %d, %q", code, errs)
	}
	if w.read("data/opencode/auth.json") != `{"other":` || len(w.holders()) != 0 {
		t.Error("something was written, or is still held")
	}
}
