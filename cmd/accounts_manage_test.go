package cmd

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/pkg/claims"
)

func TestAccountsShow(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	w.fill(openaiFile, w.entry("work", fields{
		"cachedUsage": w.usage(42, 7, 90*time.Minute, 80*time.Hour), "isAuthDisabled": true, "authDisabledReason": "invalid_grant",
	}), w.entry("home", nil))
	stdout, _ := w.must("accounts", "show", "--format", "table")
	want := strings.TrimPrefix(`
provider       openai
uuid           uuid-work
label          work
email          work@example.com
plan           ChatGPT Plus
status         needs a new login
reason         invalid_grant
active         yes
enabled        yes
5h             ██░░░  42%
7d             █░░░░   7%
7d sonnet      -
token expires  in 2h
tokens         not sealed
limited until  -
last used      1m ago
held by        -
`, "\n")
	if d := cmp.Diff(want, stdout); d != "" {
		t.Errorf("the active one: %s", d)
	}
	stdout, _ = w.must("accounts", "show", "home")
	if !strings.Contains(stdout, "token expires\t2026-05-01T14:00:00Z\n") || !strings.Contains(stdout, "plan\tplus\n") {
		t.Errorf("for programs: %q", stdout)
	}
	if stdout, _ = w.must("accounts", "show", "uuid-h", "--format", "yaml"); !strings.Contains(stdout, "label: home\n") {
		t.Errorf("YAML: %q", stdout)
	}
}

func TestAccountsShowWithoutAName(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	if code, _, stderr := w.run("accounts", "show"); code != exitLogin || !strings.Contains(stderr, "hint: kyoli login") {
		t.Errorf("no accounts: exit %d, %q", code, stderr)
	}
	w.fill(openaiFile, w.entry("work", fields{"uuid": "uuid-x"}))
	w.write(openaiFile, strings.Replace(w.read(openaiFile), `"activeAccountUuid":"uuid-x"`, `"activeAccountUuid":"gone"`, 1))
	if code, _, stderr := w.run("accounts", "show"); code != exitNoAccount || !strings.Contains(stderr, "hint: kyoli accounts use") {
		t.Errorf("none is active: exit %d, %q", code, stderr)
	}
	w.fill(anthropicFile, w.entry("claude", nil))
	if code, _, stderr := w.run("accounts", "show"); code != exitUsage || !strings.Contains(stderr, "anthropic, openai") {
		t.Errorf("of which provider: exit %d, %q", code, stderr)
	}
	if stdout, _ := w.must("accounts", "show", "--provider", "anthropic", "--json"); !strings.Contains(stdout, `"claude"`) {
		t.Errorf("of one provider: %q", stdout)
	}
}

