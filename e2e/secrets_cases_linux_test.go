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
	args    []string // "URL" in one is the provider's
	env     []string
	stdin   func(*swept) string
	play    func(*swept, *played) // the person in front of it, or the program that uses it
	// terminal gives it one, which play reads and types at.
	terminal bool
	fails    bool
	allowed  []string // what the command is there for
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
	"accounts-export":  {{args: []string{"--to", "exported.json"}, allowed: exported}},
	"accounts-label":   with("two", "again"),
	"accounts-list":    {{}, {args: []string{"--json"}}, {prepare: damagedFile, fails: true}},
	"accounts-pick":    with("--explain"),
	"accounts-reset":   with("two"),
	"accounts-rm":      with("two", "--yes"),
	"accounts-show":    {{args: []string{"two"}}, {args: []string{"two", "--json"}}},
	"accounts-toggle":  with("two"),
	"accounts-usage":   {{}, {args: []string{"--json"}}},
	"accounts-use":     with("one"),
	"chains-add":       after(append(pooled, []string{"pools", "create", "q", "one"}), "c", "q"),
	"chains-create":    after(pooled, "d", "p"),
	"chains-disable":   after(pooled, "c"),
	"chains-enable":    after(pooled, "c"),
	"chains-list":      after(pooled),
	"chains-plan":      after(pooled, "c"),
	"chains-remove":    after(append(pooled, []string{"pools", "create", "q", "one"}, []string{"chains", "add", "c", "q"}), "c", "q"),
	"chains-rm":        after(pooled, "c", "--yes"),
	"chains-show":      after(pooled, "c"),
	"claims-gc":        with(),
	"claims-list":      with(),
	"claims-release":   {{args: []string{"none"}, fails: true}},
	"config-get":       with("quiet_mode"),
	"config-list":      with(),
	"config-path":      with(),
	"config-set":       with("quiet_mode", "true"),
	"doctor": {
		{before: [][]string{{"refresh"}}, args: []string{"--fix"}},
		{before: [][]string{{"refresh"}}, args: []string{"--json"}},
		{prepare: damagedFile, args: []string{"--fix", "--json"}, fails: true},
	},
	"demo":   {{allowed: demoPlays}},
	"events": {{before: [][]string{{"refresh"}}}, {before: [][]string{{"refresh"}}, args: []string{"--json"}}},
	"exec": {
		{args: []string{"--account", "one", "--", "true"}, allowed: childsEnvironment},
		{args: []string{"--account", "two", "--rotate", "--", "sh", "-c", waitsForProxy}, play: throughChildsProxy, allowed: []string{
			"a secret of the proxy in the environment of a process", "a secret of the proxy in a file (env)", // the child's own doing
		}},
		{args: []string{"--account", "two", "--as", "opencode", "--", "true"}, allowed: append(childsEnvironment, "an API key in the environment of a process")}, // as OpenCode has it
		{args: []string{"--account", "two", "--print-env", "--", "true"}},
		{env: givenSecrets, prepare: clientSecret, args: []string{"--account", "one", "--", "true"}, allowed: childsEnvironment},
		{before: sealed, args: []string{"--account", "one", "--", "true"}, allowed: childsEnvironment},
		{args: []string{"--account", "two", "--", "not-there"}, fails: true},
	},
	"generate": with("man", "man"),
	"export": {
		{args: []string{"--to", "exported.json", "--plaintext"}, allowed: exported},
		{args: []string{"--plaintext"}, fails: true},
		{prepare: passphrase, args: []string{"--to", "exported.age", "--passphrase-file", "passphrase"}},
		{env: givenSecrets, args: []string{"--to", "exported.age"}},
	},
	"import": {
		{prepare: toImport, args: []string{"import.json"}},
		{prepare: toImport, args: []string{"import.json", "--dry-run", "--json"}},
		{prepare: damagedImport, args: []string{"import.json"}, fails: true},
		{prepare: sealedImport, env: givenSecrets, args: []string{"import.age"}},
	},
	"providers-add": {
		{args: []string{"acme", "--from-discovery", "URL", "--client-id", "kyoli"}},
		{args: []string{"acme", "--from-discovery", "http://127.0.0.1:1", "--client-id", "kyoli"}, fails: true},
	},
	"providers-rm": {{args: []string{"none", "--yes"}, fails: true}},
	"login": {
		{args: []string{"openai", "--no-browser"}, play: inBrowser},
		{args: []string{"openai", "--no-browser", "--json"}, play: inBrowser},
		{args: []string{"openai", "--no-browser"}, play: inBrowserRefused, fails: true},
		{args: []string{"openai", "--no-browser"}, play: inBrowser, prepare: profileRefused},
		{args: []string{"openai", "--device"}, play: onAnotherDevice},
		{args: []string{"openai", "--manual"}, play: byPasting, terminal: true},
		{args: []string{"openai", "--no-browser"}, prepare: fullJournal, fails: true},
		{args: []string{"openai", "--no-browser", "--timeout", "10ms"}, fails: true},
	},
	"menu":              {{play: inTheMenu, terminal: true}, {fails: true}, {args: []string{"--plain"}, fails: true}}, // the last two on no terminal
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
	"proxy":             {{args: []string{"--listen", "127.0.0.1:0"}, play: throughProxy}, {args: []string{"--listen", "127.0.0.1:none"}, fails: true}},
	"proxy-token-add":   {{args: []string{"name"}, allowed: []string{"a secret of the proxy in stdout", "a secret of the proxy in a pipe"}}}, // this once
	"proxy-token-list":  after([][]string{{"proxy", "token", "add", "name"}}),
	"proxy-token-rm":    after([][]string{{"proxy", "token", "add", "name"}}, "name", "--yes"),
	"refresh": {
		{},
		{args: []string{"--all", "--force", "--json"}},
		{prepare: answer(400, `{"error":"invalid_grant","error_description":"%s is spent"}`), args: []string{"one"}, fails: true},
		{prepare: answer(200, `{"refresh_token":"%s","access_token":[]}`), args: []string{"one"}, fails: true},
		{prepare: answer(403, `<html>%s</html>`), args: []string{"one"}, fails: true},
		{prepare: fullJournal, args: []string{"one"}, fails: true},
		{env: givenSecrets, prepare: clientSecret, args: []string{"one"}},
		{before: sealed, args: []string{"one"}},
		{before: sealed, prepare: damagedIdentity, args: []string{"one"}, fails: true},
	},
	"sync-auth": {{args: []string{"--account", "two"}}, {args: []string{"--account", "two", "--dry-run"}}, {prepare: damagedAuth, fails: true}},
	"version":   with(),
}

