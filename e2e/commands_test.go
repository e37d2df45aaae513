package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"

	"github.com/kyoli-gam/kyoli/internal/fakeprovider"
	"github.com/rogpeppe/go-internal/testscript"
)

// commands are what the scripts can do beside running programs:
//
//	provider                       start a provider, point kyoli.yaml at it, set $PROVIDER
//	login ID PLAN FILE [expired] [limited]   log ID@example.com in, write the account to FILE
//	behave JSON                    queue an answer (fakeprovider.Behaviour)
//	expire ID                      end the account's access tokens at the provider
//	requests [ENDPOINT]            what the provider saw, a line each, to stdout
//	json FILE PATH WANT            hold a value in a JSON file (or stdout, stderr) against WANT
//	mode PERM FILE...              hold the files' permissions against PERM (octal)
//	nosecret FILE...               none of the provider's tokens is in the files (or stdout, stderr)
//	docs PAGE.md SCRIPT            write the sh blocks of a page of docs/ into a script
//	docsjob PAGE.md KEY SCRIPT     write a CI job of a page of docs/ into a script
//	envfile NAME FILE              set a variable to a file's content
//	takeport                       listen at a port of loopback, set $PORT to it, and $PID and $PROGRAM to whose it is
//	provider-settings              write the kyoli.yaml of provider again
var commands = map[string]func(*testscript.TestScript, bool, []string){
	"provider": cmdProvider,
	"login":    cmdLogin,
	"behave":   cmdBehave,
	"expire":   cmdExpire,
	"requests": cmdRequests,
	"json":     cmdJSON,
	"mode":     cmdMode,
	"nosecret": cmdNoSecret,
	"docs":     cmdDocs,
	"docsjob":  cmdDocsJob,
	"envfile":  cmdEnvFile,
	"takeport": cmdTakePort,

	"provider-settings": cmdProviderSettings,
}

// running is the provider of one script.
type running struct {
	*fakeprovider.Provider
	url     string
	secrets []string
}

// providers of the scripts under way, by work directory.
var providers = newRegistry()

func cmdProvider(ts *testscript.TestScript, neg bool, _ []string) {
	plain(ts, neg)
	p := fakeprovider.New(fakeprovider.Options{})
	srv := httptest.NewServer(p)
	ts.Defer(srv.Close)
	providers.put(ts.Getenv("WORK"), &running{Provider: p, url: srv.URL})
	ts.Setenv("PROVIDER", srv.URL)
	writeSettings(ts, srv.URL)
}

func writeSettings(ts *testscript.TestScript, url string) {
	config := ts.Getenv("CONFIG")
	ts.Check(os.MkdirAll(config, 0o700))
	ts.Check(os.WriteFile(filepath.Join(config, "kyoli.yaml"), []byte(adapters(url)), 0o600))
}

// adapters is a kyoli.yaml that points the built-in providers at url.
func adapters(url string) string {
	const one = "  %s: { token_url: %q, base_url: %q, usage_url: %q%s }\n"
	login := fmt.Sprintf(", authorize_url: %q, redirect_url: %q", url+"/oauth/authorize", "http://127.0.0.1/auth/callback") +
		fmt.Sprintf(", device_url: %q, device_token_url: %q, device_verification_url: %q",
			url+"/deviceauth/usercode", url+"/deviceauth/token", url+"/device")
	return "adapters:\n" +
		fmt.Sprintf(one, "openai", url+"/oauth/token", url+"/codex", url+"/usage", login) +
		fmt.Sprintf(one, "anthropic", url+"/oauth/token", url, url+"/usage", fmt.Sprintf(", profile_url: %q", url+"/profile"))
}

