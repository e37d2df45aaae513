package manager

import (
	"context"
	"errors"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/pkg/claims"
	"github.com/kyoli-gam/kyoli/pkg/provider"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// shift is a session with a clock that a test turns.
type shift struct {
	*Session
	t      *testing.T
	m      *Manager
	store  *memory
	claims *claims.Store
	passed atomic.Int64 // since now
}

func begun(t *testing.T, s Settings, req Request, accounts ...*store.Account) *shift {
	t.Helper()
	sh := &shift{t: t, store: newMemory(accounts...)}
	clock := func() time.Time { return now.Add(time.Duration(sh.passed.Load())) }
	sh.claims = claims.Open(t.TempDir()+"/accounts.json", claims.Options{Now: clock})
	if s == (Settings{}) {
		s = DefaultSettings()
	}
	s.ProactiveRefresh = false
	sh.m = New(Options{
		Adapter: &provider.Adapter{ID: "openai"}, Store: sh.store, Claims: sh.claims, Settings: s, Now: clock,
	})
	sh.Session = sh.m.Session(SessionOptions{Holder: holder("me"), Request: req})
	t.Cleanup(func() { _ = sh.Close(context.WithoutCancel(t.Context())) })
	return sh
}

func (s *shift) later(d time.Duration) { s.passed.Add(int64(d)) }

// took takes an account and ends its use.
func (s *shift) took(key string, exclude ...string) string {
	s.t.Helper()
	u, err := s.Take(s.t.Context(), Take{Key: key, Exclude: exclude})
	if err != nil {
		s.t.Fatal(err)
	}
	u.End()
	return u.Account.UUID
}

// holds are the accounts that the session holds, as other processes see it.
func (s *shift) holds() []string {
	s.t.Helper()
	v, err := s.claims.View(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	var uuids []string
	for uuid, holders := range v.Holders {
		for _, h := range holders {
			if h.ID == "me" {
				uuids = append(uuids, uuid)
			}
		}
	}
	slices.Sort(uuids)
	return uuids
}

func (s *shift) claimsFile() string {
	s.t.Helper()
	b, err := os.ReadFile(s.claims.Path())
	if err != nil {
		s.t.Fatal(err)
	}
	return string(b)
}

func TestSessionHoldsOneClaimAnAccount(t *testing.T) {
	t.Parallel()
	s := begun(t, Settings{}, Request{}, acct("a"), acct("b"))
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			u, err := s.Take(t.Context(), Take{Key: string(rune('a' + i))})
			if err != nil {
				t.Error(err)
				return
			}
			u.End()
		})
	}
	all.Wait()
	v, err := s.claims.View(t.Context())
	if err != nil || len(v.Holders["a"]) != 1 || len(v.Holders["b"]) != 0 {
		t.Errorf("claims %+v, %v", v.Holders, err)
	}
}

// TestSessionWritesNothingForWorkThatGoesWell: a thousand requests leave both files alone, and a
// minute of them makes one write.
func TestSessionWritesNothingForWorkThatGoesWell(t *testing.T) {
	t.Parallel()
	for _, strategy := range Strategies() {
		s := begun(t, Settings{}, Request{Strategy: strategy}, acct("a"))
		s.took("first")
		file, updates := s.claimsFile(), s.store.updates
		work := func(n int) {
			for i := range n {
				u, err := s.Take(t.Context(), Take{Key: string(rune('a' + i%50))})
				if err != nil {
					t.Fatal(err)
				}
				if err := u.Succeeded(t.Context(), s.m.now()); err != nil {
					t.Fatal(err)
				}
				u.End()
				s.later(time.Millisecond)
			}
		}
		work(1000)
		if s.claimsFile() != file || s.store.updates != updates {
			t.Errorf("%s: the claims were written (%v) or the accounts (%d times)", strategy, s.claimsFile() != file, s.store.updates-updates)
		}
		s.later(time.Minute)
		work(1000)
		s.errands.Wait()
		if got := s.store.updates - updates; got != 1 {
			t.Errorf("%s: the accounts were written %d times in a minute", strategy, got)
		}
		if wrote := s.claimsFile() != file; wrote != (strategy != StrategyHybrid) {
			t.Errorf("%s: the claims were written: %v", strategy, wrote)
		}
	}
}

