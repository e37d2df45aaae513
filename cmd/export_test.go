package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

func TestExportOptions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		line string
		want *exportOptions
		fail string
	}{
		{line: "", want: &exportOptions{}},
		{line: "--plaintext --to x -a a --account b,c --force", want: &exportOptions{To: "x", Plaintext: true, Force: true, Accounts: []string{"a", "b,c"}}},
		{
			line: "-r age1a --recipient age1b -R keys --armor",
			want: &exportOptions{Recipients: []string{"age1a", "age1b"}, RecipientFiles: []string{"keys"}, Armor: true},
		},
		{line: "--passphrase-file p --to x", want: &exportOptions{To: "x", unlockOptions: unlockOptions{PassphraseFile: "p"}}},
		{
			line: "--if-rotated -i key --recipient age1a --to x",
			want: &exportOptions{To: "x", IfRotated: true, Recipients: []string{"age1a"}, unlockOptions: unlockOptions{Identities: []string{"key"}}},
		},
		{line: "--plaintext", fail: "--plaintext needs --to FILE"},
		{line: "--plaintext --to -", fail: "--plaintext needs --to FILE"},
		{line: "--plaintext --to x -r age1a", fail: "contradict"},
		{line: "--plaintext --to x --armor", fail: "contradict"},
		{line: "--passphrase-file p -r age1a", fail: "contradict"},
		{line: "--to <>", fail: "want the name of a file"},
		{line: "--passphrase-file <>", fail: "want the name of a file"},
		{line: "--identity key", fail: "name the public key"},
		{line: "x", fail: "unknown command"},
	} {
		args := strings.Fields(c.line)
		for i, arg := range args {
			if arg == "<>" {
				args[i] = ""
			}
		}
		var got *exportOptions
		cmd := newExportCmd(&Factory{}, func(_ context.Context, o *exportOptions) error { got = o; return nil })
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		cmd.SetArgs(args)
		err := cmd.Execute()
		if c.fail != "" {
			if err == nil || !strings.Contains(err.Error(), c.fail) || got != nil {
				t.Errorf("%q: %+v, %v, want an error with %q", c.line, got, err, c.fail)
			}
			continue
		}
		if d := cmp.Diff(c.want, got, cmp.AllowUnexported(exportOptions{})); d != "" || err != nil {
			t.Errorf("%q: %v %s", c.line, err, d)
		}
	}
}

// A world with accounts at two providers, and a pool.
func exportWorld(t *testing.T) *accountsWorld {
	t.Helper()
	w := newAccountsWorld(t)
	w.fill(openaiFile, w.entry("work", fields{"own": json.Number("12345678901234567890")}), w.entry("home", fields{"isAuthDisabled": true, "authDisabledReason": "ended"}))
	w.fill(anthropicFile, w.entry("claude", nil))
	w.write("multiauth-pools.json", `{"pools":[{"name":"team","baseProvider":"openai","members":["uuid-work"],"enabled":true,"own":1}],
		"chains":[{"name":"all","entries":[{"pool":"team","enabled":true}],"enabled":true}]}`)
	return w
}

// whole is everything in a directory that an export has.
func (w *accountsWorld) whole() string {
	return w.read(openaiFile) + w.read(anthropicFile) + w.read("multiauth-pools.json")
}

