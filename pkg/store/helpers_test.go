package store

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// two is a file with two accounts, and fields that kyoli does not know at every level.
const two = `{
  "version": 1,
  "future": {"z": 1.50, "a": [1e3]},
  "accounts": [
    {
      "uuid": "aaaaaaaa-0000-4000-8000-000000000001",
      "label": "work",
      "email": "Ann@Example.com",
      "planTier": "plus",
      "refreshToken": "rt-a",
      "accessToken": "at-a",
      "expiresAt": 1.7e12,
      "addedAt": 1690000000000,
      "lastUsed": 1690000000001,
      "big": 9007199254740993,
      "cachedUsage": {
        "five_hour": {
          "utilization": 12.50,
          "resets_at": "2026-01-01T00:00:00Z",
          "note": "\u00e9"
        },
        "seven_day": null,
        "extra": [ 1 ]
      },
      "cachedUsageAt": 1690000000002
    },
    {
      "uuid": "bbbbbbbb-0000-4000-8000-000000000002",
      "refreshToken": "rt-b",
      "addedAt": 1690000000000,
      "lastUsed": 0,
      "enabled": false
    }
  ],
  "activeAccountUuid": "aaaaaaaa-0000-4000-8000-000000000001"
}
`

const (
	uuidA = "aaaaaaaa-0000-4000-8000-000000000001"
	uuidB = "bbbbbbbb-0000-4000-8000-000000000002"
)

// newFile returns a file with this content, and what it notes.
func newFile(t *testing.T, content string) (*File, *[]Note) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "openai-multi-account-accounts.json")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return openNoted(path)
}

func openNoted(path string) (*File, *[]Note) {
	var notes []Note
	return Open(path, Options{OnNote: func(n Note) { notes = append(notes, n) }}), &notes
}

func mustLoad(t *testing.T, f *File) *Accounts {
	t.Helper()
	a, err := f.Load(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func mustUpdate(t *testing.T, f *File, fn func(*Accounts)) *Accounts {
	t.Helper()
	a, err := f.Update(context.Background(), func(a *Accounts) error { fn(a); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// names returns what is in the file's directory, without the lock's own files.
func names(t *testing.T, f *File) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(f.path))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		name := strings.TrimPrefix(e.Name(), filepath.Base(f.path))
		if !slices.Contains([]string{".flock", ".owner"}, name) {
			names = append(names, name)
		}
	}
	return names
}

// pluginAccepts checks a file as the plugin's schema does (opencode-multi-account-core, AccountStorageSchema); where
// that fails the plugin takes the file for an empty one.
func pluginAccepts(raw []byte) error {
	var top map[string]any
	if err := json.Unmarshal(raw, &top); err != nil {
		return err
	}
	if top["version"] != 1.0 {
		return fmt.Errorf("version %v", top["version"])
	}
	if err := optional(top, "activeAccountUuid", isString); err != nil {
		return err
	}
	list, ok := top["accounts"]
	if !ok {
		return nil
	}
	accounts, ok := list.([]any)
	if !ok {
		return fmt.Errorf("accounts %T", list)
	}
	for i, x := range accounts {
		a, ok := x.(map[string]any)
		if !ok {
			return fmt.Errorf("account %d is %T", i, x)
		}
		if err := pluginAcceptsAccount(a); err != nil {
			return fmt.Errorf("account %d: %w", i, err)
		}
	}
	return nil
}

func pluginAcceptsAccount(a map[string]any) error {
	for _, name := range []string{"uuid", "accountId", "label", "email", "planTier", "accessToken", "authDisabledReason"} {
		if err := optional(a, name, isString); err != nil {
			return err
		}
	}
	for _, name := range []string{"expiresAt", "rateLimitResetAt", "cachedUsageAt", "consecutiveAuthFailures"} {
		if err := optional(a, name, isNumber); err != nil {
			return err
		}
	}
	for _, name := range []string{"enabled", "isAuthDisabled"} {
		if err := optional(a, name, isBool); err != nil {
			return err
		}
	}
	if !isString(a["refreshToken"]) || !isNumber(a["addedAt"]) || !isNumber(a["lastUsed"]) {
		return fmt.Errorf("a required field is missing in %v", a)
	}
	return optional(a, "cachedUsage", func(v any) bool {
		usage, ok := v.(map[string]any)
		for _, name := range []string{"five_hour", "seven_day", "seven_day_sonnet"} {
			w, isWindow := usage[name].(map[string]any)
			ok = ok && (usage[name] == nil || isWindow && isNumber(w["utilization"]) && (w["resets_at"] == nil || isString(w["resets_at"])))
		}
		return ok
	})
}

func optional(o map[string]any, name string, is func(any) bool) error {
	if v, ok := o[name]; ok && !is(v) {
		return fmt.Errorf("%s is %v", name, v)
	}
	return nil
}

func isString(v any) bool { _, ok := v.(string); return ok }
func isBool(v any) bool   { _, ok := v.(bool); return ok }
func isNumber(v any) bool { f, ok := v.(float64); return ok && !math.IsNaN(f) }
