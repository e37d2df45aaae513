package cmd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/internal/env"
)

// BenchmarkAccountsList is the whole command on ten and on ten thousand accounts.
func BenchmarkAccountsList(b *testing.B) {
	for _, n := range []int{10, 10000} {
		for _, format := range formats {
			b.Run(fmt.Sprintf("%d/%s", n, format), func(b *testing.B) {
				dir := b.TempDir()
				writeMany(b, filepath.Join(dir, "openai-multi-account-accounts.json"), n)
				for b.Loop() {
					f := &Factory{
						In: strings.NewReader(""), Out: io.Discard, Err: io.Discard,
						Env: env.Map(map[string]string{"HOME": dir, "KYOLI_CONFIG_DIR": dir}),
					}
					if code := f.Run(b.Context(), []string{"accounts", "list", "--format", format}); code != exitOK {
						b.Fatalf("exit %d", code)
					}
				}
			})
		}
	}
}

func writeMany(tb testing.TB, file string, n int) {
	tb.Helper()
	now := time.Now()
	reset := now.Add(time.Hour).UTC().Format(time.RFC3339)
	accounts := make([]map[string]any, n)
	for i := range accounts {
		accounts[i] = map[string]any{
			"uuid": fmt.Sprintf("00000000-0000-4000-8000-%012d", i), "label": fmt.Sprintf("seat-%d", i),
			"email": fmt.Sprintf("seat-%d@example.com", i), "planTier": "pro",
			"refreshToken": fmt.Sprintf("rt-%064d", i), "accessToken": fmt.Sprintf("at-%0512d", i),
			"expiresAt": now.UnixMilli() + 8*3_600_000, "addedAt": now.UnixMilli(), "lastUsed": now.UnixMilli(),
			"enabled": true, "consecutiveAuthFailures": 0, "isAuthDisabled": false,
			"cachedUsage": map[string]any{
				"five_hour": map[string]any{"utilization": i % 90, "resets_at": reset},
				"seven_day": map[string]any{"utilization": i % 70, "resets_at": reset},
			},
			"cachedUsageAt": now.UnixMilli(),
		}
	}
	var text bytes.Buffer
	if err := json.NewEncoder(&text).Encode(map[string]any{"version": 1, "accounts": accounts, "activeAccountUuid": accounts[0]["uuid"]}); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(file, text.Bytes(), 0o600); err != nil {
		tb.Fatal(err)
	}
}
