package cmd

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/internal/procid"
	"github.com/kyoli-gam/kyoli/internal/termtext"
)

// evil is a name that a server, a file or another program chose: it would colour, move the cursor, set the title, hide a
// link and turn around what stands beside it.
const evil = "a\x1b[31mb\x1b]0;owned\x07c\x1b]8;;http://x/\x1b\\d\x1b]8;;\x1b\\e\rf\ng\th\u202ei\u2066j\u009b1mk\u200b\ufeff\u2028l"

// nameCases are uses of the commands that tell names, each in a world of its own (see newNamesWorld). A command that is
// neither here nor among namelessCommands fails TestHarmfulNamesEverywhere.
var nameCases = map[string][][]string{
	"accounts add":      {{"--provider", "openai", "--file", "ADD"}},
	"accounts disable":  {{"uuid-first"}, {evil}},
	"accounts enable":   {{"uuid-first"}, {evil}},
	"accounts export":   {{"--to", "OUT", "--force"}},
	"accounts label":    {{"uuid-first", "second"}, {"uuid-second", "--clear"}, {"uuid-second", evil}},
	"accounts list":     {{}},
	"accounts pick":     {{}, {"--explain"}},
	"accounts reset":    {{"uuid-first"}, {evil}},
	"accounts rm":       {{"uuid-first"}, {"uuid-first", "--yes"}, {"--all"}},
	"accounts show":     {{"uuid-first"}, {evil}, {"nobody" + evil}},
	"accounts toggle":   {{"uuid-first"}},
	"accounts usage":    {{}, {"--refresh"}},
	"accounts use":      {{"uuid-first"}},
	"chains add":        {{evil, evil}},
	"chains create":     {{"new", evil}, {evil, evil}},
	"chains disable":    {{evil}},
	"chains enable":     {{evil}},
	"chains list":       {{}},
	"chains plan":       {{evil}},
	"chains remove":     {{evil, evil}},
	"chains rm":         {{evil}, {evil, "--yes"}},
	"chains show":       {{evil}},
	"claims gc":         {{}},
	"claims list":       {{}},
	"claims release":    {{evil}, {"nobody" + evil}},
	"doctor":            {{}, {"--fix"}},
	"events":            {{}, {"--account", evil}},
	"export":            {{"--to", "OUT", "--plaintext", "--force"}, {"--account", "nobody" + evil, "--to", "OUT", "--plaintext"}},
	"import":            {{"IMPORT", "--provider", "openai"}, {"IMPORT", "--provider", "openai", "--dry-run"}},
	"login":             {{"openai", "--account", "uuid-first", "--no-browser", "--timeout", "1ms"}, {"openai", "--account", evil, "--no-browser", "--timeout", "1ms"}},
	"menu":              {{"--plain"}},
	"migrate auth-json": {{}, {"--merge", "--dry-run"}},
	"pools add":         {{evil, "uuid-second"}, {evil, "nobody" + evil}},
	"pools create":      {{"new", "uuid-first"}, {evil}},
	"pools disable":     {{evil}},
	"pools enable":      {{evil}},
	"pools list":        {{}},
	"pools plan":        {{evil}},
	"pools remove":      {{evil, "uuid-first"}},
	"pools rm":          {{evil}, {evil, "--yes"}},
	"pools show":        {{evil}, {"nobody" + evil}},
	"proxy":             {{"--pool", "nobody" + evil, "--listen", "127.0.0.1:0"}},
	"refresh":           {{"uuid-first", "--force"}, {"--all", "--force"}, {evil}},
	"sync-auth":         {{"--account", "uuid-second"}, {"--account", "uuid-second", "--dry-run"}, {"--account", evil}},
}

// namelessCommands tell no name that anybody else chose.
var namelessCommands = []string{
	"config get", "config list", "config path", "config set", "demo", "demo client", "generate", "help", "version",
	"providers add", "providers check", "providers list", "providers rm", "providers show", // what they tell is the user's own, and strictly checked
	"proxy token add", "proxy token list", "proxy token rm", // strictly checked, too
	"exec",                                                                          // needs real files as its streams: TestExecTellsNamesHarmlessly
	"completion bash", "completion fish", "completion powershell", "completion zsh", // what they complete is in TestHarmfulNamesEverywhere
}

