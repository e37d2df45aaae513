package manager

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kyoli-gam/kyoli/pkg/claims"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// genAccount draws an account in any state, with any use of its windows.
func genAccount(t *rapid.T, uuid string) *store.Account {
	return acct(uuid, func(a *store.Account) {
		draw := func(what string, percent int) bool { return rapid.IntRange(0, 99).Draw(t, what) < percent }
		genWindow := func(what string) *store.Window {
			if draw(what+" unknown", 40) {
				return nil
			}
			w := &store.Window{Utilization: float64(rapid.IntRange(0, 110).Draw(t, what))}
			if !draw(what+" without reset", 20) {
				w.ResetsAt = now.Add(time.Duration(rapid.IntRange(-60, 600).Draw(t, what+" reset")) * time.Minute)
			}
			return w
		}
		a.Enabled = !draw("disabled", 15)
		a.IsAuthDisabled = draw("dead", 10)
		if draw("limited", 20) {
			a.RateLimitResetAt = in(time.Duration(rapid.IntRange(-60, 60).Draw(t, "limit")) * time.Minute)
		}
		if draw("usage", 60) {
			a.CachedUsage = &store.Usage{FiveHour: genWindow("5h"), SevenDay: genWindow("7d"), SevenDaySonnet: genWindow("sonnet")}
		}
		a.ConsecutiveAuthFailures = rapid.IntRange(0, 4).Draw(t, "failures")
		a.LastUsed = in(-time.Duration(rapid.IntRange(0, 1200).Draw(t, "used")) * time.Second)
		if draw("expired", 30) {
			a.ExpiresAt = in(-time.Minute)
		}
	})
}

func genRequest(t *rapid.T, uuids []string) Request {
	req := Request{
		Strategy:   rapid.SampledFrom([]string{"", StrategySticky, StrategyRoundRobin, StrategyHybrid}).Draw(t, "strategy"),
		SessionKey: rapid.SampledFrom([]string{"", "one", "two"}).Draw(t, "session"),
		Exclude:    rapid.SliceOfN(rapid.SampledFrom(uuids), 0, 1).Draw(t, "exclude"),
		Exclusive:  rapid.IntRange(0, 3).Draw(t, "exclusive") == 0,
	}
	switch rapid.IntRange(0, 5).Draw(t, "what") {
	case 0:
		req.Account = rapid.SampledFrom(append(slices.Clone(uuids), "nobody")).Draw(t, "account")
	case 1:
		req.Among = &Among{Kind: "chain", Name: "c"}
		for i := range rapid.IntRange(1, 3).Draw(t, "groups") {
			members := rapid.SliceOfN(rapid.SampledFrom(uuids), 1, 3).Draw(t, "members")
			req.Among.Groups = append(req.Among.Groups, Group{Pool: fmt.Sprint("p", i), Model: fmt.Sprint("m", i), Members: members})
		}
	}
	return req
}

// Pick and Acquire agree on everything, whatever is in the files, and what both choose is usable where
// anything is.
func TestPickAgreesWithAcquire(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	runs := 0
	rapid.Check(t, func(rt *rapid.T) {
		runs++
		uuids := []string{"a", "b", "c", "d", "e"}[:rapid.IntRange(1, 5).Draw(rt, "n")]
		var accounts []*store.Account
		for _, uuid := range uuids {
			accounts = append(accounts, genAccount(rt, uuid))
		}
		settings := DefaultSettings()
		settings.Strategy = rapid.SampledFrom(Strategies()).Draw(rt, "setting")
		settings.SoftQuotaThresholdPercent = rapid.SampledFrom([]float64{100, 80, 30}).Draw(rt, "soft quota")
		c := claims.Open(fmt.Sprintf("%s/%d-accounts.json", dir, runs), claims.Options{Now: func() time.Time { return now }})
		m, b, _ := pooled(t, settings, accounts...)
		m.claims = c
		b.active = rapid.SampledFrom(append(slices.Clone(uuids), "")).Draw(rt, "active")
		for i := range rapid.IntRange(0, 3).Draw(rt, "steps") {
			if rapid.IntRange(0, 4).Draw(rt, "429") == 0 {
				if err := c.Mark429(t.Context(), rapid.SampledFrom(uuids).Draw(rt, "429 of")); err != nil {
					rt.Fatal(err)
				}
			}
			req := genRequest(rt, uuids)
			picked, perr := m.Pick(t.Context(), req)
			got, claim, aerr := m.Acquire(t.Context(), req, holder(fmt.Sprint("s", i)))
			if !reflect.DeepEqual(perr, aerr) {
				rt.Fatalf("pick says %v, acquire %v", perr, aerr)
			}
			if perr != nil {
				continue
			}
			if picked.Account.UUID != got.Account.UUID || picked.Why != got.Why || picked.Pool != got.Pool || picked.Model != got.Model {
				rt.Fatalf("picked %s (%s, %s), acquired %s (%s, %s)",
					picked.Account.UUID, picked.Why, picked.Pool, got.Account.UUID, got.Why, got.Pool)
			}
			checkCandidates(rt, picked, req)
			if rapid.Bool().Draw(rt, "release") {
				if err := claim.Release(t.Context()); err != nil {
					rt.Fatal(err)
				}
			}
		}
	})
}

// checkCandidates holds a decision against what it says of the accounts.
func checkCandidates(t *rapid.T, d *Decision, req Request) {
	chosen := 0
	for _, c := range d.Candidates {
		if c.Why == "" {
			t.Fatalf("nothing is said of %s", c.Account.UUID)
		}
		if c.Chosen {
			chosen++
			if c.Account.UUID != d.Account.UUID || c.Why != d.Why {
				t.Fatalf("%s is said to be chosen, for %q", c.Account.UUID, c.Why)
			}
			continue
		}
		free := c.Usable && req.Account == "" && req.Among.has(c.Account) && !slices.Contains(req.Exclude, c.Account.UUID) &&
			c.Why != "held by another session, and one of the two wants it for itself alone"
		if free && !d.usable() {
			t.Fatalf("%s is usable and free (%s), and %s was chosen", c.Account.UUID, c.Why, d.Account.UUID)
		}
	}
	if chosen != 1 {
		t.Fatalf("%d are said to be chosen", chosen)
	}
}

func (d *Decision) usable() bool {
	return slices.ContainsFunc(d.Candidates, func(c Candidate) bool { return c.Chosen && c.Usable })
}
