package manager

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kyoli-gam/kyoli/internal/fakeprovider"
	"github.com/kyoli-gam/kyoli/pkg/provider"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// bubble is a world without a network, for tests that play with time. The account's token lives for
// ttl from now.
func bubble(t *testing.T, ttl time.Duration, o Options) *world {
	t.Helper()
	w := &world{t: t, provider: fakeprovider.New(fakeprovider.Options{TTL: ttl})}
	w.adapter = &provider.Adapter{ID: "openai", ClientID: "c", TokenRequest: "form", TokenURL: "http://127.0.0.1/oauth/token"}
	w.store = newMemory(w.login("a", endsIn(ttl)))
	o.Client = &provider.Client{HTTP: &http.Client{Transport: direct{w.provider}}}
	w.Manager = w.manager(o)
	return w
}

// watched runs Proactive for d, with a look at the token each second: it must never have expired.
func (w *world) watched(d time.Duration) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.Proactive(ctx, "uuid-a")
	}()
	for range int(d / time.Second) {
		time.Sleep(time.Second)
		accounts, err := w.store.Peek(ctx)
		if err != nil || Expired(accounts.List[0], time.Now()) {
			w.t.Fatalf("the token has expired: %+v, %v", accounts.List[0], err)
		}
	}
	cancel()
	<-done // at once, or the bubble deadlocks
}

func TestProactiveKeepsATokenValid(t *testing.T) {
	for name, tt := range map[string]struct {
		ttl      time.Duration
		requests [2]int // in 12 h, at least and at most
	}{
		"an hour":                     {time.Hour, [2]int{23, 31}},         // renewed 30 to 36 minutes before its end
		"a day":                       {24 * time.Hour, [2]int{0, 0}},      // not due
		"shorter than the buffer":     {20 * time.Minute, [2]int{70, 92}},  // 10 to 12 minutes before its end
		"hardly longer than a minute": {3 * time.Minute, [2]int{470, 610}}, // 90 to 108 seconds
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := bubble(t, tt.ttl, Options{})
				w.watched(12 * time.Hour)
				if n := w.tokenRequests(); n < tt.requests[0] || n > tt.requests[1] {
					t.Errorf("%d requests in 12 h, want %v", n, tt.requests)
				}
			})
		})
	}
}

func TestProactiveIsSpreadByChance(t *testing.T) {
	when := map[float64]time.Duration{}
	for _, chance := range []float64{0, 0.999} {
		synctest.Test(t, func(t *testing.T) {
			w := bubble(t, time.Hour, Options{Rand: func() float64 { return chance }})
			w.watched(40 * time.Minute)
			when[chance] = w.provider.Requests()[0].At.Sub(w.store.accounts[0].AddedAt.Time())
		})
	}
	if apart := when[0] - when[0.999]; apart.Abs() < 30*time.Second {
		t.Errorf("two of a fleet refresh %s apart: %v", apart, when)
	}
}

func TestProactiveTriesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := bubble(t, time.Hour, Options{})
		w.provider.Behave(fakeprovider.Behaviour{Endpoint: "token", Status: 503, Times: 3})
		w.watched(time.Hour)
		if n := w.tokenRequests(); n != 4 {
			t.Errorf("%d requests, want 3 that failed and one that did not", n)
		}
	})
}

func TestProactiveLeavesSomeAlone(t *testing.T) {
	for name, edit := range map[string]func(*store.Account){
		"disabled":   off,
		"dead":       dead,
		"not due":    endsIn(24 * time.Hour),
		"turned off": func(*store.Account) {},
		"removed":    func(a *store.Account) { a.UUID = "another" },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := DefaultSettings()
				s.ProactiveRefresh = name != "turned off"
				w := bubble(t, time.Minute, Options{Settings: s})
				w.store.set("uuid-a", edit)
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Hour)
				defer cancel()
				w.Proactive(ctx, "uuid-a")
				if n := w.tokenRequests(); n != 0 {
					t.Errorf("%d requests", n)
				}
			})
		})
	}
}

func TestProactiveRefreshesALimitedAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := bubble(t, time.Hour, Options{})
		w.store.set("uuid-a", func(a *store.Account) { a.RateLimitResetAt = store.MillisOf(time.Now().Add(24 * time.Hour)) })
		w.watched(2 * time.Hour)
		if w.tokenRequests() == 0 {
			t.Error("it was not refreshed")
		}
	})
}

// Two that watch one account make one request.
func TestTwoWatchersMakeOneRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := bubble(t, time.Hour, Options{})
		ctx, cancel := context.WithTimeout(t.Context(), 45*time.Minute)
		defer cancel()
		other := w.manager(Options{Client: w.client})
		go other.Proactive(ctx, "uuid-a")
		w.Proactive(ctx, "uuid-a")
		synctest.Wait()
		if n := w.tokenRequests(); n != 1 {
			t.Errorf("%d requests", n)
		}
	})
}

// A refresh that has begun is seen through: Proactive returns only when its token is stored.
func TestProactiveEndsAfterTheRunningRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := bubble(t, time.Hour, Options{})
		ctx, cancel := context.WithCancel(t.Context())
		w.Manager = w.manager(Options{Client: &provider.Client{HTTP: &http.Client{Transport: direct{
			http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				cancel()
				time.Sleep(10 * time.Second)
				w.provider.ServeHTTP(rw, r)
			}),
		}}}})
		w.Proactive(ctx, "uuid-a")
		if steps := w.store.steps(); len(steps) != 4 || steps[3] != "settle" {
			t.Errorf("returned after %v", steps)
		}
	})
}
