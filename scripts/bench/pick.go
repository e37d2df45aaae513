package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/claims"
	"github.com/kyoli-gam/kyoli/pkg/manager"
	"github.com/kyoli-gam/kyoli/pkg/provider"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// pick compares reading the account file and the claims with choosing from what was read, by the
// slowest of the strategies.
func pick(dir string, accounts, runs int) error {
	ctx := context.Background()
	file := filepath.Join(dir, fmt.Sprint(accounts), "openai-multi-account-accounts.json")
	loads, picks := []time.Duration{}, map[string][]time.Duration{}
	for range runs {
		m := manager.New(manager.Options{ // anew: a store remembers what it has read
			Adapter: &provider.Adapter{ID: "openai"}, Settings: manager.DefaultSettings(),
			Store: store.Open(file, store.Options{}), Claims: claims.Open(file, claims.Options{}),
		})
		begun := time.Now()
		s, err := m.Snapshot(ctx)
		if err != nil {
			return err
		}
		loads = append(loads, time.Since(begun))
		for _, strategy := range manager.Strategies() {
			begun := time.Now()
			if _, err := m.PickFrom(s, manager.Request{Strategy: strategy}); err != nil {
				return err
			}
			picks[strategy] = append(picks[strategy], time.Since(begun))
		}
	}
	load, slowest := median(loads), time.Duration(0)
	for _, times := range picks {
		slowest = max(slowest, median(times))
	}
	fmt.Printf("%-34s %10s %10s %8.3f              (the right column is reading them)\n", fmt.Sprintf("picking, %d accounts", accounts),
		slowest.Round(time.Microsecond), load.Round(time.Microsecond), float64(slowest)/float64(load))
	return nil
}
