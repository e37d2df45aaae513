//go:build unix

package e2e_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/kyoli-gam/kyoli/internal/fakeprovider"
)

// secretCase is one use of a command.
type secretCase struct {
	before  [][]string // commands that come first
	prepare func(*swept)
	args    []string
	stdin   func(*swept) string
	fails   bool
	allowed []string // what the command is there for
}

// words are a command's, which a man page's name joins with hyphens.
func (secretCase) words(command string) []string {
	for _, name := range []string{"sync-auth", "auth-json", "exit-codes"} {
		command = strings.ReplaceAll(command, name, strings.ReplaceAll(name, "-", "\x00"))
	}
	words := strings.Split(command, "-")
	for i := range words {
		words[i] = strings.ReplaceAll(words[i], "\x00", "-")
	}
	return words
}

func with(args ...string) []secretCase { return []secretCase{{args: args}} }

func after(before [][]string, args ...string) []secretCase {
	return []secretCase{{before: before, args: args}}
}

// pooled are the commands that make a pool and a chain.
var pooled = [][]string{{"pools", "create", "p", "two"}, {"chains", "create", "c", "p"}}

// secretCases are the uses of all commands. A command that is missing here fails TestFaultSecrets.
var secretCases = map[string][]secretCase{
	"accounts-add": {
		{stdin: newLogin, args: []string{"--provider", "openai"}},
		{stdin: newLogin, args: []string{"--provider", "openai", "--json"}},
		{stdin: damagedLogin, args: []string{"--provider", "openai"}, fails: true},
		{stdin: bareToken, args: []string{"--provider", "openai", "--refresh-token-stdin", "--email", "three@example.com"}},
	},
	"accounts-disable": with("two"),
	"accounts-enable":  with("two"),
	"accounts-export": {{args: []string{"--to", "exported.json"}, allowed: []string{
		"a refresh token in a file (.exported.json.kyoli-N-N)",
		"an access token in a file (.exported.json.kyoli-N-N)",
	}}},
	"accounts-label":  with("two", "again"),
	"accounts-list":   {{}, {args: []string{"--json"}}, {prepare: damagedFile, fails: true}},
	"accounts-pick":   with("--explain"),
	"accounts-reset":  with("two"),
	"accounts-rm":     with("two", "--yes"),
	"accounts-show":   {{args: []string{"two"}}, {args: []string{"two", "--json"}}},
	"accounts-toggle": with("two"),
	"accounts-usage":  {{}, {args: []string{"--json"}}},
	"accounts-use":    with("one"),
	"chains-add":      after(append(pooled, []string{"pools", "create", "q", "one"}), "c", "q"),
	"chains-create":   after(pooled, "d", "p"),
	"chains-disable":  after(pooled, "c"),
	"chains-enable":   after(pooled, "c"),
	"chains-list":     after(pooled),
	"chains-plan":     after(pooled, "c"),
	"chains-remove":   after(append(pooled, []string{"pools", "create", "q", "one"}, []string{"chains", "add", "c", "q"}), "c", "q"),
	"chains-rm":       after(pooled, "c", "--yes"),
	"chains-show":     after(pooled, "c"),
	"claims-gc":       with(),
	"claims-list":     with(),
	"claims-release":  {{args: []string{"none"}, fails: true}},
	"config-get":      with("quiet_mode"),
	"config-list":     with(),
	"config-path":     with(),
	"config-set":      with("quiet_mode", "true"),
	"doctor": {
		{before: [][]string{{"refresh"}}, args: []string{"--fix"}},
		{before: [][]string{{"refresh"}}, args: []string{"--json"}},
		{prepare: damagedFile, args: []string{"--fix", "--json"}, fails: true},
	},
	"demo":   {{allowed: demoPlays}},
	"events": {{before: [][]string{{"refresh"}}}, {before: [][]string{{"refresh"}}, args: []string{"--json"}}},
	"exec": {
		{args: []string{"--account", "one", "--", "true"}, allowed: childsEnvironment},
		{args: []string{"--account", "two", "--rotate", "--", "true"}},
		{args: []string{"--account", "two", "--as", "opencode", "--", "true"}, allowed: append(childsEnvironment, "an API key in the environment of a process")}, // as OpenCode has it
		{args: []string{"--account", "two", "--print-env", "--", "true"}},
		{args: []string{"--account", "two", "--", "not-there"}, fails: true},
	},
	"generate": with("man", "man"),
	"export": {
		{before: [][]string{{"version"}}, args: []string{"--to", "exported.json", "--plaintext"}, allowed: []string{
			"a refresh token in a file (.exported.json.kyoli-N-N)", "an access token in a file (.exported.json.kyoli-N-N)",
		}},
		{args: []string{"--plaintext"}, fails: true},
		{prepare: passphrase, args: []string{"--to", "exported.age", "--passphrase-file", "passphrase"}},
	},
	"import": {
		{prepare: toImport, args: []string{"import.json"}},
		{prepare: toImport, args: []string{"import.json", "--dry-run", "--json"}},
		{prepare: damagedImport, args: []string{"import.json"}, fails: true},
	},
	"providers-add":     {{args: []string{"acme", "--from-discovery", "http://127.0.0.1:1", "--client-id", "kyoli"}, fails: true}},
	"providers-rm":      {{args: []string{"none", "--yes"}, fails: true}},
	"login":             {{args: []string{"openai", "--no-browser", "--timeout", "10ms"}, fails: true}},
	"menu":              {{fails: true}, {args: []string{"--plain"}, fails: true}}, // on no terminal
	"migrate-auth-json": {{args: []string{"--merge"}, prepare: prepareMigrate}, {args: []string{"--merge", "--dry-run"}, prepare: prepareMigrate}},
	"environment":       with(),
	"exit-codes":        with(),
	"files":             with(),
	"formatting":        with(),
	"pools-add":         after(pooled, "p", "one"),
	"pools-create":      with("p", "one"),
	"pools-disable":     after(pooled, "p"),
	"pools-enable":      after(pooled, "p"),
	"pools-list":        after(pooled),
	"pools-plan":        after(pooled, "p"),
	"pools-remove":      after([][]string{{"pools", "create", "p", "one", "two"}}, "p", "two"),
	"pools-rm":          after([][]string{{"pools", "create", "p", "two"}}, "p", "--yes"),
	"pools-show":        after(pooled, "p"),
	"providers-check":   {{args: []string{"none.yaml"}, fails: true}},
	"providers-list":    with(),
	"providers-show":    with("openai"),
	"proxy":             {{args: []string{"--listen", "127.0.0.1:none"}, fails: true}},
	"proxy-token-add":   with("name"), // prints a token of its own, no provider's
	"proxy-token-list":  after([][]string{{"proxy", "token", "add", "name"}}),
	"proxy-token-rm":    after([][]string{{"proxy", "token", "add", "name"}}, "name", "--yes"),
	"refresh": {
		{},
		{args: []string{"--all", "--force", "--json"}},
		{prepare: answer(400, `{"error":"invalid_grant","error_description":"%s is spent"}`), args: []string{"one"}, fails: true},
		{prepare: answer(200, `{"refresh_token":"%s","access_token":[]}`), args: []string{"one"}, fails: true},
		{prepare: answer(403, `<html>%s</html>`), args: []string{"one"}, fails: true},
		{prepare: fullJournal, args: []string{"one"}, fails: true},
	},
	"sync-auth": {{args: []string{"--account", "two"}}, {args: []string{"--account", "two", "--dry-run"}}, {prepare: damagedAuth, fails: true}},
	"version":   with(),
}

