package manager

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

// now is the moment at which the tests of pure functions play.
var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func in(d time.Duration) store.Millis { return store.MillisOf(now.Add(d)) }

// acct is an account that is ready, changed by edits.
func acct(uuid string, edits ...func(*store.Account)) *store.Account {
	a := &store.Account{
		UUID: uuid, Label: "label-" + uuid, RefreshToken: store.Secret("rt-" + uuid),
		AccessToken: store.Secret("at-" + uuid), ExpiresAt: in(time.Hour),
		AddedAt: in(-time.Hour), LastUsed: in(-time.Hour), Enabled: true,
	}
	for _, edit := range edits {
		edit(a)
	}
	return a
}

// member is one in state s with n holders; chooser tests need no account behind it.
func member(i int, s Status, n int) *Member {
	uuid := string(rune('a' + i))
	return &Member{Account: acct(uuid), Status: s, Index: i, Claims: n}
}

func poolOf(members ...*Member) *Pool { return &Pool{Members: members, Last: -1} }

func name(c Choice) string {
	if c.Member == nil {
		return "none"
	}
	return c.Member.Account.UUID
}

func TestStickyChoosesInOrder(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		members []*Member
		active  int // index, -1 = none
		bound   int
		want    string
	}{
		"the bound account comes first, though held and not active": {
			[]*Member{member(0, StatusReady, 0), member(1, StatusReady, 3)}, 0, 1, "b",
		},
		"a bound account that is limited is left": {
			[]*Member{member(0, StatusReady, 0), member(1, StatusRateLimited, 0)}, 0, 1, "a",
		},
		"the active account next": {
			[]*Member{member(0, StatusReady, 0), member(1, StatusReady, 0)}, 1, -1, "b",
		},
		"an expired token does not matter": {
			[]*Member{member(0, StatusReady, 0), member(1, StatusExpired, 0)}, 1, -1, "b",
		},
		"an active account that another process holds is passed over": {
			[]*Member{member(0, StatusReady, 1), member(1, StatusReady, 2), member(2, StatusReady, 0)}, 0, -1, "c",
		},
		"else the first usable one that nobody holds": {
			[]*Member{member(0, StatusOverQuota, 0), member(1, StatusReady, 1), member(2, StatusReady, 0)}, 0, -1, "c",
		},
		"else the least claimed": {
			[]*Member{member(0, StatusReady, 3), member(1, StatusReady, 1), member(2, StatusReady, 1)}, 0, -1, "b",
		},
		"a held usable one comes before a free one over its quota": {
			[]*Member{member(0, StatusOverQuota, 0), member(1, StatusReady, 9)}, 0, -1, "b",
		},
		"else the first that is not limited": {
			[]*Member{member(0, StatusRateLimited, 0), member(1, StatusCoolingDown, 4), member(2, StatusOverQuota, 0)}, 0, -1, "b",
		},
		"a limited one never": {
			[]*Member{member(0, StatusRateLimited, 0)}, 0, 0, "none",
		},
		"an empty pool": {nil, -1, -1, "none"},
	}
	for title, tt := range tests {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			p := poolOf(tt.members...)
			if tt.active >= 0 {
				p.Members[tt.active].Active = true
			}
			if tt.bound >= 0 {
				p.Bound = p.Members[tt.bound]
			}
			c := sticky{}.Choose(p)
			if name(c) != tt.want {
				t.Errorf("chose %s, want %s (%s)", name(c), tt.want, c.Why)
			}
			if !c.Bind || c.Advance {
				t.Errorf("sticky binds the session and leaves the cursor: %+v", c)
			}
		})
	}
}