func TestSessionKeysStayAndAreRemembered(t *testing.T) {
	t.Parallel()
	s := begun(t, Settings{}, Request{}, acct("a"), acct("b"), acct("c"))
	if got := s.took("chat 1"); got != "a" {
		t.Fatalf("took %s", got)
	}
	if got := s.took("chat 2", "a"); got != "b" {
		t.Fatalf("took %s with a excluded", got)
	}
	for range 3 {
		if one, two, none := s.took("chat 1"), s.took("chat 2"), s.took(""); one != "a" || two != "b" || none != "a" {
			t.Errorf("chat 1 on %s, chat 2 on %s, no session on %s", one, two, none)
		}
		s.later(2 * time.Second)
	}
	if s.took("chat 3"); s.Close(t.Context()) != nil {
		t.Error("closing failed")
	}
	v, err := s.claims.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, key := range []string{"chat 1", "chat 2", "chat 3"} {
		got[key], _ = v.Sticky(key)
	}
	if diff := cmp.Diff(map[string]string{"chat 1": "a", "chat 2": "b", "chat 3": "a"}, got); diff != "" {
		t.Errorf("what the next process finds:\n%s", diff)
	}
	// The next process goes on where this one has stopped.
	next := s.m.Session(SessionOptions{Holder: holder("next")})
	u, err := next.Take(t.Context(), Take{Key: "chat 2"})
	if err != nil || u.Account.UUID != "b" {
		t.Errorf("chat 2 went on with %+v, %v", u, err)
	}
	if err := next.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestSessionBindingEnds(t *testing.T) {
	t.Parallel()
	s := begun(t, Settings{}, Request{}, acct("a"), acct("b"))
	if got := s.took("chat", "a"); got != "b" {
		t.Fatalf("took %s", got)
	}
	s.later(claims.StickyFor + time.Minute)
	if got := s.took("chat"); got != "a" {
		t.Errorf("still bound to %s", got)
	}
}

func TestSessionTakesTurns(t *testing.T) {
	t.Parallel()
	s := begun(t, Settings{}, Request{Strategy: StrategyRoundRobin}, acct("a"), acct("b"), acct("c"))
	got := ""
	for range 7 {
		got += s.took("chat")
	}
	if got != "abcabca" {
		t.Errorf("took %s", got)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := acquired(t, s.m, Request{Strategy: StrategyRoundRobin}, "next"); got != "b" {
		t.Errorf("the next process took %s", got)
	}
}

func TestSessionSeesALimitAtOnce(t *testing.T) {
	t.Parallel()
	s := begun(t, Settings{}, Request{}, acct("a"), acct("b"))
	u, err := s.Take(t.Context(), Take{Key: "chat"})
	if err != nil {
		t.Fatal(err)
	}
	if err := u.Limited(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	u.End()
	if got := s.took("chat"); got != "b" {
		t.Errorf("took %s", got)
	}
	if until := s.Limits(t.Context()); !until.Equal(now.Add(time.Hour)) {
		t.Errorf("the first limit ends at %s", until)
	}
	if diff := cmp.Diff([]string{"a", "b"}, s.holds()); diff != "" {
		t.Error(diff)
	}
}

// TestSessionSeesOtherProcesses: what they change counts within a second, and at once where nothing
// else is left.
func TestSessionSeesOtherProcesses(t *testing.T) {
	t.Parallel()
	s := begun(t, Settings{}, Request{}, acct("a"), acct("b", off))
	s.took("") // claims it
	s.took("")
	s.store.set("a", dead)
	s.store.set("b", func(b *store.Account) { b.Enabled = true })
	if got := s.took(""); got != "a" {
		t.Errorf("looked at the files for every request: took %s", got)
	}
	if got := s.took("", "a"); got != "b" {
		t.Errorf("took %s", got)
	}
	s.later(2 * time.Second)
	if got := s.took(""); got != "b" {
		t.Errorf("took %s", got)
	}
	s.store.set("b", limitedFor(time.Hour))
	s.later(2 * time.Second)
	_, err := s.Take(t.Context(), Take{Key: ""})
	var none *NoUsableError
	if !errors.As(err, &none) || !none.Until.Equal(now.Add(time.Hour)) {
		t.Errorf("err = %v", err)
	}
}

func TestSessionSharesWithOthers(t *testing.T) {
	t.Parallel()
	s := begun(t, Settings{}, Request{}, acct("a"), acct("b"))
	if got := acquired(t, s.m, Request{}, "other"); got != "a" {
		t.Fatalf("took %s", got)
	}
	if got := s.took("chat"); got != "b" {
		t.Errorf("took %s, which is not the free one", got)
	}
}

func TestSessionSuccessClearsALimit(t *testing.T) {
	t.Parallel()
	s := begun(t, Settings{}, Request{}, acct("a", func(a *store.Account) {
		a.ConsecutiveAuthFailures, a.RateLimitResetAt = 2, in(-time.Minute)
	}))
	u, err := s.Take(t.Context(), Take{Key: ""})
	if err != nil {
		t.Fatal(err)
	}
	if err := u.Succeeded(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	if a := s.store.get("a"); a.ConsecutiveAuthFailures != 0 || a.RateLimitResetAt != 0 {
		t.Errorf("left %d failures, limit %v", a.ConsecutiveAuthFailures, a.RateLimitResetAt)
	}
}

func TestSessionLetsIdleAccountsGo(t *testing.T) {
	t.Parallel()
	s := begun(t, Settings{}, Request{}, acct("a"), acct("b"), acct("c"))
	s.took("")
	busy, err := s.Take(t.Context(), Take{Key: "", Exclude: []string{"a"}})
	if err != nil {
		t.Fatal(err)
	}
	s.later(time.Second)
	s.took("", "a", "b")
	s.later(10 * time.Minute)
	s.took("chat", "a", "b")
	s.errands.Wait()
	if diff := cmp.Diff([]string{"b", "c"}, s.holds()); diff != "" {
		t.Errorf("a is idle, b at work, c was used last:\n%s", diff)
	}
	busy.End()
	busy.End()
	if err := s.Close(t.Context()); err != nil || len(s.holds()) > 0 {
		t.Errorf("holds %v after the end (%v)", s.holds(), err)
	}
}

func TestSessionAdoptsAClaim(t *testing.T) {
	t.Parallel()
	s := begun(t, Settings{}, Request{}, acct("a"), acct("b"))
	d, claim, err := s.m.Acquire(t.Context(), Request{Account: "b"}, holder("me"))
	if err != nil {
		t.Fatal(err)
	}
	s.Adopt(d.Account, claim)
	updates := s.store.updates
	if got := s.took("", "a"); got != "b" || s.store.updates != updates {
		t.Errorf("took %s, %d writes", got, s.store.updates-updates)
	}
	if err := s.Close(t.Context()); err != nil || len(s.holds()) > 0 {
		t.Errorf("holds %v after the end (%v)", s.holds(), err)
	}
}

func TestSessionOfOneAccount(t *testing.T) {
	t.Parallel()
	s := begun(t, Settings{}, Request{Account: "b"}, acct("a"), acct("b"))
	if got := s.took("chat"); got != "b" {
		t.Errorf("took %s", got)
	}
	_, err := s.Take(t.Context(), Take{Key: "chat", Exclude: []string{"b"}})
	var none *NoUsableError
	if !errors.As(err, &none) || none.Tried != 1 {
		t.Errorf("err = %v", err)
	}
}

func TestSessionWithClaimsTurnedOff(t *testing.T) {
	t.Parallel()
	settings := DefaultSettings()
	settings.CrossProcessClaims = false
	s := begun(t, settings, Request{}, acct("a"))
	s.took("")
	updates := s.store.updates
	s.took("")
	if len(s.holds()) > 0 || s.store.updates != updates {
		t.Errorf("holds %v, %d writes", s.holds(), s.store.updates-updates)
	}
}
