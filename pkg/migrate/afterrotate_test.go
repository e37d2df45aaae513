package migrate

import (
	"errors"
	"strings"
	"testing"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

func TestAfterRotate(t *testing.T) {
	t.Parallel()
	s := newShop(t, others, account("work", farAhead), account("home", farAhead))
	s.sync(t, named("work"))
	work, home := s.account(t, "work"), s.account(t, "home")
	child := store.Credential{RefreshToken: "work-r1", AccessToken: "work-a1", ExpiresAt: farAhead + 1}
	s.age(t)
	before, state := s.content(t), s.state(t)
	if wrote, err := AfterRotate(testContext(t), s.Place, "openai", home.Credential(), child, home); wrote || err != nil {
		t.Errorf("another account's: %v, %v", wrote, err)
	}
	s.want(t, before)
	if s.state(t) != state {
		t.Error("the ledger was written for nothing")
	}
	if wrote, err := AfterRotate(testContext(t), s.Place, "openai", work.Credential(), child, work); !wrote || err != nil {
		t.Errorf("its own: %v, %v", wrote, err)
	}
	s.want(t, strings.NewReplacer("work-r0", "work-r1", "work-a0", "work-a1", "4102444800000", "4102444800001").Replace(before))
	missing := newShop(t, "")
	if wrote, err := AfterRotate(testContext(t), missing.Place, "openai", work.Credential(), child, work); wrote || err != nil || exists(missing.AuthPath) {
		t.Errorf("no file: %v, %v", wrote, err)
	}
}

func TestAfterRotateRefusesDamaged(t *testing.T) {
	t.Parallel()
	s := newShop(t, "{}", account("work", farAhead))
	s.put(t, `{"openai"`)
	var damaged *AuthDamagedError
	if _, err := AfterRotate(testContext(t), s.Place, "openai", store.Credential{RefreshToken: "r"}, store.Credential{}, account("work", 1)); !errors.As(err, &damaged) {
		t.Errorf("error %v", err)
	}
	s.want(t, `{"openai"`)
}

func TestClearIfOurs(t *testing.T) {
	t.Parallel()
	clear := func(s *shop) bool {
		cleared, err := ClearIfOurs(testContext(t), s.Place, "openai")
		if err != nil {
			t.Error(err)
		}
		return cleared
	}
	s := newShop(t, others, account("work", farAhead))
	if clear(s) {
		t.Error("cleared an entry that is not there")
	}
	if exists(s.StateDir) {
		t.Error("a state was written for nothing")
	}
	s.sync(t)
	if !clear(s) {
		t.Error("did not clear kyoli's entry")
	}
	s.want(t, others)
	s.sync(t)
	foreign := doc("openai", oauthJSON("f-r", "f", 1))
	s.put(t, foreign)
	if clear(s) {
		t.Error("cleared a login that somebody else put there")
	}
	s.want(t, foreign)
	imported := newShop(t, doc("openai", oauthJSON("new-r", "new-a", 1)))
	imported.importAll(t)
	if clear(imported) {
		t.Error("cleared a login that was there before kyoli")
	}
}
