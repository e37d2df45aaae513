package cmd

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/kyoli-gam/kyoli/internal/env"
)

// helpTopics are pages that `kyoli help NAME` shows, in this order.
var helpTopics = []struct{ name, short string }{
	{"environment", "Environment variables"},
	{"exit-codes", "Exit codes"},
	{"formatting", "Output formats"},
	{"files", "Files"},
}

func helpTexts() map[string]func() string {
	return map[string]func() string{
		"environment": helpEnvironment,
		"exit-codes":  helpExitCodes,
		"formatting":  helpFormatting,
		"files":       helpFiles,
	}
}

// addHelpTopics adds the topics as commands that can only be asked for help.
func addHelpTopics(root *cobra.Command) {
	texts := helpTexts()
	for _, topic := range helpTopics {
		text := texts[topic.name]
		cmd := &cobra.Command{Use: topic.name, Short: topic.short}
		cmd.SetHelpFunc(func(cmd *cobra.Command, _ []string) {
			fmt.Fprint(cmd.OutOrStdout(), text())
		})
		root.AddCommand(cmd)
	}
}

// aligned writes rows of two columns.
func aligned(rows [][2]string) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintf(w, "  %s\t%s\n", row[0], row[1])
	}
	_ = w.Flush() // a strings.Builder takes everything
	return b.String()
}

func helpEnvironment() string {
	rows := map[env.Role][][2]string{}
	for _, v := range env.Vars() {
		rows[v.Role] = append(rows[v.Role], [2]string{v.Name, v.Meaning})
	}
	return "Variables that kyoli reads; a flag wins over its variable:\n\n" + aligned(rows[env.Read]) +
		"\nVariables that kyoli exec sets for its command, beside those of the provider's\nadapter (kyoli providers show):\n\n" +
		aligned(rows[env.Export]) + `
A variable that an adapter names in client_secret_env is read, too. Requests go
through HTTPS_PROXY, HTTP_PROXY and NO_PROXY as in every Go program.
`
}

func helpExitCodes() string {
	rows := make([][2]string, 0, len(exitCodeTable))
	for _, row := range exitCodeTable {
		rows = append(rows, [2]string{fmt.Sprint(row.Code), row.Meaning})
	}
	return aligned(rows) + `
kyoli exec ends with its command's exit code, 128+n where signal n ended it, 126
where it cannot be run and 127 where it is not found. Where kyoli itself fails,
before the command has started, the codes above hold.

A kyoli that is ended by a signal dies of that signal (a shell says 128+n), as
soon as it holds no lock.
`
}

func helpFormatting() string {
	return `--format chooses how data are written to stdout; --json is short for --format json.

  table  for people: aligned, cut to the terminal, times as "in 2h". Default on
         a terminal.
  tsv    for scripts: no head, whole values, one tab between two, times in
         RFC 3339. Default where stdout is not a terminal.
  json   one document; commands that work account by account write one object
         a line. Fields may be added, never renamed.
  yaml   the same fields as JSON.

Under --json a failure is one object on stderr:

  {"error":{"code":5,"message":"…","hint":"…"}}

Notes, questions and errors go to stderr; --quiet leaves out the notes. Names
that come from a file or a server are shown without control characters, escape
sequences and bidi controls; in JSON and YAML these are written as \uXXXX.
Colours: NO_COLOR turns them off, CLICOLOR_FORCE on.
`
}

func helpFiles() string {
	return `Directory: --config-dir, else KYOLI_CONFIG_DIR, else OPENCODE_CONFIG_DIR, else
$XDG_CONFIG_HOME/opencode, else ~/.config/opencode. Its files are shared with the
OpenCode plugins opencode-codex-multi-account and opencode-anthropic-multi-account.

` + aligned([][2]string{
		{"<provider>-multi-account-accounts.json", "the accounts"},
		{"  ….journal/", "one file per token rotation: its answer, and what became of the old token, for 24 h"},
		{"    ….login", "the answer to a login whose account is not stored yet"},
		{"  ….last-good", "the last content that could be read"},
		{"  ….damaged-…, ….duplicates-…", "copies of what kyoli doctor --fix replaced; they hold tokens"},
		{"  ….removed-…", "the last good copy of a file that was removed, when a new one was written; it holds tokens"},
		{"  ….flock, ….lock, ….owner", "locks; empty or without secrets"},
		{"<provider>-multi-account-claims.json", "who uses which account, as the plugins see it"},
		{"<provider>-multi-account-claims.kyoli.json", "the same, all of it"},
		{"multiauth-pools.json", "pools and chains; ./.opencode/multiauth-pools.json wins where it exists"},
		{"kyoli.yaml", "settings; absent keys: the plugin's own file, then the default"},
		{"codex-multiauth.json, claude-multiauth.json", "the plugins' settings (read only)"},
	}) + `
Elsewhere:

` + aligned([][2]string{
		{"$XDG_DATA_HOME/opencode/auth.json", "OpenCode's logins (migrate, sync-auth, exec)"},
		{"$CODEX_HOME/auth.json", "Codex CLI's login (read only: import)"},
		{"$XDG_DATA_HOME/kyoli/identity.txt", "the age identity of storage.encryption age: keep a copy of it elsewhere"},
		{"$XDG_STATE_HOME/kyoli/", "what sync-auth last wrote, and the logins that a running OpenCode must not lose"},
		{"  proxy-tokens.json", "names and hashes of the tokens of kyoli proxy"},
		{"  events.jsonl, events.jsonl.1", "the event log, and the one before (kyoli events); no secrets"},
	}) + `
All are 0600, directories that kyoli makes 0700. A file that cannot be read is
never overwritten; kyoli doctor says what can be done. With storage.encryption
(kyoli config set --help) the tokens in kyoli's files are sealed.
`
}
