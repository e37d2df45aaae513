package e2e_test

import (
	"encoding/json"
	"os"
)

// toOAuth writes an account as OpenCode's auth.json holds a login:
// tooauth ACCOUNT.json AUTH.json.
func toOAuth() {
	b, err := os.ReadFile(os.Args[1])
	if err != nil {
		fail(err)
	}
	var a struct {
		RefreshToken, AccessToken, AccountID string
		ExpiresAt                            int64
	}
	if err := json.Unmarshal(b, &a); err != nil {
		fail(err)
	}
	out, err := json.MarshalIndent(map[string]any{"openai": map[string]any{
		"type": "oauth", "refresh": a.RefreshToken, "access": a.AccessToken,
		"expires": a.ExpiresAt, "accountId": a.AccountID,
	}}, "", "  ")
	if err != nil {
		fail(err)
	}
	if err := os.WriteFile(os.Args[2], out, 0o600); err != nil {
		fail(err)
	}
}
