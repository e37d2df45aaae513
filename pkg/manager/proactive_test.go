package manager

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

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
		w.Proactive(ctx, ProactiveOptions{})
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
		w.watched(45 * time.Minute)
		if n := w.tokenRequests(); n != 4 {
			t.Errorf("%d requests, want 3 that failed and one that did not", n)
		}
	})
}

func TestProactiveLeavesSomeAlone(t *testing.T) {
	for name, tt := range map[string]struct {
		edit   func(*store.Account)
		owners []string
	}{
		"disabled":  {off, nil},
		"dead":      {dead, nil},
		"not due":   {endsIn(24 * time.Hour), nil},
		"not asked": {endsIn(-time.Hour), []string{"another"}},
		"none":      {endsIn(-time.Hour), []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := bubble(t, time.Minute, Options{})
				w.store.set("uuid-a", tt.edit)
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Hour)
				defer cancel()
				w.Proactive(ctx, ProactiveOptions{Owners: tt.owners})
				if n := w.tokenRequests(); n != 0 {
					t.Errorf("%d requests", n)
				}
			})
		})
	}
}

// At the start the expired tokens are renewed at once, three at a time, and what is merely due not
// all at one moment.
func TestProactiveBeginsWithTheExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := bubble(t, time.Hour, Options{})
		accounts := []*store.Account{w.login("due", endsIn(20*time.Minute)), w.login("off", off)}
		for _, n := range []string{"a", "b", "c", "d", "e", "f", "g"} {
			accounts = append(accounts, w.login(n))
		}
		w.store = newMemory(accounts...)
		var asked crowd
		w.Manager = w.manager(Options{Client: &provider.Client{HTTP: &http.Client{Transport: direct{
			http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				asked.stay()
				w.provider.ServeHTTP(rw, r)
			}),
		}}}})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		var told []string
		w.Proactive(ctx, ProactiveOptions{OnOutcome: func(o Outcome) { told = append(told, o.Account.Label+" "+string(o.Result)) }})
		slices.Sort(told)
		want := []string{"a refreshed", "b refreshed", "c refreshed", "d refreshed", "e refreshed", "f refreshed", "g refreshed"}
		if diff := cmp.Diff(want, told); diff != "" || asked.most != 3 {
			t.Errorf("%d at a time\n%s", asked.most, diff)
		}
	})
}

// A provider in trouble is asked less and less often, and everything that it says is told.
func TestProactiveBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := bubble(t, time.Hour, Options{Rand: func() float64 { return 0 }})
		w.store.set("uuid-a", endsIn(-time.Minute))
		w.provider.Behave(fakeprovider.Behaviour{Endpoint: "token", Status: 503, Times: 1000})
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
		defer cancel()
		var at []time.Duration
		w.Proactive(ctx, ProactiveOptions{OnOutcome: func(o Outcome) {
			if o.Result != ResultFailed || o.Err == nil {
				t.Errorf("outcome %+v", o)
			}
			at = append(at, time.Since(start))
		}})
		const s = time.Second
		want := []time.Duration{0, 30 * s, 90 * s, 210 * s, 450 * s, 750 * s, 1050 * s}
		if diff := cmp.Diff(want, at); diff != "" {
			t.Error(diff)
		}
		if n := w.tokenRequests(); n != len(want) {
			t.Errorf("%d requests, told of %d", n, len(want))
		}
	})
}

func TestProactiveRestsAsTheSettingsSay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := DefaultSettings()
		s.TokenFailureBackoff = 7 * time.Minute
		w := bubble(t, time.Hour, Options{Settings: s})
		w.store.set("uuid-a", endsIn(-time.Minute))
		w.provider.Behave(fakeprovider.Behaviour{Endpoint: "token", Status: 503, Times: 1000})
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		told := 0
		w.Proactive(ctx, ProactiveOptions{OnOutcome: func(Outcome) { told++ }})
		if n := w.tokenRequests(); n != told || n < 7 || n > 9 {
			t.Errorf("%d requests in an hour, told of %d", n, told)
		}
	})
}

// Accounts that come, go, are enabled or given a new login meanwhile are noticed at the next look.
func TestProactiveFollowsTheFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := bubble(t, 2*time.Hour, Options{})
		w.store.set("uuid-a", off)
		w.store.set("uuid-a", endsIn(-time.Minute))
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
		defer cancel()
		var told []string
		go w.Proactive(ctx, ProactiveOptions{OnOutcome: func(o Outcome) { told = append(told, o.Account.Label) }})
		time.Sleep(time.Minute)
		w.store.set("uuid-a", func(a *store.Account) { a.Enabled = true })
		time.Sleep(6 * time.Minute)
		synctest.Wait()
		if diff := cmp.Diff([]string{"a"}, told); diff != "" {
			t.Fatal(diff)
		}
		b := *w.login("b")
		_, err := w.store.Update(ctx, func(accounts *store.Accounts) error {
			accounts.List = append(accounts.List, &b)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		<-ctx.Done()
		synctest.Wait()
		if diff := cmp.Diff([]string{"a", "b"}, told); diff != "" {
			t.Error(diff)
		}
	})
}

// An account file that cannot be read is told once, and looked at again.
func TestProactiveSurvivesADamagedFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := bubble(t, time.Hour, Options{})
		w.store.set("uuid-a", endsIn(-time.Minute))
		w.store.fail(errors.New("damaged"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		var told []string
		go w.Proactive(ctx, ProactiveOptions{
			OnError:   func(err error) { told = append(told, err.Error()) },
			OnOutcome: func(o Outcome) { told = append(told, string(o.Result)) },
		})
		for _, err := range []error{errors.New("damaged"), errors.New("gone"), nil} {
			w.store.fail(err)
			time.Sleep(11 * time.Minute)
		}
		cancel()
		synctest.Wait()
		if diff := cmp.Diff([]string{"damaged", "gone", "refreshed"}, told); diff != "" {
			t.Error(diff)
		}
	})
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

// Two that watch one account make one request for each of its tokens, however short those live.
func TestTwoWatchersMakeOneRequest(t *testing.T) {
	for ttl, want := range map[time.Duration][2]int{
		time.Hour:        {23, 31},
		20 * time.Minute: {70, 93}, // one more than a single watcher, until both know how long a token lives
	} {
		synctest.Test(t, func(t *testing.T) {
			w := bubble(t, ttl, Options{})
			ctx, cancel := context.WithTimeout(t.Context(), 12*time.Hour)
			defer cancel()
			other := w.manager(Options{Client: w.client})
			go other.Proactive(ctx, ProactiveOptions{})
			w.Proactive(ctx, ProactiveOptions{})
			synctest.Wait()
			if n := w.tokenRequests(); n < want[0] || n > want[1] {
				t.Errorf("%s: %d requests in 12 h, want %v", ttl, n, want)
			}
		})
	}
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
		w.Proactive(ctx, ProactiveOptions{})
		if steps := w.store.steps(); len(steps) != 4 || steps[3] != "settle" {
			t.Errorf("returned after %v", steps)
		}
	})
}
