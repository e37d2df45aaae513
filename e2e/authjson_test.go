package e2e_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"time"
)

// authEntry is an OAuth login as OpenCode stores it.
type authEntry struct {
	Type      string `json:"type"`
	Refresh   string `json:"refresh"`
	Access    string `json:"access"`
	Expires   int64  `json:"expires"`
	AccountID string `json:"accountId,omitempty"`
}

// account is what the account file and `login` have of one.
type account struct {
	RefreshToken, AccessToken, AccountID string
	ExpiresAt                            int64
}

// toOAuth writes an account as OpenCode's auth.json holds a login:
// tooauth ACCOUNT.json AUTH.json.
func toOAuth() {
	var a account
	readJSON(os.Args[1], &a)
	writeAuth(os.Args[2], map[string]any{"openai": authEntry{
		Type: "oauth", Refresh: a.RefreshToken, Access: a.AccessToken, Expires: a.ExpiresAt, AccountID: a.AccountID,
	}})
}

// renew renews the openai login of an auth.json as OpenCode does, with the
// refresh token in it and in place: renew AUTH.json.
func renew() {
	all := map[string]json.RawMessage{}
	readJSON(os.Args[1], &all)
	var e authEntry
	if err := json.Unmarshal(all["openai"], &e); err != nil {
		fail(err)
	}
	res, err := http.PostForm(os.Getenv("PROVIDER")+"/oauth/token", url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {e.Refresh}, "client_id": {"app_EMoamEEZ73f0CkXaXp7hrann"},
	})
	if err != nil {
		fail(err)
	}
	defer res.Body.Close()
	var token struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
		Expires int64  `json:"expires_in"`
	}
	if err := json.NewDecoder(res.Body).Decode(&token); err != nil || res.StatusCode != http.StatusOK {
		fail(errors.Join(errors.New(res.Status), err))
	}
	e.Access, e.Refresh, e.Expires = token.Access, token.Refresh, time.Now().UnixMilli()+token.Expires*1000
	entries := map[string]any{}
	for key, raw := range all {
		entries[key] = raw
	}
	entries["openai"] = e
	writeAuth(os.Args[1], entries)
}

// sameLogin fails unless auth.json and the account file's first account have the
// same credential: samelogin AUTH.json ACCOUNTS.json.
func sameLogin() {
	if err := compareLogins(os.Args[1], os.Args[2]); err != nil {
		fail(err)
	}
}

// awaitLogin waits until they have.
func awaitLogin() {
	err := errors.New("did not look")
	for end := time.Now().Add(patience); err != nil && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		err = compareLogins(os.Args[1], os.Args[2])
	}
	if err != nil {
		fail(err)
	}
}

func compareLogins(authPath, accountsPath string) error {
	var auth struct{ OpenAI authEntry }
	var file struct{ Accounts []account }
	if err := errors.Join(parseJSON(authPath, &auth), parseJSON(accountsPath, &file)); err != nil {
		return err
	}
	e := auth.OpenAI
	if len(file.Accounts) == 0 || e.Refresh == "" {
		return errors.New("no logins to compare")
	}
	if a := file.Accounts[0]; a.RefreshToken != e.Refresh || a.AccessToken != e.Access || a.ExpiresAt != e.Expires {
		return errors.New("the credentials differ")
	}
	return nil
}

func readJSON(path string, v any) {
	if err := parseJSON(path, v); err != nil {
		fail(err)
	}
}

func parseJSON(path string, v any) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}

func writeAuth(path string, entries map[string]any) {
	out, err := json.MarshalIndent(entries, "", "  ")
	if err == nil {
		err = os.WriteFile(path, out, 0o600)
	}
	if err != nil {
		fail(err)
	}
}
