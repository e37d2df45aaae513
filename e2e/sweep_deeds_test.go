//go:build unix

package e2e_test

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/kyoli-gam/kyoli/internal/fakeprovider"
)

// deed is an operation that is killed at each of its steps.
type deed struct {
	name    string
	args    []string
	stdin   func(*swept) string
	prepare func(*swept)
	// damaged says that the operation begins with accounts that only it can mend.
	damaged bool
	// sweep is a command that writes all files of the operation again, and so sweeps what was left beside them.
	sweep []string
	// few says why an operation has fewer than 20 fail points.
	few string
	// losesAt are the steps at which a token is lost that nobody can save.
	losesAt []string
	// check looks at what was left behind. It says whether a token was lost that the provider had just handed out.
	check func(s *swept) (lost bool)
}

var deeds = []deed{
	{
		name: "store write", args: []string{"accounts", "add", "--provider", "openai"},
		// A new login of an account that is there: its token goes into the file, the old one out of last-good.
		stdin: func(s *swept) string {
			c := s.provider.AddAccount(fakeprovider.Account{ID: "two", Email: "two@example.com", Plan: "pro"})
			return fmt.Sprintf(`{"uuid":"two","accountId":"two","email":"two@example.com","refreshToken":%q,"accessToken":%q,"expiresAt":%d}`,
				c.RefreshToken, c.AccessToken, c.ExpiresAt.UnixMilli())
		},
		check: checkAccounts, sweep: []string{"accounts", "rm", "two", "--yes"},
	},
	{
		name: "refresh", args: []string{"refresh", "one"}, check: checkRefresh,
		losesAt: []string{"journal write"}, // of the answer
		sweep:   []string{"accounts", "rm", "one", "--yes"},
	},
	{
		// Of refreshes there is one above; here it would depend on how long the child takes.
		name: "claim", args: []string{"exec", "--", "true"}, check: checkClaim,
		prepare: func(s *swept) { s.next("config", "set", "proactive_refresh", "false") },
		sweep:   []string{"exec", "--use", "--account", "two", "--", "true"},
	},
	{
		name: "sync-auth", args: []string{"sync-auth", "--account", "two"}, check: checkSyncAuth,
		sweep: []string{"sync-auth", "--account", "two"},
	},
	{
		name: "config set", args: []string{"config", "set", "quiet_mode", "true"}, check: checkConfigSet,
		sweep: []string{"config", "set", "quiet_mode", "false"},
		few:   "it writes one file, which only kyoli writes",
	},
	{
		name: "migrate", args: []string{"migrate", "auth-json", "--merge"}, prepare: prepareMigrate, check: checkMigrate,
		sweep: []string{"accounts", "rm", "two", "--yes"},
	},
	{
		name: "import", args: []string{"import", "-"}, stdin: importOfTwo, check: checkImport,
		sweep: []string{"accounts", "rm", "two", "--yes"},
	},
	{
		name: "export", args: []string{"export", "--plaintext", "--force", "--to", "out.json"}, check: checkExport,
		sweep: []string{"export", "--plaintext", "--force", "--to", "out.json"},
		few:   "it writes one file, which nobody else writes",
	},
	{
		name: "doctor", args: []string{"doctor", "--fix"}, prepare: prepareDoctor, check: checkDoctor, damaged: true,
		sweep: []string{"doctor", "--fix"},
	},
}

// checkAccounts wants both accounts, with tokens that are good.
func checkAccounts(s *swept) bool {
	s.next("accounts", "list", "--json")
	s.next("accounts", "label", "two", "again")
	for _, id := range []string{"one", "two"} {
		if !s.good(id) {
			s.t.Errorf("the token of %s is lost", id)
		}
	}
	return false
}

// checkRefresh is checkAccounts, but for the one moment in which nobody can know the new token: then the account is
// there, is marked and says so.
func checkRefresh(s *swept) bool {
	s.next("accounts", "list", "--json")
	stored := s.accounts()["one"].RefreshToken
	if stored == s.logins["one"].RefreshToken && s.spent("one") {
		out, err := s.command(shipped(s.t), "refresh", "one").CombinedOutput()
		if err == nil || !strings.Contains(string(out), "one") {
			s.t.Errorf("the lost account: %v: %s", err, out)
		}
		if a := s.accounts()["one"]; !a.IsAuthDisabled || a.AuthDisabledReason == "" || a.RefreshToken != stored {
			s.t.Errorf("the lost account is %+v", a.UUID)
		}
		return true
	}
	s.next("refresh", "one", "--force")
	return checkAccounts(s)
}