func TestExportAndImportOfEverything(t *testing.T) {
	t.Parallel()
	w := exportWorld(t)
	w.must("accounts", "use", "home")
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	w.write("key.txt", "# mine\n"+id.String()+"\n")
	w.write("phrase.txt", " correct horse \n")
	w.write("recipients.txt", "# us\n"+id.Recipient().String()+"\n")
	for name, c := range map[string]struct {
		export, unlock []string
		encryption     string
	}{
		"plain":        {export: []string{"--plaintext"}, encryption: "none"},
		"recipient":    {export: []string{"-r", id.Recipient().String()}, unlock: []string{"-i", "key.txt"}, encryption: "recipients"},
		"in a file":    {export: []string{"-R", "recipients.txt", "--armor"}, unlock: []string{"-i", "key.txt"}, encryption: "recipients"},
		"passphrase":   {export: []string{"--passphrase-file", "phrase.txt"}, unlock: []string{"--passphrase-file", "phrase.txt"}, encryption: "passphrase"},
		"its old name": {export: []string{"--plaintext"}, encryption: "none"},
	} {
		out := w.path("out " + name)
		for _, args := range [][]string{c.export, c.unlock} {
			for i, arg := range args {
				if strings.HasSuffix(arg, ".txt") {
					args[i] = w.path(arg)
				}
			}
		}
		command := []string{"export", "--json", "--to", out}
		if name == "its old name" {
			command = append([]string{"accounts"}, command...)
		}
		stdout, _ := w.must(append(command, c.export...)...)
		var row exportedRow
		if err := json.Unmarshal([]byte(stdout), &row); err != nil {
			t.Fatal(err)
		}
		want := exportedRow{
			Result: "written", File: out, Providers: []string{"anthropic", "openai"},
			Accounts: []string{"uuid-claude", "uuid-work", "uuid-home"}, Encryption: c.encryption,
		}
		if d := cmp.Diff(want, row); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		data, err := os.ReadFile(out)
		if err != nil || c.encryption != "none" && strings.Contains(string(data), "-secret-") {
			t.Errorf("%s: %v, %d bytes that hold a token", name, err, len(data))
		}
		if info, err := os.Stat(out); err != nil || runtime.GOOS != "windows" && info.Mode() != 0o600 {
			t.Errorf("%s: mode %v", name, info.Mode())
		}
		there := newAccountsWorld(t)
		there.must(append([]string{"import", out}, c.unlock...)...)
		got, want1 := there.accounts(openaiFile), w.accounts(openaiFile)
		if d := cmp.Diff(want1.List, got.List, cmpopts.IgnoreUnexported(store.Account{})); d != "" || got.Active != "uuid-home" {
			t.Errorf("%s: active %s: %s", name, got.Active, d)
		}
		whole := there.whole()
		for _, part := range []string{"12345678901234567890", "uuid-claude", `"own":1`, `"all"`} {
			if !strings.Contains(whole, part) {
				t.Errorf("%s: %s was lost", name, part)
			}
		}
		if stdout, _ := there.must(append([]string{"import", out}, c.unlock...)...); strings.Count(stdout, "unchanged") != 5 || there.whole() != whole {
			t.Errorf("%s, again: %q", name, stdout)
		}
	}
}

func TestExportToStdout(t *testing.T) {
	t.Parallel()
	w := exportWorld(t)
	w.vars = map[string]string{"KYOLI_PASSPHRASE": "correct horse"}
	stdout, stderr := w.must("export", "--account", "work")
	if !strings.HasPrefix(stdout, "age-encryption.org/v1\n") || stderr != "" {
		t.Errorf("%.60q, %q", stdout, stderr)
	}
	there := newAccountsWorld(t)
	there.stdin = stdout
	there.vars = w.vars
	if got, _ := there.must("import", "-"); got != "account\twork\topenai\tcreated\t\n" {
		t.Errorf("%q", got)
	}
	w.tty = true
	if stdout, _ := w.must("export"); !strings.HasPrefix(stdout, "-----BEGIN AGE ENCRYPTED FILE-----\n") {
		t.Errorf("on a terminal: %.60q", stdout)
	}
	if code, stdout, stderr := w.run("export", "--json"); code != exitUsage || stdout != "" || !strings.Contains(stderr, "needs --to FILE") {
		t.Errorf("--json: exit %d, %q, %q", code, stdout, stderr)
	}
}

func TestExportAsksForThePassphraseTwice(t *testing.T) {
	t.Parallel()
	w := exportWorld(t)
	if code, _, stderr := w.run("export", "--to", w.path("x.age")); code != exitCancelled || !strings.Contains(stderr, "give --passphrase-file FILE or $KYOLI_PASSPHRASE") {
		t.Errorf("no terminal: exit %d, %q", code, stderr)
	}
	w.tty, w.answers = true, "correct horse\n"
	w.must("export", "--to", w.path("x.age"))
	if got := w.terminal.String(); got != "passphrase for the export: \nthe same once more: \n" {
		t.Errorf("asked %q", got)
	}
	there := newAccountsWorld(t)
	there.tty, there.answers = true, "wrong\n"
	if code, _, stderr := there.run("import", w.path("x.age")); code != exitGeneral || !strings.Contains(stderr, "the passphrase is wrong\nhint: kyoli import ") {
		t.Errorf("wrong: exit %d, %q", code, stderr)
	}
	there.answers = "correct horse\n"
	there.must("import", w.path("x.age"))
	w.answers = ""
	if code, _, stderr := w.run("export", "--to", w.path("y.age")); code != exitCancelled || !strings.Contains(stderr, "no passphrase") {
		t.Errorf("none: exit %d, %q", code, stderr)
	}
}