func cmdLogin(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg)
	if len(args) < 3 {
		ts.Fatalf("usage: login ID PLAN FILE [expired] [limited]")
	}
	body := map[string]any{"ID": args[0], "Email": args[0] + "@example.com", "Plan": args[1]}
	for _, state := range args[3:] {
		switch state {
		case "expired":
			body["ExpiredMS"] = 3_600_000
		case "limited":
			body["LimitedMS"] = 3_600_000
		default:
			ts.Fatalf("unknown state %q", state)
		}
	}
	b, err := json.Marshal(body)
	ts.Check(err)
	p := provider(ts)
	res, err := http.Post(p.url+"/_login", "application/json", bytes.NewReader(b))
	ts.Check(err)
	defer res.Body.Close()
	var account map[string]any
	ts.Check(json.NewDecoder(res.Body).Decode(&account))
	p.secrets = append(p.secrets, account["refreshToken"].(string), account["accessToken"].(string))
	out, err := json.MarshalIndent(account, "", "  ")
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), append(out, '\n'), 0o600))
}

func cmdBehave(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg)
	var b fakeprovider.Behaviour
	ts.Check(json.Unmarshal([]byte(strings.Join(args, " ")), &b))
	provider(ts).Behave(b)
}

func cmdExpire(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg)
	if len(args) != 1 {
		ts.Fatalf("usage: expire ID")
	}
	provider(ts).ExpireAll(args[0])
}

func cmdRequests(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg)
	out := ts.Stdout()
	for _, r := range provider(ts).Requests() {
		if len(args) > 0 && args[0] != r.Endpoint {
			continue
		}
		valid := "valid"
		if !r.Valid {
			valid = "invalid"
		}
		fmt.Fprintf(out, "%s %s %s %d account-id=%s\n", r.Endpoint, orDash(r.Account), valid, r.Status, orDash(r.AccountID))
	}
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func cmdJSON(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: json FILE PATH WANT")
	}
	var doc any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &doc))
	got, found := lookup(doc, args[1])
	var want any
	if err := json.Unmarshal([]byte(args[2]), &want); err != nil {
		want = args[2]
	}
	equal := found && reflect.DeepEqual(got, want)
	if args[2] == "absent" {
		equal = !found
	}
	if equal == neg {
		ts.Fatalf("%s: %s is %v (there: %v), want %v (negated: %v)", args[0], args[1], got, found, want, neg)
	}
}

// lookup follows a path such as accounts.0.label; # is a length (quote it).
func lookup(doc any, path string) (any, bool) {
	if path == "" {
		return doc, true
	}
	head, rest, _ := strings.Cut(path, ".")
	switch v := doc.(type) {
	case map[string]any:
		next, ok := v[head]
		if !ok {
			return nil, false
		}
		return lookup(next, rest)
	case []any:
		if head == "#" {
			return float64(len(v)), true
		}
		i, err := strconv.Atoi(head)
		if err != nil || i < 0 || i >= len(v) {
			return nil, false
		}
		return lookup(v[i], rest)
	}
	return nil, false
}

func cmdMode(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg)
	want, err := strconv.ParseUint(args[0], 8, 32)
	ts.Check(err)
	for _, name := range args[1:] {
		info, err := os.Stat(ts.MkAbs(name))
		ts.Check(err)
		if got := info.Mode().Perm(); got != os.FileMode(want) {
			ts.Fatalf("%s has mode %o, want %o", name, got, want)
		}
	}
}

func cmdNoSecret(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg)
	for _, name := range args {
		content := ts.ReadFile(name)
		for _, secret := range provider(ts).secrets {
			if strings.Contains(content, secret) {
				ts.Fatalf("%s holds a token", name)
			}
		}
	}
}

func cmdTakePort(ts *testscript.TestScript, neg bool, _ []string) {
	plain(ts, neg)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { _ = l.Close() })
	ts.Setenv("PORT", strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	ts.Setenv("PID", strconv.Itoa(os.Getpid()))
	program := filepath.Base(os.Args[0])
	ts.Setenv("PROGRAM", program[:min(15, len(program))]) // as Linux cuts it
}

func plain(ts *testscript.TestScript, neg bool) {
	if neg {
		ts.Fatalf("this command cannot be negated")
	}
}

func provider(ts *testscript.TestScript) *running {
	p := providers.get(ts.Getenv("WORK"))
	if p == nil {
		ts.Fatalf("no provider is running: start one with `provider`")
	}
	return p
}