// state is what an account file says of its accounts, one word for each.
func (w *accountsWorld) state(file string) string {
	w.t.Helper()
	var words []string
	accounts := w.accounts(file)
	for _, a := range accounts.List {
		word := a.Name()
		if !a.Enabled {
			word += "-off"
		}
		if a.IsAuthDisabled {
			word += "-dead"
		}
		if a.RateLimitResetAt != 0 {
			word += "-limited"
		}
		if a.UUID == accounts.Active {
			word += "*"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

func TestAccountsChange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		line, stdout, openai, anthropic string
	}{
		{"use b", "b\tready\tactive\n", "a b* c-off d-dead e-limited", "x*"},
		{"use a@example.com", "a\tready\tactive\n", "a* b c-off d-dead e-limited", "x*"},
		{"disable a uuid-b a", "a\tdisabled\tactive\nb\tdisabled\n", "a-off* b-off c-off d-dead e-limited", "x*"},
		{"enable c d", "c\tready\nd\tready\n", "a* b c d e-limited", "x*"},
		{"toggle a c d x", "a\tdisabled\tactive\nc\tready\nd\tready\nx\tdisabled\tactive\n", "a-off* b c d e-limited", "x-off*"},
		{"reset e d", "e\tready\nd\tready\n", "a* b c-off d e", "x*"},
		{"reset --all --provider openai", "a\tready\tactive\nb\tready\nc\tdisabled\nd\tready\ne\tready\n", "a* b c-off d e", "x*"},
		{"label a new", "new\tready\tactive\n", "new* b c-off d-dead e-limited", "x*"},
		{"label a --clear", "a@example.com\tready\tactive\n", "a@example.com* b c-off d-dead e-limited", "x*"},
		{"label a b2 --json", "", "b2* b c-off d-dead e-limited", "x*"},
		{"rm b e --yes", "b\tremoved\ne\tremoved\n", "a* c-off d-dead", "x*"},
		{"rm a -y", "a\tremoved\n", "b* c-off d-dead e-limited", "x*"},
		{"rm --all -y --provider anthropic", "x\tremoved\n", "a* b c-off d-dead e-limited", ""},
		{"rm --all -y", "x\tremoved\na\tremoved\nb\tremoved\nc\tremoved\nd\tremoved\ne\tremoved\n", "", ""},
	} {
		t.Run(c.line, func(t *testing.T) {
			t.Parallel()
			w := newAccountsWorld(t)
			w.fill(openaiFile, w.entry("a", nil), w.entry("b", nil), w.entry("c", fields{"enabled": false}),
				w.entry("d", fields{"isAuthDisabled": true, "consecutiveAuthFailures": 3}), w.entry("e", fields{"rateLimitResetAt": w.ms(time.Hour)}))
			w.fill(anthropicFile, w.entry("x", nil))
			stdout, stderr := w.must(append([]string{"accounts"}, strings.Fields(c.line)...)...)
			if c.stdout != "" && stdout != c.stdout {
				t.Errorf("said %q, want %q", stdout, c.stdout)
			}
			if got := w.state(openaiFile); got != c.openai {
				t.Errorf("openai: %s, want %s", got, c.openai)
			}
			if got := w.state(anthropicFile); got != c.anthropic {
				t.Errorf("anthropic: %s, want %s", got, c.anthropic)
			}
			if want := map[bool]string{true: "the active account of openai is b now\n"}[c.line == "rm a -y"]; stderr != want {
				t.Errorf("noted %q, want %q", stderr, want)
			}
		})
	}
}

func TestAccountsChangeJSON(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	w.fill(openaiFile, w.entry("a", nil), w.entry("b", nil))
	stdout, _ := w.must("accounts", "toggle", "b", "a", "--json")
	var rows []accountRow
	if err := json.Unmarshal([]byte(stdout), &rows); err != nil {
		t.Fatal(err)
	}
	if len(rows) != 2 || rows[0].Label != "b" || rows[1].Label != "a" || rows[0].Enabled {
		t.Errorf("%+v", rows)
	}
	stdout, _ = w.must("accounts", "rm", "b", "--yes", "--json")
	var gone []removedRow
	if err := json.Unmarshal([]byte(stdout), &gone); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]removedRow{{"openai", "uuid-b", "b", "b@example.com", "removed"}}, gone); d != "" {
		t.Error(d)
	}
}

func TestAccountsNames(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	w.fill(openaiFile, w.entry("work", fields{"uuid": "11112222"}), w.entry("home", fields{"uuid": "11113333"}), w.entry("twin", fields{"email": "home@example.com"}))
	w.fill(anthropicFile, w.entry("claude", fields{"email": "work@example.com"}))
	before := w.read(openaiFile) + w.read(anthropicFile)
	for _, c := range []struct {
		name string
		code int
		says []string
	}{
		{"nobody", exitNoAccount, []string{`no account "nobody"`, "hint: kyoli accounts list"}},
		{"work@example.com", exitUsage, []string{"names 2 accounts", "11112222 (work, work@example.com, openai)", "uuid-claude (claude, work@example.com, anthropic)", "--provider anthropic"}},
		{"home@example.com", exitUsage, []string{"names 2 accounts", "11113333", "uuid-twin", "hint: kyoli accounts show 11113333"}},
		{"1111", exitUsage, []string{"names 2 accounts"}},
		{"111", exitNoAccount, nil},
		{"", exitNoAccount, nil},
	} {
		for _, command := range [][]string{
			{"show"},
			{"use"},
			{"enable"},
			{"disable"},
			{"toggle"},
			{"reset"},
			{"rm", "--yes"},
			{"label", "--clear"},
			{"export", "--plaintext", "--to", w.path("out.json"), "--account"},
		} {
			if c.name == "" && command[0] == "show" {
				continue // an error of its own
			}
			code, stdout, stderr := w.run(append(append([]string{"accounts"}, command...), c.name)...)
			if code != c.code || stdout != "" {
				t.Errorf("%v %q: exit %d, %q", command, c.name, code, stdout)
			}
			for _, says := range c.says {
				if !strings.Contains(stderr, says) {
					t.Errorf("%v %q does not say %q: %q", command, c.name, says, stderr)
				}
			}
		}
	}
	code, _, stderr := w.run("accounts", "use", "nobody", "--json")
	var failure struct {
		Error struct {
			Code          int
			Message, Hint string
		}
	}
	if err := json.Unmarshal([]byte(stderr), &failure); err != nil || failure.Error.Code != code || failure.Error.Hint == "" {
		t.Errorf("as JSON: %q (%v)", stderr, err)
	}
	if w.read(openaiFile)+w.read(anthropicFile) != before {
		t.Error("something was written")
	}
	if code, _, _ := w.run("accounts", "use", "work@example.com", "--provider", "openai"); code != exitOK {
		t.Errorf("with its provider: exit %d", code)
	}
	if code, _, stderr := w.run("accounts", "label", "work", "home@example.com"); code != exitUsage || !strings.Contains(stderr, "already names") {
		t.Errorf("a label that is taken: exit %d, %q", code, stderr)
	}
}