func TestExportIfRotated(t *testing.T) {
	t.Parallel()
	w := exportWorld(t)
	out := w.path("out.json")
	w.must("export", "--plaintext", "--to", out, "-a", "work")
	secret := w.read("out.json")
	if err := os.Remove(out); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := w.run("export", "--if-rotated", "--plaintext", "--to", out); code != exitUsage || !strings.Contains(stderr, "$KYOLI_ACCOUNTS, which is not set") {
		t.Errorf("not set: exit %d, %q", code, stderr)
	}
	w.vars = map[string]string{"KYOLI_ACCOUNTS": secret}
	args := []string{"export", "--if-rotated", "--plaintext", "--to", out, "-a", "work"}
	stdout, _ := w.must(append(args, "--json")...)
	var row exportedRow
	if err := json.Unmarshal([]byte(stdout), &row); err != nil || row.Result != "unchanged" || row.File != "" {
		t.Errorf("%q (%v)", stdout, err)
	}
	if _, stderr := w.must(args...); stderr != "nothing to hand back: $KYOLI_ACCOUNTS has the logins as they are now\n" {
		t.Errorf("%q", stderr)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("it was written")
	}
	w.fill(openaiFile, w.entry("work", fields{"refreshToken": "rt-secret-next"}))
	w.must(args...)
	if !strings.Contains(w.read("out.json"), "rt-secret-next") {
		t.Error("what was rotated is not in it")
	}
	w.vars["KYOLI_ACCOUNTS"] = "{"
	if code, _, stderr := w.run(append(args, "--force")...); code != exitUsage || !strings.Contains(stderr, "$KYOLI_ACCOUNTS: line 1") {
		t.Errorf("damaged: exit %d, %q", code, stderr)
	}
}

func TestExportKeysThatAreNone(t *testing.T) {
	t.Parallel()
	w := exportWorld(t)
	w.write("empty", "\n")
	w.write("two", "a\nb\n")
	w.write("noise", "AGE-SECRET-KEY-1QQQQ\n")
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"-r age1nonsense", exitUsage, "--recipient: want a public key"},
		{"-r AGE-SECRET-KEY-1QQQQQQQQQQQQQ", exitUsage, "looks like a token"},
		{"-R NOISE", exitUsage, "is not a list of age recipients"},
		{"-R MISSING", exitGeneral, "missing: "},
		{"--passphrase-file EMPTY", exitUsage, "the passphrase is empty"},
		{"--passphrase-file TWO", exitUsage, "one line"},
		{"--passphrase-file MISSING", exitGeneral, "missing: "},
	} {
		line := strings.NewReplacer("NOISE", w.path("noise"), "MISSING", w.path("missing"), "EMPTY", w.path("empty"), "TWO", w.path("two")).Replace(c.args)
		code, stdout, stderr := w.run(append([]string{"export", "--to", w.path("out")}, strings.Fields(line)...)...)
		if code != c.code || stdout != "" || !strings.Contains(stderr, c.says) || strings.Contains(stderr, "QQQQ") {
			t.Errorf("%s: exit %d, %q, %q", c.args, code, stdout, stderr)
		}
	}
	if _, err := os.Stat(w.path("out")); err == nil {
		t.Error("something was written")
	}
}

