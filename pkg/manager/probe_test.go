package manager

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/internal/fakeprovider"
	"github.com/kyoli-gam/kyoli/pkg/provider"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// probed is a world whose provider can be asked for usage and profile, in the form of format.
func probed(t *testing.T, format string, names []string, edits ...func(*store.Account)) *world {
	t.Helper()
	w := newWorld(t, names, edits...)
	w.adapter.UsageFormat = format
	w.adapter.UsageURL = w.server.URL + "/usage"
	if format == provider.UsageFormatAnthropic {
		w.adapter.ProfileURL = w.server.URL + "/profile"
	}
	return w
}

// seen counts the requests at the provider's endpoints.
func (w *world) seen() map[string]int {
	n := map[string]int{}
	for _, r := range w.provider.Requests() {
		n[r.Endpoint]++
	}
	return n
}

// one refreshes the usage of account a.
func (w *world) one() []error {
	return w.RefreshUsage(w.t.Context(), []string{"uuid-a"}, UsageOptions{})[0].Errs
}

// account is account a, which a refresh gives another uuid.
func (w *world) account() *store.Account { return w.peek(w.t.Context(), "uuid-a") }

// percents are the windows' use; -1 = there is no such window.
func percents(u *store.Usage) [3]float64 {
	got := [3]float64{-1, -1, -1}
	if u == nil {
		return got
	}
	for i, w := range []*store.Window{u.FiveHour, u.SevenDay, u.SevenDaySonnet} {
		if w != nil {
			got[i] = w.Utilization
		}
	}
	return got
}

func TestRefreshUsageStoresWhatTheProviderSays(t *testing.T) {
	t.Parallel()
	for format, want := range map[string]struct {
		plan, email string
		requests    map[string]int
	}{
		provider.UsageFormatOpenAI:    {"pro", "a@example.com", map[string]int{"token": 1, "usage": 1}},
		provider.UsageFormatAnthropic: {"pro", "a@example.com", map[string]int{"token": 1, "usage": 1, "profile": 1}},
	} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			w := probed(t, format, []string{"a"})
			start := store.MillisOf(time.Now())
			w.provider.Use("id-a", 37, 100)
			if errs := w.one(); len(errs) > 0 {
				t.Fatal(errs)
			}
			a := w.account()
			if got := percents(a.CachedUsage); got != [3]float64{37, 100, -1} || a.CachedUsageAt < start {
				t.Errorf("usage %v of %v", got, a.CachedUsageAt.Time())
			}
			if left := time.Until(a.RateLimitResetAt.Time()); left < 71*time.Hour || left > 73*time.Hour {
				t.Errorf("limited for %s, want the reset of the used-up window", left)
			}
			if a.PlanTier != want.plan || a.Email != want.email {
				t.Errorf("plan %q of %q", a.PlanTier, a.Email)
			}
			if diff := cmp.Diff(want.requests, w.seen()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRefreshUsageRenewsARefusedTokenOnce(t *testing.T) {
	t.Parallel()
	w := probed(t, provider.UsageFormatAnthropic, []string{"a"}, endsIn(time.Hour))
	w.provider.Expire(w.account().AccessToken.Reveal(), time.Minute)
	if errs := w.one(); len(errs) > 0 {
		t.Fatal(errs)
	}
	if diff := cmp.Diff(map[string]int{"token": 1, "usage": 2, "profile": 1}, w.seen()); diff != "" {
		t.Error(diff)
	}
	if a := w.account(); percents(a.CachedUsage) != [3]float64{0, 0, -1} {
		t.Errorf("usage %v", percents(a.CachedUsage))
	}
}

// A usage endpoint that does not like the token is no word about the login.
func TestRefreshUsageGivesUpAfterTheSecondRefusal(t *testing.T) {
	t.Parallel()
	w := probed(t, provider.UsageFormatAnthropic, []string{"a"}, endsIn(time.Hour))
	for _, endpoint := range []string{"usage", "profile"} {
		w.provider.Behave(fakeprovider.Behaviour{Endpoint: endpoint, Status: 401, Times: 9})
	}
	errs := w.one()
	var refused *provider.ProbeError
	if len(errs) != 2 || !errors.As(errs[0], &refused) || refused.Probed != provider.ProbedUsage || !refused.Unauthorized() {
		t.Errorf("errors %v", errs)
	}
	if diff := cmp.Diff(map[string]int{"token": 1, "usage": 2, "profile": 1}, w.seen()); diff != "" {
		t.Error(diff)
	}
	if a := w.account(); a.ConsecutiveAuthFailures != 0 || a.IsAuthDisabled {
		t.Errorf("blamed: %+v", a)
	}
}

func TestRefreshUsageOfADeadLogin(t *testing.T) {
	t.Parallel()
	w := probed(t, provider.UsageFormatAnthropic, []string{"a"}, endsIn(time.Hour), func(a *store.Account) { a.RefreshToken = "gone" })
	w.provider.Expire(w.account().AccessToken.Reveal(), time.Minute)
	errs := w.one()
	var login *LoginNeededError
	if len(errs) != 1 || !errors.As(errs[0], &login) {
		t.Errorf("errors %v, want one that asks for a login", errs)
	}
	if a := w.account(); !a.IsAuthDisabled {
		t.Error("the account is not marked")
	}
}

// One endpoint's failure leaves what is stored, and what the other one says is stored.
func TestAFailedProbeWipesNothing(t *testing.T) {
	t.Parallel()
	known := func(a *store.Account) {
		a.CachedUsage, a.CachedUsageAt = &store.Usage{FiveHour: &store.Window{Utilization: 61}}, 1700000000000
		a.Email, a.PlanTier, a.RateLimitResetAt = "known@example.com", "max", store.MillisOf(time.Now().Add(time.Hour))
	}
	for name, tt := range map[string]struct {
		behaviour   fakeprovider.Behaviour
		usage       float64
		email, plan string
	}{
		"usage: 500":        {fakeprovider.Behaviour{Endpoint: "usage", Status: 500}, 61, "a@example.com", "pro"},
		"usage: 429":        {fakeprovider.Behaviour{Endpoint: "usage", Status: 429, Header: map[string]string{"Retry-After": "9999999"}}, 61, "a@example.com", "pro"},
		"usage: nothing":    {fakeprovider.Behaviour{Endpoint: "usage", Status: 200, Body: `{}`}, 61, "a@example.com", "pro"},
		"usage: NaN":        {fakeprovider.Behaviour{Endpoint: "usage", Status: 200, Body: `{"five_hour":{"utilization":"NaN"}}`}, 61, "a@example.com", "pro"},
		"usage: reset":      {fakeprovider.Behaviour{Endpoint: "usage", Reset: true}, 61, "a@example.com", "pro"},
		"profile: 403":      {fakeprovider.Behaviour{Endpoint: "profile", Status: 403}, 0, "known@example.com", "max"},
		"profile: no plan":  {fakeprovider.Behaviour{Endpoint: "profile", Status: 200, Body: `{"account":{"email":"new@example.com"}}`}, 0, "new@example.com", "max"},
		"profile: no email": {fakeprovider.Behaviour{Endpoint: "profile", Status: 200, Body: `{"account":{"has_claude_max":false,"has_claude_pro":false}}`}, 0, "known@example.com", "free"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := probed(t, provider.UsageFormatAnthropic, []string{"a"}, known, endsIn(time.Hour))
			was := w.account()
			w.provider.Behave(tt.behaviour)
			errs := w.one()
			if ok := strings.Contains(name, ": no "); (len(errs) == 0) != ok {
				t.Errorf("errors %v", errs)
			}
			a := w.account()
			if got := percents(a.CachedUsage)[0]; got != tt.usage || a.Email != tt.email || a.PlanTier != tt.plan {
				t.Errorf("usage %v, e-mail %q, plan %q", got, a.Email, a.PlanTier)
			}
			if tt.usage == 61 && (a.CachedUsageAt != was.CachedUsageAt || a.RateLimitResetAt != was.RateLimitResetAt) {
				t.Error("a failed probe moved a time")
			}
		})
	}
}

// stalled is a manager whose usage endpoint takes a second.
func stalled(t *testing.T, n int, limit int) (asked *crowd, outcomes []UsageOutcome, told []string) {
	asked = &crowd{}
	var accounts []*store.Account
	var uuids []string
	for i := range n {
		name := string(rune('a' + i))
		accounts = append(accounts, acct(name, endsIn(time.Hour)))
		uuids = append(uuids, name)
	}
	m := New(Options{
		Adapter: &provider.Adapter{ID: "openai", UsageURL: "http://127.0.0.1/usage"},
		Store:   newMemory(accounts...),
		Client: &provider.Client{HTTP: &http.Client{Transport: direct{http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			asked.stay()
		})}}},
	})
	outcomes = m.RefreshUsage(t.Context(), uuids, UsageOptions{Limit: limit, OnDone: func(o UsageOutcome) { told = append(told, o.UUID) }})
	return asked, outcomes, told
}

