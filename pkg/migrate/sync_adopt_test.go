package migrate

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

// OpenCode renews the token that kyoli gave it: the new one goes to the store.
func TestSyncAdopts(t *testing.T) {
	t.Parallel()
	s := newShop(t, others, account("work", farAhead))
	s.sync(t)
	s.update(t, func(all *store.Accounts) { // kyoli has tried the spent one in vain
		a := all.Get("work-0000")
		a.IsAuthDisabled, a.AuthDisabledReason, a.ConsecutiveAuthFailures = true, "invalid_grant", 3
	})
	oc := startOpenCode(t, "")
	oc.login(s.Place, "openai", oauthJSON("work-r1", "work-a1", farAhead+5, "accountId", "acct-work"))
	s.age(t)
	before := s.content(t)
	res := s.sync(t)
	if res.Result != ResultUnchanged || res.Adopted == nil || res.Adopted.Label != "work" {
		t.Errorf("result %+v", res)
	}
	a := s.account(t, "work")
	if a.RefreshToken != "work-r1" || a.AccessToken != "work-a1" || a.ExpiresAt != farAhead+5 {
		t.Error("the store has not got it")
	}
	if a.IsAuthDisabled || a.AuthDisabledReason != "" || a.ConsecutiveAuthFailures != 0 {
		t.Error("what was held against the account still is")
	}
	s.want(t, before)
	if res := s.sync(t); res.Adopted != nil {
		t.Error("adopted again")
	}
	if cleared, err := ClearIfOurs(testContext(t), s.Place, "openai"); err != nil || !cleared {
		t.Errorf("an entry that descends from kyoli's is kyoli's: %v, %v", cleared, err)
	}
}

// Without any hint of whose it is, an entry that was kyoli's and changed is
// still that account's.
func TestSyncAdoptsByLineageAlone(t *testing.T) {
	t.Parallel()
	a := account("work", farAhead)
	a.AccountID, a.Email, a.AccessToken = "", "", "opaque"
	s := newShop(t, "", a)
	s.sync(t)
	s.put(t, doc("openai", oauthJSON("new-r", "opaque2", 3))) // expires earlier: only the file has moved
	if res := s.sync(t); res.Adopted == nil || s.account(t, "work").RefreshToken != "new-r" {
		t.Errorf("result %+v", res)
	}
}

// The entry that is adopted need not be the account that is written.
func TestSyncAdoptsBeforeItOverwrites(t *testing.T) {
	t.Parallel()
	s := newShop(t, "", account("work", farAhead), account("home", farAhead))
	s.sync(t, named("work"))
	s.put(t, doc("openai", oauthJSON("work-r1", "work-a1", farAhead+5)))
	res := s.sync(t, named("home"))
	if res.Result != ResultWritten || res.Adopted == nil || res.Adopted.Label != "work" {
		t.Errorf("result %+v", res)
	}
	s.has(t, s.account(t, "home"))
	if s.account(t, "work").RefreshToken != "work-r1" {
		t.Error("the rotated token of the account before is lost")
	}
}

// The store and the file have both moved on: the later expiry is the newer one.
func TestSyncBothMoved(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		inFile  int64
		adopted bool
	}{"file is newer": {farAhead + 10, true}, "store is newer": {farAhead + 1, false}} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, "", account("work", farAhead))
			s.sync(t)
			s.update(t, func(all *store.Accounts) {
				all.List[0].SetCredential(store.Credential{RefreshToken: "store-r", AccessToken: "work-as", ExpiresAt: farAhead + 5})
			})
			s.put(t, doc("openai", oauthJSON("file-r", "work-af", c.inFile)))
			res := s.sync(t)
			if (res.Adopted != nil) != c.adopted {
				t.Errorf("adopted: %v", res.Adopted)
			}
			want := store.Secret("store-r")
			if c.adopted {
				want = "file-r"
			}
			if s.account(t, "work").RefreshToken != want || s.entry(t).Refresh != want {
				t.Errorf("store %s, file %s", s.account(t, "work").RefreshToken.Reveal(), s.entry(t).Refresh.Reveal())
			}
		})
	}
}