// What export writes, add reads: on another machine it is the same account, here
// it is known.
func TestAccountsExportAndAdd(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	w.fill(openaiFile,
		w.entry("work", fields{
			"own": fields{"big": json.Number("12345678901234567890")}, "enabled": false, "rateLimitResetAt": w.ms(time.Hour),
			"cachedUsage": w.usage(42, 7, time.Hour, time.Hour), "cachedUsageAt": 5, "isAuthDisabled": true, "authDisabledReason": "x",
		}),
		w.entry("home", nil))
	file := w.path("export.json")
	stdout, stderr := w.must("export", "--plaintext", "--to", file)
	if stdout != "" || stderr != "wrote 2 accounts of openai to "+file+"; whoever has this file is logged in\n" {
		t.Errorf("%q, %q", stdout, stderr)
	}
	if info, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && info.Mode() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	before := w.read(openaiFile)
	if _, stderr := w.must("accounts", "add", "--file", file); strings.Count(stderr, "unchanged ") != 2 || w.read(openaiFile) != before {
		t.Errorf("here: %q", stderr)
	}
	there := newAccountsWorld(t)
	if _, stderr := there.must("accounts", "add", "--file", file); strings.Count(stderr, "added ") != 2 {
		t.Errorf("there: %q", stderr)
	}
	got, want := there.accounts(openaiFile), w.accounts(openaiFile)
	want.List[0].IsAuthDisabled, want.List[0].AuthDisabledReason = false, "" // a login is given a try
	if d := cmp.Diff(want.List, got.List, cmpopts.IgnoreUnexported(store.Account{})); d != "" || got.Active != want.Active {
		t.Errorf("active %s: %s", got.Active, d)
	}
	if !strings.Contains(there.read(openaiFile), "12345678901234567890") {
		t.Error("an unknown field was lost")
	}
}

func TestExportRefuses(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	w.fill(openaiFile, w.entry("work", nil))
	w.fill(anthropicFile, w.entry("claude", nil))
	w.write("there.json", "mine")
	w.write("loose.json", "mine")
	if err := os.Chmod(w.path("loose.json"), 0o644); err != nil {
		t.Fatal(err)
	}
	auth := w.path(".local/share/opencode/auth.json")
	if err := os.MkdirAll(filepath.Dir(auth), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(auth, []byte("{}"), 0o600), os.Symlink(w.path(openaiFile), w.path("link.json"))); err != nil {
		t.Fatal(err)
	}
	before := w.read(openaiFile)
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"", exitUsage, "--plaintext needs --to FILE"},
		{"--to -", exitUsage, "never to stdout"},
		{"--to " + os.DevNull, exitUsage, "is not a file"},
		{"--to " + w.dir, exitUsage, "is not a file"},
		{"--to " + w.path("there.json"), exitGeneral, "there.json is there already\nhint: kyoli export --force --plaintext --to "},
		{"--to " + w.path(openaiFile) + " --force", exitUsage, "in use by kyoli"},
		{"--to " + w.path("link.json") + " --force", exitUsage, "in use by kyoli"},
		{"--to " + auth + " --force", exitUsage, "in use by kyoli or OpenCode"},
		{"--to " + w.path("no/dir.json") + " --provider openai", exitGeneral, "hint: mkdir -p "},
		{"--to " + w.path("loose.json") + " --force", exitUsage, "loose.json is open to other users (mode 0644): tokens are not written there\nhint: chmod 600 "},
		{"--to " + w.path("new.json") + " -a nobody", exitNoAccount, "nobody"},
		{"--to " + w.path("new.json") + " --provider nobody", exitUsage, "nobody"},
	} {
		code, stdout, stderr := w.run(append([]string{"export", "--plaintext"}, strings.Fields(c.args)...)...)
		if code != c.code || stdout != "" || !strings.Contains(stderr, c.says) {
			t.Errorf("%s: exit %d, %q, %q", c.args, code, stdout, stderr)
		}
	}
	if w.read(openaiFile) != before || w.read("there.json") != "mine" {
		t.Error("a file was replaced")
	}
	stdout, _ := w.must("export", "--plaintext", "--to", w.path("there.json"), "--force", "-a", "claude", "--json")
	var row exportedRow
	if err := json.Unmarshal([]byte(stdout), &row); err != nil || row.Provider != "anthropic" || len(row.Accounts) != 1 {
		t.Errorf("%q (%v)", stdout, err)
	}
	if got := w.read("there.json"); !strings.Contains(got, "rt-secret-claude") || strings.Contains(got, "mine") {
		t.Errorf("by force: %s", got)
	}
	empty := newAccountsWorld(t)
	if code, _, stderr := empty.run("export", "--plaintext", "--to", empty.path("x.json"), "--provider", "openai"); code != exitLogin || !strings.Contains(stderr, "nothing to export") {
		t.Errorf("none: exit %d, %q", code, stderr)
	}
}