func TestRefreshUsageIsBounded(t *testing.T) {
	for limit, want := range map[int]int{0: 5, 2: 2, 100: 9} {
		synctest.Test(t, func(t *testing.T) {
			asked, outcomes, told := stalled(t, 9, limit)
			if asked.most != want || asked.all != 9 || len(told) != 9 {
				t.Errorf("limit %d: %d at a time of %d, told of %d", limit, asked.most, asked.all, len(told))
			}
			for i, o := range outcomes {
				if o.UUID != string(rune('a'+i)) || len(o.Errs) != 1 { // an empty answer
					t.Errorf("outcome %d: %+v", i, o)
				}
			}
		})
	}
}

func TestRefreshUsageStopsWhenItIsCancelled(t *testing.T) {
	t.Parallel()
	w := probed(t, provider.UsageFormatOpenAI, []string{"a", "b"}, endsIn(time.Hour))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, o := range w.RefreshUsage(ctx, []string{"uuid-a", "uuid-b"}, UsageOptions{}) {
		if len(o.Errs) != 1 || !errors.Is(o.Errs[0], context.Canceled) {
			t.Errorf("outcome %+v", o)
		}
	}
	if n := len(w.provider.Requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestRefreshUsageReportsWhatCannotBeAskedOrStored(t *testing.T) {
	t.Parallel()
	w := newWorld(t, []string{"a"}, endsIn(time.Hour))
	if w.HasUsage() {
		t.Error("there is no endpoint")
	}
	var fault *provider.ProbeError
	if errs := w.one(); len(errs) != 1 || !errors.As(errs[0], &fault) || !strings.Contains(fault.Error(), "no usage_url") {
		t.Errorf("errors %v", errs)
	}
	w.adapter.UsageURL = w.server.URL + "/usage"
	if !w.HasUsage() {
		t.Error("there is an endpoint")
	}
	w.store.updateErr = errors.New("disk full")
	if errs := w.one(); len(errs) != 1 || !errors.Is(errs[0], w.store.updateErr) {
		t.Errorf("errors %v", errs)
	}
	var unknown *store.UnknownAccountError
	gone := w.RefreshUsage(t.Context(), []string{"gone"}, UsageOptions{})[0]
	if len(gone.Errs) != 1 || !errors.As(gone.Errs[0], &unknown) {
		t.Errorf("outcome %+v", gone)
	}
}
