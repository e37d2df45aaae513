package migrate

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

func TestSyncWritesAndThenNothing(t *testing.T) {
	t.Parallel()
	s := newShop(t, others, account("work", farAhead))
	res := s.sync(t)
	if res.Result != ResultWritten || res.Account.Label != "work" || res.Adopted != nil || res.Overwritten {
		t.Errorf("result %+v", res)
	}
	s.has(t, s.account(t, "work"))
	f, err := parsed(t, s.content(t)).apply([]change{{key: "openai"}})
	if err != nil || string(f.Raw()) != others {
		t.Errorf("the rest is\n%s", f.Raw())
	}
	s.noSecrets(t, "work-r0", "work-a0", "x-r")

	s.age(t)
	before, _ := os.Stat(s.AuthPath)
	ledgerBefore := s.state(t)
	if res := s.sync(t); res.Result != ResultUnchanged || res.Diff != "" {
		t.Errorf("second time: %+v", res)
	}
	after, _ := os.Stat(s.AuthPath)
	if !after.ModTime().Equal(before.ModTime()) || !os.SameFile(before, after) {
		t.Error("the second time wrote the file")
	}
	if s.state(t) != ledgerBefore {
		t.Error("the second time wrote the ledger")
	}
}

func TestSyncMakesTheFile(t *testing.T) {
	t.Parallel()
	s := newShop(t, "", account("work", farAhead))
	if res := s.sync(t); res.Result != ResultWritten {
		t.Errorf("result %+v", res)
	}
	want := `{
  "openai": {
    "type": "oauth",
    "refresh": "work-r0",
    "access": "work-a0",
    "expires": 4102444800000,
    "accountId": "acct-work"
  }
}`
	if got := strings.TrimSpace(s.content(t)); got != want {
		t.Errorf("auth.json is\n%s", got)
	}
}

func TestSyncPicks(t *testing.T) {
	t.Parallel()
	limited := func(a *store.Account) { a.RateLimitResetAt = farAhead }
	off := func(a *store.Account) { a.Enabled = false }
	dead := func(a *store.Account) { a.IsAuthDisabled, a.AuthDisabledReason = true, "gone" }
	bare := func(a *store.Account) { a.AccessToken, a.ExpiresAt = "", 0 }
	for name, c := range map[string]struct {
		change map[string]func(*store.Account)
		active string
		ask    string
		want   string
	}{
		"active":                     {nil, "b", "", "b"},
		"active though limited":      {map[string]func(*store.Account){"b": limited}, "b", "", "b"},
		"first usable":               {map[string]func(*store.Account){"b": off}, "b", "", "a"},
		"not a dead one":             {map[string]func(*store.Account){"a": dead, "b": off}, "b", "", "c"},
		"usable before limited":      {map[string]func(*store.Account){"a": limited, "c": off}, "c", "", "b"},
		"first complete":             {map[string]func(*store.Account){"a": func(a *store.Account) { limited(a); bare(a) }, "b": limited, "c": dead}, "c", "", "b"},
		"named":                      {nil, "b", "c", "c"},
		"named though disabled":      {map[string]func(*store.Account){"c": off}, "b", "c", "c"},
		"named by e-mail":            {nil, "b", "C@example.com", "c"},
		"named by the start of uuid": {nil, "b", "c-00", "c"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, "", account("a", farAhead), account("b", farAhead), account("c", farAhead))
			s.update(t, func(all *store.Accounts) {
				all.Active = c.active + "-0000"
				for name, change := range c.change {
					change(all.Get(name + "-0000"))
				}
			})
			if res := s.sync(t, named(c.ask)); res.Account.Label != c.want {
				t.Errorf("picked %s", res.Account.Label)
			}
			s.has(t, s.account(t, c.want))
		})
	}
}

func TestSyncHasNobody(t *testing.T) {
	t.Parallel()
	s := newShop(t, others)
	var none *NoAccountError
	if _, err := s.try(t); !errors.As(err, &none) || none.Some {
		t.Errorf("empty store: %v", err)
	}
	var unknown *store.UnknownAccountError
	if _, err := s.try(t, named("nobody")); !errors.As(err, &unknown) {
		t.Errorf("unknown name: %v", err)
	}
	a := account("a", farAhead)
	a.Enabled = false
	s.update(t, func(all *store.Accounts) { all.Add(a) })
	if _, err := s.try(t); !errors.As(err, &none) || !none.Some {
		t.Errorf("all disabled: %v", err)
	}
	b := account("b", 0)
	b.AccessToken = ""
	s.update(t, func(all *store.Accounts) { all.Add(b) })
	var incomplete *IncompleteError
	if _, err := s.try(t, named("b")); !errors.As(err, &incomplete) || incomplete.Missing != "access token" {
		t.Errorf("incomplete: %v", err)
	}
	s.want(t, others)
}

func TestSyncRefusesDamaged(t *testing.T) {
	t.Parallel()
	for name, content := range damagedFiles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t, "{}", account("work", farAhead))
			s.put(t, content)
			var damaged *AuthDamagedError
			if _, err := s.try(t, forced); !errors.As(err, &damaged) {
				t.Errorf("error %v", err)
			}
			s.want(t, content)
		})
	}
}

// Unknown members of the entry stay while the account stays.
func TestSyncKeepsUnknownMembers(t *testing.T) {
	t.Parallel()
	s := newShop(t, `{"openai": {"type":"oauth", "refresh":"work-r0", "x": [1,  2], "access":"old", "expires":1, "enterpriseUrl":"https://e"}}`, account("work", farAhead), account("home", farAhead))
	s.sync(t, named("work"))
	if got := s.content(t); !strings.Contains(got, `"x": [1,  2]`) || !strings.Contains(got, `"enterpriseUrl":"https://e"`) {
		t.Errorf("auth.json is %s", got)
	}
	s.sync(t, named("home"))
	if got := s.content(t); strings.Contains(got, "enterprise") {
		t.Errorf("another account's members stayed: %s", got)
	}
}

// Many syncs at once, with OpenCode renewing: nothing is lost, all agree.
func TestSyncConcurrently(t *testing.T) {
	t.Parallel()
	s := newShop(t, others, account("work", 1000))
	s.sync(t)
	oc := startOpenCode(t, "")
	errs := make(chan error, 8)
	for range 8 {
		go func() { _, err := Sync(testContext(t), s.Place, s.options()); errs <- err }()
	}
	oc.login(s.Place, "openai", oauthJSON("work-r1", "work-a1", 2000, "accountId", "acct-work"))
	oc.login(s.Place, "acme", `{"type":"api","key":"z"}`)
	for range 8 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	s.sync(t)
	if a := s.account(t, "work"); a.RefreshToken != "work-r1" || s.entry(t).Refresh != "work-r1" {
		t.Errorf("store %s, file %s", a.RefreshToken.Reveal(), s.content(t))
	}
	if f := parsed(t, s.content(t)); f.distance(parsed(t, others)) != 2 {
		t.Errorf("auth.json is %s", s.content(t))
	}
}
