//go:build unix

package e2e_test

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/kyoli-gam/kyoli/internal/fakeprovider"
)

// importOfTwo is an export with a newer login of "two", and an account that is not there yet.
func importOfTwo(s *swept) string {
	var entries [2]string
	for i, id := range []string{"two", "three"} {
		c := s.provider.AddAccount(fakeprovider.Account{ID: id, Email: id + "@example.com", Plan: "pro"})
		entries[i] = fmt.Sprintf(`{"uuid":%q,"label":%q,"accountId":%q,"email":"%s@example.com","refreshToken":%q,"accessToken":%q,"expiresAt":%d,"addedAt":1,"lastUsed":1}`,
			id, id, id, id, c.RefreshToken, c.AccessToken, c.ExpiresAt.UnixMilli()+60_000)
		if id == "three" {
			s.logins[id] = c
		} else {
			s.logins["two, imported"] = c
		}
	}
	doc := fmt.Sprintf(`{"version":1,"provider":"openai","accounts":[%s,%s]}`, entries[0], entries[1])
	s.write("import.json", doc)
	return doc
}

// checkImport wants all of it or nothing, and all of it with the next import.
func checkImport(s *swept) bool {
	all := s.accounts()
	_, created := all["three"]
	if updated := all["two"].RefreshToken == s.logins["two, imported"].RefreshToken; created != updated {
		s.t.Errorf("half of it was imported: created %v, updated %v", created, updated)
	}
	s.next("import", "import.json")
	if got := s.accounts()["two"].RefreshToken; got != s.logins["two, imported"].RefreshToken {
		s.t.Error("the newer login was not imported")
	}
	if !s.good("three") {
		s.t.Error("the new account was not imported")
	}
	return checkAccounts(s)
}

// checkExport wants no file or a whole one.
func checkExport(s *swept) bool {
	if content, err := os.ReadFile(s.path("out.json")); err == nil && !json.Valid(content) {
		s.t.Errorf("the export is torn: %d bytes", len(content))
	}
	s.next("export", "--plaintext", "--force", "--to", "out.json")
	s.next("import", "out.json", "--dry-run")
	return checkAccounts(s)
}
