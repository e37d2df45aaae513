package manager

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/kyoli-gam/kyoli/pkg/manager/pools"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// planAt is when the plans here are made.
var planAt = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func planSnapshot(edits map[string]func(*store.Account)) *Snapshot {
	s := &Snapshot{Accounts: &store.Accounts{}, At: planAt, settings: DefaultSettings(), provider: "openai"}
	for _, uuid := range []string{"a", "b", "c", "d", "e"} {
		a := &store.Account{UUID: uuid, Enabled: true}
		if edit := edits[uuid]; edit != nil {
			edit(a)
		}
		s.Accounts.List = append(s.Accounts.List, a)
	}
	return s
}

func planConfig() *pools.Config {
	on := func(pool, model string) *pools.Entry { return &pools.Entry{Pool: pool, Model: model, Enabled: true} }
	return &pools.Config{
		Pools: []*pools.Pool{
			{Name: "off", BaseProvider: "openai", Members: []string{"a", "e"}},
			{Name: "work", BaseProvider: "openai", Members: []string{"a", "b", "c"}, Enabled: true},
			{Name: "home", BaseProvider: "openai", Members: []string{"d", "b", "gone"}, Enabled: true},
			{Name: "far", BaseProvider: "anthropic", Members: []string{"x"}, Enabled: true},
			{Name: "empty", BaseProvider: "openai", Enabled: true},
			{Name: "other", BaseProvider: "openai-codex", Members: []string{"e"}, Enabled: true},
		},
		Chains: []*pools.Chain{
			{Name: "resting", Entries: []*pools.Entry{on("home", "")}},
			{Name: "all", Enabled: true, Entries: []*pools.Entry{
				on("work", ""), on("home", "small"), {Pool: "home"}, on("far", ""), on("empty", ""), on("nowhere", ""), on("off", ""),
			}},
			{Name: "last", Enabled: true, Entries: []*pools.Entry{on("other", "")}},
		},
	}
}

// brief is a step in a line: what is tried, or what is skipped and why.
func brief(s Step) string {
	where := s.Pool
	if s.Source == FromChain {
		where = fmt.Sprintf("%s/%d/%s", s.Chain, s.Entry, s.Pool)
	}
	if s.Model != "" {
		where += "=" + s.Model
	}
	line := strings.TrimSpace(where + " " + s.UUID)
	if s.Skip != "" {
		line += ": " + s.Skip
	}
	return line
}

func briefly(steps []Step) []string {
	var lines []string
	for _, s := range steps {
		lines = append(lines, brief(s))
	}
	return lines
}