// spent says whether the provider has exchanged a token of the account.
func (s *swept) spent(id string) bool {
	for _, r := range s.provider.Requests() {
		if r.Endpoint == "token" && r.Account == id && r.Status == 200 {
			return true
		}
	}
	return false
}

// checkClaim wants the next exec to have an account for itself, and no claim of the dead.
func checkClaim(s *swept) bool {
	if claimed := s.next("exec", "--exclusive", "--", "sh", "-c", `echo "$KYOLI_ACCOUNT"`); claimed != "one\n" && claimed != "two\n" {
		s.t.Errorf("the next exec has %q", claimed)
	}
	s.next("claims", "gc")
	var rows []json.RawMessage
	if err := json.Unmarshal([]byte(s.next("claims", "list", "--json")), &rows); err != nil || len(rows) > 0 {
		s.t.Errorf("claims are left: %s, %v", rows, err)
	}
	return checkAccounts(s)
}

// authEntries parses an auth.json, and holds the logins in it that are not kyoli's against what they were.
func (s *swept) authEntries() map[string]json.RawMessage {
	s.t.Helper()
	var was, is map[string]json.RawMessage
	if err := json.Unmarshal([]byte(sweptAuthJSON), &was); err != nil {
		s.t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(s.read(sweptAuth)), &is); err != nil {
		s.t.Errorf("auth.json is damaged: %v", err)
	}
	for key, raw := range was {
		if string(is[key]) != string(raw) {
			s.t.Errorf("auth.json: %s is %s", key, is[key])
		}
	}
	return is
}

// checkSyncAuth wants the old auth.json or the new one; what kyoli wrote it knows as its own.
func checkSyncAuth(s *swept) bool {
	if s.read(sweptAuth) != sweptAuthJSON {
		var e authEntry
		if err := json.Unmarshal(s.authEntries()["openai"], &e); err != nil || e.Refresh != s.logins["two"].RefreshToken {
			s.t.Errorf("auth.json has another login: %v", err)
		}
	}
	s.next("sync-auth", "--account", "two")
	s.next("sync-auth", "--account", "one") // not a foreign login, or this would refuse
	if len(s.authEntries()) != 3 {
		s.t.Errorf("auth.json: %s", s.read(sweptAuth))
	}
	return checkAccounts(s)
}

// checkConfigSet wants the old settings or the new ones, with the user's comment.
func checkConfigSet(s *swept) bool {
	if got := s.read(sweptSettings); !strings.HasPrefix(got, "# of the user\nadapters:\n") || !strings.HasSuffix(got, "}\n") && !strings.HasSuffix(got, "quiet_mode: true\n") {
		s.t.Errorf("kyoli.yaml:\n%s", got)
	}
	s.next("config", "set", "quiet_mode", "true")
	if got := s.next("config", "get", "quiet_mode"); got != "true\n" {
		s.t.Errorf("config get: %q", got)
	}
	return checkAccounts(s)
}

// prepareMigrate puts a login into auth.json that kyoli does not have.
func prepareMigrate(s *swept) {
	c := s.provider.AddAccount(fakeprovider.Account{ID: "three", Email: "three@example.com", Plan: "pro"})
	s.logins["three"] = c
	s.write(sweptAuth, strings.TrimSuffix(sweptAuthJSON, "\n}\n")+fmt.Sprintf(
		",\n"+`  "openai": {"type": "oauth", "refresh": %q, "access": %q, "expires": %d, "accountId": "three"}`+"\n}\n",
		c.RefreshToken, c.AccessToken, c.ExpiresAt.UnixMilli()))
}

// checkMigrate wants the login where it was, and with the next migrate in the accounts too.
func checkMigrate(s *swept) bool {
	if len(s.authEntries()) != 3 {
		s.t.Errorf("auth.json: %s", s.read(sweptAuth))
	}
	s.next("migrate", "auth-json", "--merge")
	if !s.good("three") {
		s.t.Error("the login is lost")
	}
	return checkAccounts(s)
}
