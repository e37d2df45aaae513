package manager

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// genPool draws a pool as decide makes them: no disabled member, at most one active, a bound one
// now and then.
func genPool(t *rapid.T, statuses ...Status) *Pool {
	if len(statuses) == 0 {
		statuses = []Status{StatusRateLimited, StatusCoolingDown, StatusOverQuota, StatusExpired, StatusReady}
	}
	p := &Pool{Last: rapid.IntRange(-1, 12).Draw(t, "last")}
	n := rapid.IntRange(0, 9).Draw(t, "n")
	active := rapid.IntRange(-1, 9).Draw(t, "active")
	index := 0
	for i := range n {
		index += rapid.IntRange(1, 3).Draw(t, "gap") // some accounts of the file are not in the pool
		m := member(index, rapid.SampledFrom(statuses).Draw(t, "status"), rapid.IntRange(0, 3).Draw(t, "claims"))
		m.Active = i == active
		m.Score.Total = float64(rapid.IntRange(-300, 900).Draw(t, "score"))
		p.Members = append(p.Members, m)
	}
	if n > 0 && rapid.Bool().Draw(t, "is bound") {
		p.Bound = rapid.SampledFrom(p.Members).Draw(t, "bound")
	}
	return p
}

// withActive adds a usable active account to the pool.
func withActive(t *rapid.T, p *Pool) *Member {
	for _, m := range p.Members {
		m.Active = false
	}
	a := member(40, rapid.SampledFrom([]Status{StatusReady, StatusExpired}).Draw(t, "active status"), 0)
	a.Active = true
	a.Score.Total = float64(rapid.IntRange(-300, 900).Draw(t, "active score"))
	at := rapid.IntRange(0, len(p.Members)).Draw(t, "active at")
	p.Members = slices.Insert(p.Members, at, a)
	return a
}

func TestNoStrategyReturnsAnUnusableAccountWhileAUsableOneExists(t *testing.T) {
	t.Parallel()
	for _, s := range strategies {
		t.Run(s.Name(), func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				p := genPool(t)
				c := s.Choose(p)
				switch {
				case slices.ContainsFunc(p.Members, (*Member).Usable):
					if c.Member == nil || !c.Member.Usable() {
						t.Fatalf("chose %s while a usable one exists", name(c))
					}
				case slices.ContainsFunc(p.Members, (*Member).notLimited):
					if c.Member == nil || !c.Member.notLimited() {
						t.Fatalf("chose %s while one that is not limited exists", name(c))
					}
				case c.Member != nil:
					t.Fatalf("chose %s, which is limited", name(c))
				}
				if c.Member != nil && (c.Why == "" || !slices.Contains(p.Members, c.Member)) {
					t.Fatalf("chose %s for %q", name(c), c.Why)
				}
			})
		})
	}
}

func TestAStrategyIsAFunctionOfThePool(t *testing.T) {
	t.Parallel()
	for _, s := range strategies {
		rapid.Check(t, func(t *rapid.T) {
			p := genPool(t)
			order := slices.Clone(p.Members)
			if first, second := s.Choose(p), s.Choose(p); first != second {
				t.Fatalf("chose %s, then %s", name(first), name(second))
			}
			if !slices.Equal(order, p.Members) {
				t.Fatal("the pool was reordered")
			}
		})
	}
}

// A session stays with its account whatever becomes of the others, as long as it is usable.
func TestStickyStays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := genPool(t, StatusReady, StatusExpired, StatusOverQuota)
		p.Bound = nil
		c := sticky{}.Choose(p)
		if c.Member == nil || !c.Member.Usable() {
			t.Skip("nothing to stay with")
		}
		p.Bound = c.Member // as Acquire keeps it
		for range 5 {
			for _, m := range p.Members {
				m.Claims = rapid.IntRange(0, 3).Draw(t, "claims")
				m.Active = rapid.Bool().Draw(t, "active")
				if m != c.Member {
					m.Status = rapid.SampledFrom([]Status{StatusReady, StatusRateLimited}).Draw(t, "status")
				}
			}
			if again := (sticky{}).Choose(p); again.Member != c.Member {
				t.Fatalf("left %s for %s", name(c), name(again))
			}
		}
	})
}

// Without a session, sticky stays with the active account.
func TestStickyStaysWithTheActiveAccount(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := genPool(t)
		p.Bound = nil
		a := withActive(t, p)
		a.Claims = 0
		if c := (sticky{}).Choose(p); c.Member != a {
			t.Fatalf("chose %s, not the active account", name(c))
		}
	})
}

// After any number of choices, the accounts have been given out equally often, within one.
func TestRoundRobinIsFairWithinOne(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := genPool(t, StatusReady, StatusExpired, StatusRateLimited)
		for _, m := range p.Members {
			m.Claims = 0
		}
		given := map[*Member]int{}
		for range rapid.IntRange(0, 40).Draw(t, "choices") {
			c := roundRobin{}.Choose(p)
			if c.Member == nil {
				t.Skip("nobody to be fair to")
			}
			given[c.Member]++
			p.Last = c.Member.Index // as Acquire keeps it
		}
		least, most := 1<<30, 0
		for _, m := range p.Members {
			if m.Usable() {
				least, most = min(least, given[m]), max(most, given[m])
			}
		}
		if most-least > 1 {
			t.Fatalf("one account was given out %d times, another %d times", most, least)
		}
	})
}

func TestHybridSwitchesOnlyPastTheMargin(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := genPool(t)
		a := withActive(t, p)
		lead := 0.0
		for _, m := range p.Members {
			if m.Usable() {
				lead = max(lead, m.Score.Total-a.Score.Total)
			}
		}
		c := hybrid{}.Choose(p)
		if switched := c.Member != a; switched != (lead > 40) {
			t.Fatalf("switched=%t for a lead of %.1f", switched, lead)
		}
	})
}
