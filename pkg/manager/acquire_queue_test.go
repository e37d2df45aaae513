package manager

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/claims"
	"github.com/kyoli-gam/kyoli/pkg/provider"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// queued is a manager on the clock of a synctest bubble.
func queued(t *testing.T, accounts ...*store.Account) (*Manager, *memory, *claims.Store) {
	t.Helper()
	c := claims.Open(t.TempDir()+"/accounts.json", claims.Options{})
	b := newMemory(accounts...)
	return New(Options{Adapter: &provider.Adapter{ID: "openai"}, Store: b, Claims: c}), b, c
}

func release(t *testing.T, c *claims.Claim) {
	t.Helper()
	if err := c.Release(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
}

// Those who want an account for themselves get one in the order in which they came, whichever
// strategy they go by, and one of a kind that all of them want is never held by two.
func TestAcquireQueuesInOrderOfArrival(t *testing.T) {
	for _, strategy := range Strategies() {
		synctest.Test(t, func(t *testing.T) {
			m, _, _ := queued(t, acct("a"), acct("b"), acct("c", off))
			var mu sync.Mutex
			var order []string
			holding := map[string]int{}
			var all sync.WaitGroup
			for i, id := range []string{"s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7"} {
				if i == 1 {
					time.Sleep(2500 * time.Millisecond) // so that the two accounts never come free at one time: then two are served at once
				}
				all.Go(func() {
					d, c, err := m.Acquire(t.Context(), Request{Strategy: strategy, Exclusive: true, Wait: time.Hour}, holder(id))
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					order = append(order, id)
					if holding[d.Account.UUID]++; holding[d.Account.UUID] > 1 {
						t.Errorf("%s is held twice", d.Account.UUID)
					}
					mu.Unlock()
					time.Sleep(5 * time.Second)
					mu.Lock()
					holding[d.Account.UUID]--
					mu.Unlock()
					release(t, c)
				})
				time.Sleep(300 * time.Millisecond)
			}
			all.Wait()
			if !slices.IsSorted(order) || len(order) != 8 {
				t.Errorf("%s: served %v", strategy, order)
			}
		})
	}
}

func TestAcquireGivesUpInTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, _, c := queued(t, acct("a"))
		_, held, err := m.Acquire(t.Context(), Request{}, holder("first"))
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		var places []int
		req := Request{Exclusive: true, Wait: 90 * time.Second, OnQueue: func(ahead int) { places = append(places, ahead) }}
		_, _, err = m.Acquire(t.Context(), req, holder("second"))
		var none *NoUsableError
		if !errors.As(err, &none) || none.Held != 1 || none.Waited != req.Wait || time.Since(begun) != req.Wait {
			t.Errorf("%v after %s", err, time.Since(begun))
		}
		if !strings.Contains(err.Error(), "1 held by others, waited for 1m30s") {
			t.Errorf("%v", err)
		}
		if len(places) == 0 || slices.Max(places) != 0 {
			t.Errorf("places %v", places)
		}
		view, err := c.View(t.Context())
		if err != nil || len(view.Queue) != 0 {
			t.Errorf("still in the queue: %v, %v", view.Queue, err)
		}
		// At once where it is not ready to wait.
		begun = time.Now()
		if _, _, err = m.Acquire(t.Context(), Request{Exclusive: true}, holder("third")); !errors.As(err, &none) || time.Since(begun) != 0 {
			t.Errorf("%v after %s", err, time.Since(begun))
		}
		release(t, held)
	})
}

// Whoever is interrupted while waiting leaves the queue.
func TestAcquireIsInterruptedInTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, _, c := queued(t, acct("a"))
		if _, _, err := m.Acquire(t.Context(), Request{}, holder("first")); err != nil {
			t.Fatal(err)
		}
		stop := errors.New("interrupted")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(20*time.Second, func() { cancel(stop) })
		if _, _, err := m.Acquire(ctx, Request{Account: "a", Exclusive: true, Wait: time.Hour}, holder("second")); !errors.Is(err, stop) {
			t.Errorf("got %v", err)
		}
		if view, err := c.View(t.Context()); err != nil || len(view.Queue) != 0 {
			t.Errorf("still in the queue: %v, %v", view.Queue, err)
		}
	})
}

// What becomes of the accounts while one waits counts: one that is limited is not waited for, and one
// whose limit ends is taken.
func TestTheQueueFollowsTheAccounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		m, b, _ := queued(t, acct("a"), acct("b", func(a *store.Account) {
			a.RateLimitResetAt = store.MillisOf(start.Add(30 * time.Second))
		}))
		if _, _, err := m.Acquire(t.Context(), Request{}, holder("first")); err != nil {
			t.Fatal(err)
		}
		d, held, err := m.Acquire(t.Context(), Request{Exclusive: true, Wait: time.Hour}, holder("second"))
		if err != nil || d.Account.UUID != "b" || time.Since(start) < 30*time.Second || time.Since(start) > 36*time.Second {
			t.Fatalf("%+v, %v after %s", d, err, time.Since(start))
		}
		release(t, held)
		b.set("b", off)
		time.AfterFunc(20*time.Second, func() {
			b.set("a", func(a *store.Account) { a.RateLimitResetAt = store.MillisOf(time.Now().Add(24 * time.Hour)) })
		})
		begun := time.Now()
		_, _, err = m.Acquire(t.Context(), Request{Exclusive: true, Wait: time.Hour}, holder("third"))
		var none *NoUsableError
		if !errors.As(err, &none) || none.Limited != 1 || none.Held != 0 || none.Waited != 0 || time.Since(begun) > 26*time.Second {
			t.Errorf("%v after %s", err, time.Since(begun))
		}
	})
}

// One who does not want it for itself alone waits for those who do.
func TestSharedWaitsForExclusive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, _, _ := queued(t, acct("a"))
		_, held, err := m.Acquire(t.Context(), Request{Exclusive: true}, holder("first"))
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(20*time.Second, func() { release(t, held) })
		begun := time.Now()
		d, _, err := m.Acquire(t.Context(), Request{Wait: time.Hour}, holder("second"))
		if err != nil || d.Account.UUID != "a" || time.Since(begun) < 20*time.Second {
			t.Errorf("%+v, %v after %s", d, err, time.Since(begun))
		}
	})
}