// demoPlays are the tokens of demo's own provider, in its throw-away directory, and on the stdin of its accounts add.
var demoPlays = []string{
	"an access token in the environment of a process", "a refresh token in a pipe", "an access token in a pipe",
	"a refresh token in a file (provider.json)", "an access token in a file (provider.json)",
	"a refresh token in a file (N-N-N-N.open)", "an access token in a file (N-N-N-N.open)",
	"a refresh token in a file (.openai-multi-account-accounts.json.kyoli-N-N)", "an access token in a file (.openai-multi-account-accounts.json.kyoli-N-N)",
	"a refresh token in a file (.openai-multi-account-accounts.json.last-good.kyoli-N-N)",
	"an access token in a file (.openai-multi-account-accounts.json.last-good.kyoli-N-N)",
}

// childsEnvironment is exec's purpose: the access token, and that alone.
var childsEnvironment = []string{"an access token in the environment of a process"}

func passphrase(s *swept) { s.write("passphrase", "correct horse battery staple\n") }

func toImport(s *swept) { importOfTwo(s) }

func damagedImport(s *swept) { s.write("import.json", strings.Replace(importOfTwo(s), `":"`, `"`, 1)) }

func newLogin(s *swept) string {
	c := s.provider.AddAccount(fakeprovider.Account{ID: "three", Email: "three@example.com", Plan: "pro"})
	b, _ := json.Marshal(map[string]any{"refreshToken": c.RefreshToken, "accessToken": c.AccessToken, "expiresAt": c.ExpiresAt.UnixMilli(), "accountId": "three"})
	return string(b)
}

func damagedLogin(s *swept) string { return strings.Replace(newLogin(s), `":"`, `":[]"`, 1) }

func bareToken(s *swept) string {
	return s.provider.AddAccount(fakeprovider.Account{ID: "three", Email: "three@example.com"}).RefreshToken + "\n"
}

func damagedFile(s *swept) {
	s.write(sweptAccounts, strings.Replace(s.read(sweptAccounts), `":"`, `"`, 1))
}

func damagedAuth(s *swept) {
	s.write(sweptAuth, strings.Replace(sweptAuthJSON, `": "acme-r"`, `"acme-r"`, 1))
}

// answer has the provider tell a token back.
func answer(status int, body string) func(*swept) {
	return func(s *swept) {
		s.provider.Behave(fakeprovider.Behaviour{Endpoint: "token", Times: 20, Status: status, Body: fmt.Sprintf(body, s.logins["one"].RefreshToken)})
	}
}

// fullJournal puts a file in the place of the journal.
func fullJournal(s *swept) {
	if err := os.WriteFile(filepath.Join(s.dir, sweptAccounts+".journal"), nil, 0o600); err != nil {
		s.t.Fatal(err)
	}
}
