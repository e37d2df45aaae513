package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
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

// BenchmarkLoadJournal reads the accounts, with a day's rotations in the journal.
func BenchmarkLoadJournal(b *testing.B) {
	for _, accounts := range []int{10, 10_000} {
		for _, rotations := range []int{0, 1, 240} {
			b.Run(fmt.Sprintf("accounts=%d/rotations=%d", accounts, rotations), func(b *testing.B) {
				path := benchJournal(b, accounts, rotations)
				b.ResetTimer()
				for b.Loop() {
					if _, err := Open(path, Options{}).Load(context.Background()); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func benchJournal(b *testing.B, accounts, rotations int) (path string) {
	b.Helper()
	path = filepath.Join(b.TempDir(), "accounts.json")
	if err := errors.Join(os.WriteFile(path, sample(accounts), 0o600), os.Mkdir(path+".journal", 0o700)); err != nil {
		b.Fatal(err)
	}
	for i := range rotations {
		n := entryName{Secret(fmt.Sprint("rt-", i)).Hash(), ownerHash(fmt.Sprint(i)), MillisOf(time.Now()), fmt.Sprintf("%012x", i), stateSpent}
		if err := os.WriteFile(journalOf(path).path(n), nil, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	return path
}

// BenchmarkRotation is what a refresh costs besides the provider's time.
func BenchmarkRotation(b *testing.B) {
	path := benchJournal(b, 10, 0)
	f := Open(path, Options{})
	uuid := "00000000-1111-4222-8333-444455556666"
	for i := 0; b.Loop(); i++ {
		l, err := f.Lease(context.Background(), uuid)
		if err != nil {
			b.Fatal(err)
		}
		r, err := l.Begin(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		c := Credential{RefreshToken: Secret(fmt.Sprint("rt-", i)), AccessToken: "at", ExpiresAt: 4_000_000_000_000}
		err = errors.Join(r.Ready(), r.Answered(200, []byte(good)))
		if err == nil {
			_, err = r.Settle(context.Background(), c, func(*Account) {})
		}
		if err := errors.Join(err, l.Release()); err != nil {
			b.Fatal(err)
		}
	}
}