func TestAccountsRmAsks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answers string
		tty     bool
		args    []string
		code    int
		asked   []string
		says    string
		left    string
	}{
		"yes":         {"y\n", true, []string{"work"}, exitOK, []string{"remove work, work@example.com (openai), in use by opencode", "? [y/N] "}, "", "home*"},
		"no":          {"n\n", true, []string{"work"}, exitCancelled, []string{"remove work"}, "nothing was removed", "work* home"},
		"nothing":     {"", true, []string{"work"}, exitCancelled, []string{"remove work"}, "nothing was removed", "work* home"},
		"all":         {"yes\n", true, []string{"--all"}, exitOK, []string{"remove 2 accounts?\n", "\n  home, home@example.com (openai)\n"}, "", ""},
		"no terminal": {"y\n", false, []string{"work"}, exitCancelled, nil, "there is no terminal to ask on; give --yes\nhint: kyoli accounts rm --yes work\n", "work* home"},
		"no input":    {"y\n", true, []string{"work", "--no-input"}, exitCancelled, nil, "give --yes", "work* home"},
		"all, nobody": {"", false, []string{"--all"}, exitCancelled, nil, "kyoli: remove 2 accounts: there is no terminal", "work* home"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newAccountsWorld(t)
			w.answers, w.tty = c.answers, c.tty
			w.fill(openaiFile, w.entry("work", nil), w.entry("home", nil))
			w.claim("uuid-work", claims.Holder{ID: "sessionone", Command: "opencode"})
			code, _, stderr := w.run(append([]string{"accounts", "rm"}, c.args...)...)
			if code != c.code || !strings.Contains(stderr, c.says) {
				t.Errorf("exit %d, %q", code, stderr)
			}
			for _, asked := range c.asked {
				if !strings.Contains(w.terminal.String(), asked) {
					t.Errorf("asked %q, want %q in it", w.terminal.String(), asked)
				}
			}
			if c.asked == nil && w.terminal.Len() > 0 {
				t.Errorf("asked %q", w.terminal.String())
			}
			if got := w.state(openaiFile); got != c.left {
				t.Errorf("left: %s, want %s", got, c.left)
			}
		})
	}
}

func TestAccountsRmTakesTheSecretsOutOfAllCopies(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	w.fill(openaiFile, w.entry("work", nil), w.entry("home", nil))
	w.stdin = `{"refreshToken":"rt-secret-new","email":"work@example.com","expiresAt":` + "4102444800000}"
	w.must("accounts", "add", "--provider", "openai")
	w.must("accounts", "rm", "work", "--yes")
	entries, err := os.ReadDir(w.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		for _, secret := range []string{"rt-secret-work", "at-secret-work", "rt-secret-new"} {
			if strings.Contains(w.read(e.Name()), secret) {
				t.Errorf("%s still has %s", e.Name(), secret)
			}
		}
	}
	if !strings.Contains(w.read(openaiFile), "rt-secret-home") {
		t.Error("the other account has lost its token")
	}
}

func TestAccountsOfADamagedFile(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	const damaged = `{"version":1,"accounts":[{"uuid":"a`
	w.write(openaiFile, damaged)
	w.stdin = `{"refreshToken":"r"}`
	for _, line := range []string{
		"list", "show", "show x", "use x", "enable x", "disable x", "toggle x", "label x y", "reset x", "reset --all", "rm x --yes",
		"rm --all --yes", "export --plaintext --to " + w.path("out.json"), "add",
	} {
		code, stdout, stderr := w.run(append([]string{"accounts", "--provider", "openai"}, strings.Fields(line)...)...)
		if code != exitDamaged || stdout != "" || !strings.Contains(stderr, openaiFile+" is damaged") || !strings.Contains(stderr, "at byte 35") {
			t.Errorf("%s: exit %d, %q, %q", line, code, stdout, stderr)
		}
	}
	if w.read(openaiFile) != damaged {
		t.Error("it was written")
	}
	if code, stdout, stderr := w.run("__complete", "accounts", "use", ""); code != exitOK || strings.Contains(stderr, "damaged") {
		t.Errorf("completion: exit %d, %q, %q", code, stdout, stderr)
	}
}