func TestPlan(t *testing.T) {
	t.Parallel()
	exhausted := &Exhausted{}
	exhausted.Mark("c", planAt.Add(-4*time.Minute))
	exhausted.Mark("d", planAt.Add(-5*time.Minute))
	const chainTail = "all/3/home: the entry is disabled"
	for name, tt := range map[string]struct {
		edits map[string]func(*store.Account)
		req   PlanRequest
		want  []string
	}{
		"from the middle of a pool and around": {
			nil,
			PlanRequest{Current: "b", Chain: "last"},
			[]string{"work c", "work a", "last/1/other e"},
		},
		"the whole file": {
			nil,
			PlanRequest{Current: "a"},
			[]string{
				"work b", "work c",
				"resting/0/: the chain is disabled",
				"all/1/work a: the current account", "all/1/work b: comes earlier in the plan", "all/1/work c: comes earlier in the plan",
				"all/2/home=small d", "all/2/home=small b: comes earlier in the plan", "all/2/home=small gone: there is no such account",
				chainTail,
				"all/4/far: its accounts are those of anthropic",
				"all/5/empty: the pool has no members",
				"all/6/nowhere: there is no such pool",
				"all/7/off: the pool is disabled",
				"last/1/other e",
			},
		},
		"what is skipped": {
			map[string]func(*store.Account){
				"b": func(a *store.Account) { a.Enabled = false },
				"d": func(a *store.Account) { a.RateLimitResetAt = store.MillisOf(planAt.Add(time.Hour)) },
				"e": func(a *store.Account) { a.IsAuthDisabled, a.AuthDisabledReason = true, "revoked" },
			},
			PlanRequest{Current: "a", Pool: "home", Chain: "last", Tried: []string{"c"}},
			[]string{
				"home d: rate-limited until 2026-05-01T13:00:00Z", "home b: disabled", "home gone: there is no such account",
				"last/1/other e: needs a new login: revoked",
			},
		},
		"by the uuid that an account had first": {
			map[string]func(*store.Account){
				"a": func(a *store.Account) { a.UUID, a.CredentialOwnerID = "a2", "a" },
				"e": func(a *store.Account) { a.UUID, a.CredentialOwnerID = "e2", "e" },
			},
			PlanRequest{Current: "a2", Chain: "last"},
			[]string{"work b", "work c", "last/1/other e2"},
		},
		"tried": {
			nil,
			PlanRequest{Current: "a", Chain: "last", Tried: []string{"a", "b"}},
			[]string{"work b: tried already", "work c", "last/1/other e"},
		},
		"exhausted for five minutes": {
			nil,
			PlanRequest{Pool: "work", Chain: "resting", Exhausted: exhausted},
			[]string{"work a", "work b", "work c: found exhausted, spared until 2026-05-01T12:01:00Z", "resting/0/: the chain is disabled"},
		},
		"and no longer": {
			nil,
			PlanRequest{Pool: "home", Chain: "resting", Exhausted: exhausted},
			[]string{"home d", "home b", "home gone: there is no such account", "resting/0/: the chain is disabled"},
		},
		"in no pool": {
			nil,
			PlanRequest{Current: "nobody", Chain: "last"},
			[]string{"last/1/other e"},
		},
		"a pool that is disabled, asked for": {
			nil,
			PlanRequest{Pool: "off", Chain: "last"},
			[]string{"off: the pool is disabled", "last/1/other e"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			steps, err := planSnapshot(tt.edits).Plan(planConfig(), tt.req)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, briefly(steps)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestPlanWithoutPools(t *testing.T) {
	t.Parallel()
	steps, err := planSnapshot(nil).Plan(&pools.Config{}, PlanRequest{Current: "a"})
	if err != nil || len(steps) != 0 || Next(steps) != nil {
		t.Errorf("got %v, %v", briefly(steps), err)
	}
	for _, req := range []PlanRequest{{Pool: "no"}, {Chain: "no"}} {
		_, err := planSnapshot(nil).Plan(planConfig(), req)
		if _, ok := errors.AsType[*pools.NotFoundError](err); !ok {
			t.Errorf("%+v: %v", req, err)
		}
	}
}

func TestNextIsTheFirstThatIsNotSkipped(t *testing.T) {
	t.Parallel()
	steps := []Step{{UUID: "a", Skip: "disabled"}, {UUID: "b"}, {UUID: "c"}}
	if n := Next(steps); n != &steps[1] {
		t.Errorf("got %+v", n)
	}
}

// Following a plan, with what was tried remembered, comes to an end, tries nothing twice, nothing that is unusable,
// and every usable account that an enabled pool of its names.
func TestAPlanTriesEachUsableAccountOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		uuids := []string{"a", "b", "c", "d", "e", "gone"}
		s := planSnapshot(nil)
		usable := map[string]bool{}
		for _, a := range s.Accounts.List {
			a.Enabled = rapid.Bool().Draw(t, "enabled "+a.UUID)
			usable[a.UUID] = a.Enabled
		}
		c := &pools.Config{}
		reachable := map[string]bool{}
		chain := &pools.Chain{Name: "all", Enabled: true}
		c.Chains = append(c.Chains, chain)
		for i := range rapid.IntRange(0, 4).Draw(t, "pools") {
			p := &pools.Pool{Name: fmt.Sprint("p", i), BaseProvider: "openai", Enabled: rapid.Bool().Draw(t, "pool enabled")}
			p.Members = rapid.SliceOfN(rapid.SampledFrom(uuids), 0, 6).Draw(t, "members")
			c.Pools = append(c.Pools, p)
			e := &pools.Entry{Pool: p.Name, Enabled: rapid.Bool().Draw(t, "entry enabled")}
			chain.Entries = append(chain.Entries, e)
			for _, m := range p.Members {
				if p.Enabled && e.Enabled && usable[m] {
					reachable[m] = true
				}
			}
		}
		var tried []string
		for range len(uuids) + 1 {
			steps, err := s.Plan(c, PlanRequest{Tried: tried})
			if err != nil {
				t.Fatal(err)
			}
			next := Next(steps)
			if next == nil {
				break
			}
			if slices.Contains(tried, next.UUID) || !usable[next.UUID] || next.Account == nil {
				t.Fatalf("tries %s after %v", brief(*next), tried)
			}
			tried = append(tried, next.UUID)
		}
		if len(tried) != len(reachable) {
			t.Fatalf("tried %v of %v", tried, reachable)
		}
	})
}
