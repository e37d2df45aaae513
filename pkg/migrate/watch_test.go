package migrate

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

func TestWatch(t *testing.T) {
	t.Parallel()
	s := newShop(t, others, account("work", farAhead), account("home", farAhead))
	ctx, cancel := context.WithCancel(testContext(t))
	var told []string
	var mu sync.Mutex
	done := make(chan error, 1)
	go func() {
		done <- Watch(ctx, s.Place, s.options(), func(res *SyncResult, err error) {
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				told = append(told, "error")
			case res.Adopted != nil:
				told = append(told, "adopted")
			default:
				told = append(told, res.Result)
			}
		})
	}()
	agree := func(name, refresh string) {
		t.Helper()
		eventually(t, name+" has "+refresh+" on both sides", func() bool {
			f, err := ReadAuth(s.AuthPath)
			return err == nil && f.refresh("openai") == store.Secret(refresh) && s.account(t, name).RefreshToken == store.Secret(refresh)
		})
	}
	agree("work", "work-r0")
	s.update(t, func(all *store.Accounts) { all.Active = "home-0000" }) // the store moves
	agree("home", "home-r0")
	oc := startOpenCode(t, "")
	oc.login(s.Place, "openai", oauthJSON("home-r1", "home-a1", farAhead+1)) // the file moves
	agree("home", "home-r1")
	heard := func(what string) {
		t.Helper()
		eventually(t, "told of "+what, func() bool { mu.Lock(); defer mu.Unlock(); return slices.Contains(told, what) })
	}
	heard("adopted")
	oc.logout(s.Place, "openai")
	heard(ResultRemoved)
	s.update(t, func(all *store.Accounts) { all.Active = "work-0000" })
	oc.login(s.Place, "openai", oauthJSON("f-r", "stranger-a1", farAhead, "accountId", "acct-stranger"))
	heard("error")
	cancel()
	if err := <-done; err != nil {
		t.Errorf("watch: %v", err)
	}
	if s.entry(t).Refresh != "f-r" {
		t.Error("the foreign login was overwritten")
	}
	if want := []string{ResultWritten, ResultWritten, "adopted", ResultRemoved, "error"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}

// What cannot work at the start is an error at once.
func TestWatchFirstPass(t *testing.T) {
	t.Parallel()
	s := newShop(t, others)
	var none *NoAccountError
	if err := Watch(testContext(t), s.Place, s.options(), nil); !errors.As(err, &none) {
		t.Errorf("error %v", err)
	}
}