// Whatever names are in the files, and whatever is given in their place, no command lets a terminal act on them, in no
// format. What is for programs stays what it is: in JSON the name comes back whole.
func TestHarmfulNamesEverywhere(t *testing.T) {
	t.Parallel()
	var commands []string
	walkCommands(newRootCmd(&Factory{}), func(c *cobra.Command) {
		commands = append(commands, strings.TrimPrefix(c.CommandPath(), "kyoli "))
	})
	if len(commands) < 50 {
		t.Fatalf("%d commands", len(commands))
	}
	known := map[string]bool{}
	for _, command := range namelessCommands {
		known[command] = true
	}
	for _, command := range commands {
		if known[command] {
			continue
		}
		if len(nameCases[command]) == 0 {
			t.Errorf("kyoli %s has no case in nameCases: which names does it tell?", command)
		}
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			told := false
			for i, args := range nameCases[command] {
				for _, format := range formats {
					if i > 0 && format != formatTable && format != formatJSON {
						continue
					}
					w := newNamesWorld(t)
					text := w.harmless(append(strings.Fields(command), args...), "--format", format)
					told = told || strings.Contains(text, termtext.Clean(evil)) || strings.Contains(text, strings.Trim(string(escapeHarmful([]byte(quoted(evil)))), `"`))
				}
			}
			if !told {
				t.Error("no name was told, so this shows nothing")
			}
		})
	}
}

// walkCommands visits the commands that do something themselves.
func walkCommands(c *cobra.Command, visit func(*cobra.Command)) {
	subs := c.Commands()
	if c.HasParent() && c.Runnable() && (len(subs) == 0 || c.Name() == "proxy") {
		visit(c)
	}
	for _, sub := range subs {
		walkCommands(sub, visit)
	}
}

// Names that are completed come one a line, with a description behind a tab.
func TestHarmfulNamesAreCompletedHarmlessly(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"accounts", "show", ""},
		{"accounts", "pick", "--provider", ""},
		{"exec", "--account", ""},
		{"exec", "--pool", ""},
		{"pools", "show", ""},
		{"chains", "show", ""},
		{"claims", "release", ""},
		{"events", "--account", ""},
		{"proxy", "token", "rm", ""},
		{"sync-auth", "--account", ""},
		{"refresh", ""},
	} {
		w := newNamesWorld(t)
		_, stdout, stderr := w.run(append([]string{"__complete"}, args...)...)
		if text := harm(stdout + stderr); text != "" {
			t.Errorf("%q: %q", args, text)
		}
	}
}

