package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sample returns an account file as the plugin writes it, with n accounts.
func sample(n int) []byte {
	var b strings.Builder
	b.WriteString("{\n  \"version\": 1,\n  \"accounts\": [")
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `
    {
      "uuid": "%08x-1111-4222-8333-444455556666",
      "accountId": "acct_%d",
      "label": "label %d",
      "email": "user%d@example.com",
      "planTier": "plus",
      "refreshToken": "rt_%d_%s",
      "accessToken": "eyJhbGciOiJSUzI1NiJ9.%s.%d",
      "expiresAt": 1893456000000,
      "addedAt": 1700000000000,
      "lastUsed": 1700000000%03d,
      "enabled": true,
      "cachedUsage": {
        "five_hour": {
          "utilization": 12.5,
          "resets_at": "2026-01-01T00:00:00.000Z"
        },
        "seven_day": {
          "utilization": 3,
          "resets_at": null
        },
        "seven_day_sonnet": null
      },
      "cachedUsageAt": 1700000000000,
      "consecutiveAuthFailures": 0,
      "isAuthDisabled": false
    }`, i, i, i, i, i, strings.Repeat("r", 60), strings.Repeat("a", 400), i, i%1000)
	}
	b.WriteString("\n  ],\n  \"activeAccountUuid\": \"00000000-1111-4222-8333-444455556666\"\n}")
	return []byte(b.String())
}

func BenchmarkParse10000(b *testing.B) {
	raw := sample(10_000)
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		if _, p := parse(raw); p != nil {
			b.Fatal(p.text)
		}
	}
}

// BenchmarkChange10000 is what a Node program does with JSON.parse, one assignment and JSON.stringify (see
// scripts/bench), plus the check of what is to be written.
func BenchmarkChange10000(b *testing.B) {
	raw := sample(10_000)
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		d, p := parse(raw)
		if p != nil {
			b.Fatal(p.text)
		}
		a := d.accounts("f")
		a.List[5_000].Label = "another"
		if next, err := a.encode(); err != nil || next == d {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoad10(b *testing.B)    { benchLoad(b, 10, false) }
func BenchmarkLoad10000(b *testing.B) { benchLoad(b, 10_000, false) }

// BenchmarkLoadAgain10000 loads what the same File has read before.
func BenchmarkLoadAgain10000(b *testing.B) { benchLoad(b, 10_000, true) }

func benchLoad(b *testing.B, n int, again bool) {
	path := filepath.Join(b.TempDir(), "a.json")
	if err := os.WriteFile(path, sample(n), 0o600); err != nil {
		b.Fatal(err)
	}
	f := Open(path, Options{})
	for b.Loop() {
		if !again {
			f = Open(path, Options{})
		}
		if a, err := f.Load(context.Background()); err != nil || len(a.List) != n {
			b.Fatal(len(a.List), err)
		}
	}
}

func BenchmarkUpdate10(b *testing.B)    { benchUpdate(b, 10) }
func BenchmarkUpdate10000(b *testing.B) { benchUpdate(b, 10_000) }

func benchUpdate(b *testing.B, n int) {
	path := filepath.Join(b.TempDir(), "a.json")
	if err := os.WriteFile(path, sample(n), 0o600); err != nil {
		b.Fatal(err)
	}
	f := Open(path, Options{})
	i := 0
	for b.Loop() {
		i++
		_, err := f.Update(context.Background(), func(a *Accounts) error {
			a.List[n/2].Label = fmt.Sprint("label ", i)
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