func TestRoundRobinChoosesInTurn(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		members []*Member
		last    int
		want    string
	}{
		"at the start the first": {[]*Member{member(0, StatusReady, 0), member(1, StatusReady, 0)}, -1, "a"},
		"then the next":          {[]*Member{member(0, StatusReady, 0), member(1, StatusReady, 0)}, 0, "b"},
		"round the end":          {[]*Member{member(0, StatusReady, 0), member(1, StatusReady, 0)}, 1, "a"},
		"past an unusable one":   {[]*Member{member(0, StatusReady, 0), member(1, StatusRateLimited, 0), member(2, StatusReady, 0)}, 0, "c"},
		"a free one before a held one whose turn it is": {
			[]*Member{member(0, StatusReady, 0), member(1, StatusReady, 1), member(2, StatusReady, 1)}, 0, "a",
		},
		"all held: in turn": {[]*Member{member(0, StatusReady, 1), member(1, StatusReady, 9)}, 0, "b"},
		"none usable: in turn among those not limited": {
			[]*Member{member(0, StatusOverQuota, 0), member(1, StatusRateLimited, 0), member(2, StatusCoolingDown, 0)}, 0, "c",
		},
		"a last place beyond the end": {[]*Member{member(0, StatusReady, 0)}, 7, "a"},
		"all limited":                 {[]*Member{member(0, StatusRateLimited, 0)}, -1, "none"},
		"an account that left the pool keeps its place": {
			[]*Member{member(0, StatusReady, 0), member(2, StatusReady, 0)}, 1, "c",
		},
	}
	for title, tt := range tests {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			p := poolOf(tt.members...)
			p.Last = tt.last
			c := roundRobin{}.Choose(p)
			if name(c) != tt.want {
				t.Errorf("chose %s, want %s (%s)", name(c), tt.want, c.Why)
			}
			if !c.Advance || c.Bind {
				t.Errorf("round-robin moves the cursor and binds nothing: %+v", c)
			}
		})
	}
}

func TestHybridChoosesByScore(t *testing.T) {
	t.Parallel()
	scored := func(i int, s Status, total float64) *Member {
		m := member(i, s, 0)
		m.Score.Total = total
		return m
	}
	tests := map[string]struct {
		members []*Member
		active  int
		want    string
	}{
		"the highest":                             {[]*Member{scored(0, StatusReady, 100), scored(1, StatusReady, 101)}, -1, "b"},
		"the first of equals":                     {[]*Member{scored(0, StatusReady, 100), scored(1, StatusReady, 100)}, -1, "a"},
		"a lead of exactly 40 is not enough":      {[]*Member{scored(0, StatusReady, 100), scored(1, StatusReady, 140)}, 0, "a"},
		"a lead above 40 is":                      {[]*Member{scored(0, StatusReady, 100), scored(1, StatusReady, 140.1)}, 0, "b"},
		"the active account itself":               {[]*Member{scored(0, StatusReady, 100), scored(1, StatusReady, 50)}, 0, "a"},
		"an active one that is not usable":        {[]*Member{scored(0, StatusCoolingDown, 700), scored(1, StatusReady, 1)}, 0, "b"},
		"an unusable one is no rival":             {[]*Member{scored(0, StatusReady, 1), scored(1, StatusOverQuota, 700)}, -1, "a"},
		"none usable: the highest not limited":    {[]*Member{scored(0, StatusRateLimited, 700), scored(1, StatusOverQuota, 2), scored(2, StatusCoolingDown, 3)}, -1, "c"},
		"none usable: the margin still holds":     {[]*Member{scored(0, StatusOverQuota, 2), scored(1, StatusCoolingDown, 3)}, 0, "a"},
		"all limited":                             {[]*Member{scored(0, StatusRateLimited, 700)}, 0, "none"},
		"a negative score is better than nothing": {[]*Member{scored(0, StatusReady, -300)}, -1, "a"},
	}
	for title, tt := range tests {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			p := poolOf(tt.members...)
			if tt.active >= 0 {
				p.Members[tt.active].Active = true
			}
			c := hybrid{}.Choose(p)
			if name(c) != tt.want {
				t.Errorf("chose %s, want %s (%s)", name(c), tt.want, c.Why)
			}
			if c.Advance || c.Bind {
				t.Errorf("hybrid moves and binds nothing: %+v", c)
			}
		})
	}
}

func TestHybridPrefersFewerHoldersAmongEquals(t *testing.T) {
	t.Parallel()
	p := poolOf(member(0, StatusReady, 2), member(1, StatusReady, 1))
	if c := (hybrid{}).Choose(p); name(c) != "b" {
		t.Errorf("chose %s, want the less claimed of two equals", name(c))
	}
}

func TestStrategiesAreNamed(t *testing.T) {
	t.Parallel()
	want := []string{"sticky", "round-robin", "hybrid"}
	if diff := cmp.Diff(want, Strategies()); diff != "" {
		t.Error(diff)
	}
	for _, n := range want {
		s, err := StrategyNamed(n)
		if err != nil || s.Name() != n {
			t.Errorf("StrategyNamed(%s) = %v, %v", n, s, err)
		}
	}
	_, err := StrategyNamed("random")
	if err == nil || !slices.Contains(err.(*UnknownStrategyError).Allowed, "hybrid") { //nolint:errorlint // its very type
		t.Errorf("an unknown strategy: %v", err)
	}
}
