package manager

import (
	"fmt"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/provider"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// BenchmarkPick is the choice among accounts that are in memory, by each strategy: what is left to do
// after the files were read.
func BenchmarkPick(b *testing.B) {
	for _, n := range []int{10, 1000, 10_000} {
		accounts := make([]*store.Account, n)
		for i := range accounts {
			accounts[i] = acct(fmt.Sprint(i), func(a *store.Account) {
				a.LastUsed = in(-time.Duration(i%900) * time.Second)
				if i%3 == 0 {
					a.RateLimitResetAt = in(time.Hour)
				}
			})
		}
		m := New(Options{
			Settings: DefaultSettings(), Store: newMemory(accounts...), Now: func() time.Time { return now },
			Adapter: &provider.Adapter{ID: "openai"},
		})
		s, err := m.Snapshot(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		for _, strategy := range Strategies() {
			b.Run(fmt.Sprintf("%s/%d", strategy, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := m.PickFrom(s, Request{Strategy: strategy}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