// newNamesWorld has evil names wherever kyoli reads one.
func newNamesWorld(t *testing.T) *accountsWorld {
	t.Helper()
	w := newAccountsWorld(t)
	w.tty, w.answers, w.stdin = true, "n\n", "q\n"
	// A dumb terminal gets no sequences of kyoli's own.
	w.vars = map[string]string{"TERM": "dumb", "XDG_STATE_HOME": w.path("state"), "XDG_DATA_HOME": w.path("data")}
	w.write("kyoli.yaml", "adapters:\n  openai:\n    token_url: http://127.0.0.1:1/token\n    usage_url: http://127.0.0.1:1/usage\n"+
		"    profile_url: http://127.0.0.1:1/profile\n")
	w.fill(openaiFile,
		w.entry("first", fields{
			"label": evil, "email": evil + "@x", "planTier": evil, "isAuthDisabled": true, "authDisabledReason": evil,
			"accountId": evil, "accountUuid": evil,
		}),
		w.entry("second", fields{"label": strings.Repeat("x", 10_000) + evil, "email": evil}),
		w.entry("third", fields{"uuid": evil, "label": nil, "email": nil, "planTier": evil}),
	)
	pool := fmt.Sprintf(`{"name":%s,"baseProvider":"openai","members":["uuid-first","uuid-second",%s,"gone%s"],"enabled":true}`,
		quoted(evil), quoted(evil), strings.Trim(quoted(evil), `"`))
	w.write("multiauth-pools.json", fmt.Sprintf(
		`{"pools":[%s],"chains":[{"name":%s,"enabled":true,"entries":[{"pool":%s,"model":%s,"enabled":true},{"pool":"no%s","enabled":true}]}]}`,
		pool, quoted(evil), quoted(evil), quoted(evil), strings.Trim(quoted(evil), `"`)))
	self := procid.Self()
	holder := func(id string, pid int) string {
		return fmt.Sprintf(`[{"id":%s,"pid":%d,"startTime":%q,"bootId":%q,"pidNs":%q,"host":%q,"command":%s,"since":1,"seen":1}]`,
			quoted(id), pid, self.StartTime, self.BootID, self.PIDNs, self.Host, quoted(evil))
	}
	const nobody = 1 << 22 // more than there are
	w.write("openai-multi-account-claims.kyoli.json", fmt.Sprintf(`{"version":1,"holders":{"uuid-second":%s,"uuid-first":%s}}`,
		holder(evil, self.PID), holder("dead "+evil, nobody)))
	w.write("import.json", fmt.Sprintf(`{"version":1,"accounts":[{"uuid":%s,"label":%s,"email":%s,"planTier":%s,"refreshToken":"rt-secret-i","addedAt":1,"lastUsed":1}]}`,
		quoted(evil+"i"), quoted(evil), quoted(evil+"@i"), quoted(evil)))
	w.write("add.json", fmt.Sprintf(`{"refreshToken":"rt-secret-a","email":%s,"planTier":%[1]s}`, quoted(evil)))
	for _, dir := range []string{"state/kyoli", "data/opencode"} {
		if err := os.MkdirAll(w.path(dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	w.write("state/kyoli/events.jsonl", fmt.Sprintf(
		`{"time":"2026-05-01T11:30:00.000Z","pid":3,"command":%[1]s,"event":"failed","provider":%[1]s,"uuid":%[1]s,"account":%[1]s,"reason":%[1]s,"session":%[1]s,"holderPid":7,"program":%[1]s,"parent":%[1]s,"token":%[1]s}`+"\n",
		quoted(evil)))
	w.write("data/opencode/auth.json", fmt.Sprintf(
		`{"openai":{"type":"oauth","refresh":"rt-secret-o","access":"at-secret-o","expires":1,"accountId":%[1]s},%[1]s:{"type":"oauth","refresh":"rt-secret-e","access":"at-secret-e","expires":1}}`,
		quoted(evil)))
	old := time.Now().Add(-time.Hour) // it need not be waited for to settle
	if err := os.Chtimes(w.path("data/opencode/auth.json"), old, old); err != nil {
		t.Fatal(err)
	}
	return w
}

// quoted is a text as JSON, and YAML, have it.
func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// harm is what of a text a terminal would act on, with what stands around it.
func harm(text string) string {
	i := strings.IndexFunc(text, func(r rune) bool { return r != '\n' && r != '\t' && termtext.Harmful(r) })
	if i < 0 {
		return ""
	}
	return text[max(0, i-40):min(len(text), i+10)]
}

// harmless runs a command, which may fail: what is looked at is what it tells, which is returned.
func (w *accountsWorld) harmless(args []string, more ...string) string {
	w.t.Helper()
	for i, arg := range args {
		args[i] = strings.NewReplacer("OUT", w.path("out"), "ADD", w.path("add.json"), "IMPORT", w.path("import.json")).Replace(arg)
	}
	at := len(args)
	for i, arg := range args {
		if arg == "--" {
			at = i
			break
		}
	}
	args = append(append(append([]string{}, args[:at]...), more...), args[at:]...)
	_, stdout, stderr := w.run(args...)
	for name, text := range map[string]string{"stdout": stdout, "stderr": stderr, "the terminal": w.terminal.String()} {
		if text := harm(text); text != "" {
			w.t.Errorf("%q: %s: %q", args, name, text)
		}
	}
	return stdout + stderr + w.terminal.String()
}
