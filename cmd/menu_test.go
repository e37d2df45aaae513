package cmd

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMenuOptions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		want menuOptions
	}{{nil, menuOptions{}}, {[]string{"--plain"}, menuOptions{Plain: true}}} {
		var got menuOptions
		cmd := newMenuCmd(&Factory{}, func(_ context.Context, o *menuOptions) error { got = *o; return nil })
		cmd.SetArgs(append([]string{}, c.args...))
		if err := cmd.Execute(); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%q: %s", c.args, d)
		}
	}
}

// The menu needs somebody who answers. kyoli alone is help then.
func TestMenuWithoutATerminal(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	code, stdout, stderr := w.run("menu")
	if code != exitUsage || stdout != "" || !strings.Contains(stderr, "Usage:\n  kyoli menu [flags]") ||
		!strings.HasSuffix(stderr, "kyoli: the menu needs a terminal\nhint: kyoli accounts list\n") {
		t.Errorf("exit %d\n%s%s", code, stdout, stderr)
	}
	w.tty = true
	code, stdout, stderr = w.run("menu", "--no-input")
	if code != exitUsage || stdout != "" || !strings.Contains(stderr, "kyoli: the menu asks, which --no-input forbids\n") {
		t.Errorf("--no-input: exit %d\n%s%s", code, stdout, stderr)
	}
	for _, tty := range []bool{true, false} {
		w.tty = tty
		if code, stdout, stderr = w.run("--no-input"); code != exitOK || !strings.Contains(stdout, "Running programs:") || stderr != "" {
			t.Errorf("kyoli alone: exit %d\n%s%s", code, stdout, stderr)
		}
	}
	if code, stdout, _ = w.run(); code != exitOK || !strings.Contains(stdout, "Running programs:") {
		t.Errorf("kyoli alone: exit %d\n%s", code, stdout)
	}
}

// What is wrong from the start is said before anything else.
func TestMenuRefusesWrongSettings(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	w.tty = true
	if code, stdout, stderr := w.run("menu", "--provider", "nobody"); code != exitUsage || stdout != "" || !strings.Contains(stderr, "nobody") {
		t.Errorf("exit %d\n%s%s", code, stdout, stderr)
	}
	w.write("kyoli.yaml", "no_such_key: 1\n")
	if code, stdout, stderr := w.run(); code != exitUsage || stdout != "" || !strings.Contains(stderr, "kyoli.yaml:1") {
		t.Errorf("exit %d\n%s%s", code, stdout, stderr)
	}
}

// talk is a conversation with the menu by line. Lines that are only answers are
// what is typed, the rest what comes.
func (w *accountsWorld) talk(answers ...string) string {
	w.t.Helper()
	w.tty = true
	w.stdin = strings.Join(answers, "\n") + "\n"
	code, stdout, stderr := w.run("menu", "--plain")
	if code != exitOK || stderr != "" {
		w.t.Errorf("exit %d\n%s", code, stderr)
	}
	return stdout
}

// All that can be done by hand, by numbered lists.
func TestMenuPlain(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	w.fill(openaiFile, w.entry("work", nil), w.entry("home", fields{"enabled": false}), w.entry("old", fields{"label": "\x1b[31mold\u202e"}))

	out := w.talk("/home", "1", "3", "q")
	for _, want := range []string{
		"kyoli  2 of 3 accounts usable", "ACCOUNT", "status    disabled", "enabling it …\nhome  ready\n", "status    ready",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	if !w.accounts(openaiFile).Get("uuid-home").Enabled {
		t.Error("home is not enabled")
	}
	if strings.ContainsAny(out, "\x1b\u202e") {
		t.Errorf("harmful: %q", out)
	}

	w.talk("/home", "1", "/active", "1", "/label", "1", "office", "/clear", "1", "q")
	home := w.accounts(openaiFile)
	if home.Active != "uuid-home" || home.Get("uuid-home").Label != "office" {
		t.Errorf("active %s, label %q", home.Active, home.Get("uuid-home").Label)
	}
	out = w.talk("/old", "1", "/delete", "1", "1", "/delete", "1", "2", "q")
	if !strings.Contains(out, "Delete old (openai)?") || !strings.Contains(out, "deleting it …\ndeleted old\n") {
		t.Error(out)
	}
	if n := len(w.accounts(openaiFile).List); n != 2 {
		t.Errorf("%d accounts", n)
	}

	out = w.talk("/strategy", "1", "1", "3", "2", "2", "q")
	if !strings.Contains(out, "account_selection_strategy = hybrid") || !strings.Contains(out, "only openai    hybrid") {
		t.Error(out)
	}
	if d := cmp.Diff("account_selection_strategy: hybrid\nproviders:\n  openai:\n    account_selection_strategy: round-robin\n", w.read("kyoli.yaml")); d != "" {
		t.Error(d)
	}
}

func TestMenuPools(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	w.fill(openaiFile, w.entry("work", nil), w.entry("home", nil))
	w.fill(anthropicFile, w.entry("claude", nil))
	// openai is the second of the two providers that have accounts.
	out := w.talk("/pools", "1", "1", "2", "team", "1", "2", "1", "b", "5", "1", "2", "q")
	for _, want := range []string{
		"Create a pool: of which provider?", "creating the pool …", "Pool team\nopenai, enabled", "all accounts of openai are in it",
		"work in pool team", "5  2      work", "openai, disabled",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	stdout, _ := w.must("pools", "show", "team")
	if d := cmp.Diff("PLACE  ACCOUNT  UUID\n1      work     uuid-work\n2      home     uuid-home\n", stdout); d != "" {
		t.Error(d)
	}
	out = w.talk("/pools", "1", "2", "5", "2", "/delete", "1", "2", "q")
	if !strings.Contains(out, "deleted pool team\n") {
		t.Error(out)
	}
	if stdout, _ = w.must("pools", "list"); stdout != "" {
		t.Errorf("pools: %s", stdout)
	}
}

// An error comes with what can be done about it, and the menu goes on.
func TestMenuTellsErrors(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	w.fill(openaiFile, w.entry("work", nil), w.entry("home", nil))
	out := w.talk("/home", "1", "/label", "1", "work", "q")
	if !strings.Contains(out, `labelling it …`) || !strings.Contains(out, "hint: ") || !strings.Contains(out, `label "work" already names account work`) {
		t.Error(out)
	}
	w.write("multiauth-pools.json", "{")
	if out := w.talk("/pools", "1", "q"); !strings.Contains(out, "Pools           cannot be read") || !strings.Contains(out, "multiauth-pools.json") {
		t.Error(out)
	}
	w.write(openaiFile, "{")
	if out := w.talk("", "q"); !strings.Contains(out, openaiFile) || !strings.Contains(out, "hint: kyoli doctor\n") || w.read(openaiFile) != "{" {
		t.Error(out)
	}
}

func TestMenuOfNothing(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	out := w.talk("1", "/opencode", "1", "q")
	for _, want := range []string{"kyoli  no accounts yet", "Take over OpenCode's login", "hint: opencode auth login"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	if strings.Contains(out, "Check quotas") {
		t.Error(out)
	}
}

// Ten thousand accounts are no reason to wait.
func TestMenuOfMany(t *testing.T) {
	t.Parallel()
	now := time.Now()
	rows := make([]accountRow, 10_000)
	for i := range rows {
		rows[i] = liveRows()[1]
		rows[i].owner = string(rune(i))
	}
	m := &menu{f: &Factory{}, state: menuState{rows: rows}}
	for range 20 {
		m.start()
	}
	if took := time.Since(now); took > 5*time.Second {
		t.Errorf("twenty pages took %s", took)
	}
}