// An OpenCode that had read the file before stores a spent token again.
func TestSyncDoesNotAdoptSpent(t *testing.T) {
	t.Parallel()
	s := newShop(t, "", account("work", farAhead))
	s.sync(t)
	old := s.content(t)
	s.stale["work-0000"] = true
	s.sync(t)
	newest := s.account(t, "work")
	if len(s.spent) != 1 || newest.RefreshToken == "work-r0" {
		t.Fatal("not refreshed")
	}
	s.has(t, newest)
	s.put(t, old)
	if res := s.sync(t); res.Adopted != nil || res.Result != ResultWritten {
		t.Errorf("result %+v", res)
	}
	s.has(t, newest)
	if s.account(t, "work").RefreshToken != newest.RefreshToken {
		t.Error("the store took the spent token")
	}
}

// What was spent is refreshed first, and the entry is written by that.
func TestSyncRefreshesFirst(t *testing.T) {
	t.Parallel()
	s := newShop(t, others, account("work", 1))
	s.stale["work-0000"] = true
	if res := s.sync(t); res.Result != ResultWritten {
		t.Errorf("result %+v", res)
	}
	s.has(t, s.account(t, "work"))
	s.stale["work-0000"] = true
	if res := s.sync(t); res.Result != ResultWritten || len(s.spent) != 2 {
		t.Errorf("second: %+v, spent %d", res, len(s.spent))
	}
	s.has(t, s.account(t, "work"))
}

// A newer token in the file keeps kyoli from sending the spent one.
func TestSyncAdoptsBeforeItRefreshes(t *testing.T) {
	t.Parallel()
	s := newShop(t, "", account("work", 1))
	s.sync(t)
	s.put(t, doc("openai", oauthJSON("work-r1", "work-a1", 2)))
	s.stale["work-0000"] = true
	s.sync(t)
	if !slices.Equal(s.spent, []store.Secret{"work-r1"}) {
		t.Errorf("spent %d tokens, the first of them the wrong one", len(s.spent))
	}
	s.has(t, s.account(t, "work"))
}

func TestAdopt(t *testing.T) {
	t.Parallel()
	s := newShop(t, "", account("work", farAhead))
	if a, err := Adopt(testContext(t), s.Place, s.login); a != nil || err != nil || exists(s.StateDir) {
		t.Errorf("nothing there: %v, %v", a, err)
	}
	s.sync(t)
	state := s.state(t)
	if a, err := Adopt(testContext(t), s.Place, s.login); a != nil || err != nil || s.state(t) != state {
		t.Errorf("unchanged: %v, %v", a, err)
	}
	s.put(t, doc("openai", oauthJSON("work-r1", "work-a1", farAhead+5)))
	if a, err := Adopt(testContext(t), s.Place, s.login); err != nil || a == nil || s.account(t, "work").RefreshToken != "work-r1" {
		t.Errorf("rotated: %v, %v", a, err)
	}
}

// What OpenCode is writing is waited for: it may be the renewed login.
func TestAdoptOfTornFile(t *testing.T) {
	t.Parallel()
	s := newShop(t, "", account("work", farAhead))
	s.sync(t)
	synctest.Test(t, func(t *testing.T) {
		s.writeSlowly(t, doc("openai", oauthJSON("work-r1", "work-a1", farAhead+5)))
		if a, err := Adopt(testContext(t), s.Place, s.login); err != nil || a == nil || a.RefreshToken != "work-r1" {
			t.Errorf("%v, %v", a, err)
		}
	})
	var damaged *AuthDamagedError
	s.put(t, "{")
	if a, err := Adopt(testContext(t), s.Place, s.login); a != nil || !errors.As(err, &damaged) {
		t.Errorf("damaged: %v, %v", a, err)
	}
}