func TestAccountsCompletion(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	w.fill(openaiFile, w.entry("work", nil), w.entry("home", fields{"label": nil}), w.entry("bad", fields{"label": "b\x1b[31mad"}))
	w.fill(anthropicFile, w.entry("wise", nil))
	if err := os.Chmod(w.path(openaiFile), 0o644); err != nil { // which a command would tighten
		t.Fatal(err)
	}
	mode, err := os.Stat(w.path(openaiFile))
	if err != nil {
		t.Fatal(err)
	}
	before, _ := os.ReadDir(w.dir)
	for _, c := range []struct {
		line string
		want []string
	}{
		{"accounts use ", []string{"wise", "work", "home@example.com", "uuid-bad"}},
		{"accounts use w", []string{"wise", "work"}},
		{"accounts use work ", nil},
		{"accounts enable work ", []string{"wise", "home@example.com", "uuid-bad"}},
		{"accounts disable u", []string{"uuid-bad"}},
		{"accounts toggle w", []string{"wise", "work"}},
		{"accounts show w", []string{"wise", "work"}},
		{"accounts show x ", nil},
		{"accounts label w", []string{"wise", "work"}},
		{"accounts label work ", nil},
		{"accounts reset w", []string{"wise", "work"}},
		{"accounts rm w", []string{"wise", "work"}},
		{"accounts rm --provider openai w", []string{"work"}},
		{"accounts rm --provider nobody w", nil},
		{"export --account w", []string{"wise", "work"}},
		{"exec --account w", []string{"wise", "work"}},
		{"sync-auth --account w", []string{"wise", "work"}},
		{"refresh w", []string{"wise", "work"}},
		{"accounts list --provider ", []string{"anthropic", "openai"}},
		{"accounts list --format ", formats},
		{"providers show ", []string{"anthropic", "openai"}},
	} {
		args := strings.Split(c.line, " ")
		code, stdout, _ := w.run(append([]string{"__complete"}, args...)...)
		var got []string
		for line := range strings.Lines(stdout) {
			if name, _, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t"); !strings.HasPrefix(name, ":") {
				got = append(got, name)
			}
		}
		if code != exitOK || !slices.Equal(got, c.want) {
			t.Errorf("%q: exit %d, %q, want %q", c.line, code, got, c.want)
		}
	}
	after, _ := os.ReadDir(w.dir)
	if len(after) != len(before) {
		t.Errorf("completion made files: %v", after)
	}
	if info, err := os.Stat(w.path(openaiFile)); err != nil || info.Mode() != mode.Mode() {
		t.Errorf("completion changed the file: %v (%v)", info.Mode(), err)
	}
}

// Where several providers have accounts, the account that is named tells which
// one is meant.
func TestTheAccountTellsTheProvider(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	w.fill(openaiFile, w.entry("work", nil))
	w.fill(anthropicFile, w.entry("claude", fields{"email": "work@example.com"}))
	for account, want := range map[string]string{"work": "openai", "claude": "anthropic"} {
		if stdout, _ := w.must("accounts", "pick", "--account", account, "--json"); !strings.Contains(stdout, `"provider": "`+want+`"`) {
			t.Errorf("%s: %s", account, stdout)
		}
	}
	for account, code := range map[string]int{"work@example.com": exitUsage, "nobody": exitNoAccount} {
		if got, _, stderr := w.run("accounts", "pick", "--account", account); got != code {
			t.Errorf("%s: exit %d, %s", account, got, stderr)
		}
	}
	if code, _, stderr := w.run("accounts", "pick"); code != exitUsage || !strings.Contains(stderr, "several providers have accounts") {
		t.Errorf("without a name: exit %d, %s", code, stderr)
	}
	if stdout, _ := w.must("sync-auth", "--account", "work", "--dry-run"); !strings.Contains(stdout, "openai") {
		t.Errorf("sync-auth: %s", stdout)
	}
}