// exported is a plain export.
var exported = []string{
	"a refresh token in a file (.exported.json.kyoli-N-N)", "an access token in a file (.exported.json.kyoli-N-N)",
	"a refresh token in a file (exported.json)", "an access token in a file (exported.json)",
}

// demoPlays are the tokens of demo's own provider, in its throw-away directory, and on the stdin of its accounts add.
var demoPlays = []string{
	"an access token in the environment of a process", "a refresh token in a pipe", "an access token in a pipe",
	"a refresh token in a connection", "an access token in a connection",
	"a refresh token in a file (provider.json)", "an access token in a file (provider.json)",
	"a refresh token in a file (N-N-N-N.open)", "an access token in a file (N-N-N-N.open)",
	"a refresh token in a file (.openai-multi-account-accounts.json.kyoli-N-N)", "an access token in a file (.openai-multi-account-accounts.json.kyoli-N-N)",
	"a refresh token in a file (.openai-multi-account-accounts.json.last-good.kyoli-N-N)",
	"an access token in a file (.openai-multi-account-accounts.json.last-good.kyoli-N-N)",
}

// waitsForProxy is a child that tells its environment, and waits.
const waitsForProxy = `printenv >env; echo ended >>env; while [ ! -e "go on" ]; do sleep 0.05; done`

// childsEnvironment is exec's purpose: the access token, and that alone.
var childsEnvironment = []string{"an access token in the environment of a process"}

// sealed are the commands after which tokens are kept sealed.
var sealed = [][]string{{"config", "set", "storage.encryption", "age"}}

// givenSecrets are in the environment of kyoli, and of nothing that it starts.
var givenSecrets = []string{"KYOLI_PASSPHRASE=" + secretPassphrase, "OPENAI_CLIENT_SECRET=" + secretOfClient}

// clientSecret names the variable that the client secret is in.
func clientSecret(s *swept) {
	s.write(sweptSettings, strings.Replace(adapters(s.url), "usage_url", "client_secret_env: OPENAI_CLIENT_SECRET, usage_url", 1))
}

// damagedIdentity cuts the identity short.
func damagedIdentity(s *swept) {
	const path = ".local/share/kyoli/identity.txt"
	s.write(path, strings.TrimSpace(s.read(path))+"X")
}

func sealedImport(s *swept) {
	passphrase(s)
	s.next("export", "--to", "import.age", "--passphrase-file", "passphrase")
}

func passphrase(s *swept) { s.write("passphrase", secretPassphrase+"\n") }

// profileRefused has a profile that is refused, in which no token is told.
func profileRefused(s *swept) {
	s.write(sweptSettings, strings.Replace(adapters(s.url), "usage_url", "profile_url: "+s.url+"/profile, usage_url", 1))
	s.provider.Behave(fakeprovider.Behaviour{Endpoint: "profile", Status: 403, Body: `{"error":"` + s.logins["two"].AccessToken + `"}`})
}

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
