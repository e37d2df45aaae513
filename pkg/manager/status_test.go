package manager

import (
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

func TestStatus(t *testing.T) {
	t.Parallel()
	usage := func(u store.Usage) func(*store.Account) {
		return func(a *store.Account) { a.CachedUsage = &u }
	}
	limited := func(d time.Duration) func(*store.Account) {
		return func(a *store.Account) { a.RateLimitResetAt = in(d) }
	}
	expires := func(d time.Duration) func(*store.Account) {
		return func(a *store.Account) { a.ExpiresAt = in(d) }
	}
	dead := func(a *store.Account) { a.IsAuthDisabled = true }
	off := func(a *store.Account) { a.Enabled = false }
	never := 1000 * time.Hour
	tests := map[string]struct {
		edits   []func(*store.Account)
		last429 time.Duration // ago
		quota   float64
		want    Status
	}{
		"ready":                  {nil, never, 100, StatusReady},
		"disabled before all":    {[]func(*store.Account){off, dead, limited(time.Hour)}, 0, 0, StatusDisabled},
		"auth-disabled next":     {[]func(*store.Account){dead, limited(time.Hour)}, 0, 0, StatusAuthDisabled},
		"limited":                {[]func(*store.Account){limited(time.Second), expires(-1)}, 0, 0, StatusRateLimited},
		"a limit that has ended": {[]func(*store.Account){limited(0)}, never, 100, StatusReady},
		"five hours used up":     {[]func(*store.Account){usage(store.Usage{FiveHour: window(100, time.Hour)})}, never, 100, StatusRateLimited},
		"seven days used up":     {[]func(*store.Account){usage(store.Usage{SevenDay: window(100.5, time.Hour)})}, never, 100, StatusRateLimited},
		"sonnet used up":         {[]func(*store.Account){usage(store.Usage{SevenDaySonnet: window(100, time.Hour)})}, never, 50, StatusReady},
		"used up, reset passed":  {[]func(*store.Account){usage(store.Usage{FiveHour: window(100, -time.Second)})}, never, 50, StatusReady},
		"used up, reset unknown": {[]func(*store.Account){usage(store.Usage{FiveHour: &store.Window{Utilization: 100}})}, never, 100, StatusReady},
		"429 a moment ago":       {[]func(*store.Account){expires(-1)}, 29 * time.Second, 100, StatusCoolingDown},
		"429 half a minute ago":  {nil, 30 * time.Second, 100, StatusReady},
		"429 just ahead, by another clock": {
			nil, -5 * time.Second, 100, StatusCoolingDown,
		},
		"429 far ahead, by a wrong clock": {nil, -time.Hour, 100, StatusReady},
		"at the soft quota":               {[]func(*store.Account){usage(store.Usage{SevenDay: window(80, time.Hour)})}, never, 80, StatusOverQuota},
		"under the soft quota":            {[]func(*store.Account){usage(store.Usage{SevenDay: window(79.9, time.Hour)})}, never, 80, StatusReady},
		"no soft quota":                   {[]func(*store.Account){usage(store.Usage{FiveHour: &store.Window{Utilization: 100}})}, never, 100, StatusReady},
		"soft quota, nothing known":       {nil, never, 0, StatusReady},
		"over quota before expired":       {[]func(*store.Account){usage(store.Usage{FiveHour: window(90, time.Hour)}), expires(-1)}, never, 80, StatusOverQuota},
		"expired":                         {[]func(*store.Account){expires(-time.Second)}, never, 100, StatusExpired},
		"expired 60 s early":              {[]func(*store.Account){expires(60 * time.Second)}, never, 100, StatusExpired},
		"not earlier":                     {[]func(*store.Account){expires(61 * time.Second)}, never, 100, StatusReady},
		"no token":                        {[]func(*store.Account){func(a *store.Account) { a.AccessToken = "" }}, never, 100, StatusExpired},
		"no end known":                    {[]func(*store.Account){func(a *store.Account) { a.ExpiresAt = 0 }}, never, 100, StatusExpired},
	}
	for title, tt := range tests {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			s := DefaultSettings()
			s.SoftQuotaThresholdPercent = tt.quota
			got := s.status(acct("a", tt.edits...), now.Add(-tt.last429), now)
			if got != tt.want {
				t.Errorf("status = %s, want %s", got, tt.want)
			}
		})
	}
}

func TestOnlyReadyAndExpiredAreUsable(t *testing.T) {
	t.Parallel()
	want := map[Status]bool{
		StatusDisabled: false, StatusAuthDisabled: false, StatusRateLimited: false,
		StatusCoolingDown: false, StatusOverQuota: false, StatusExpired: true, StatusReady: true,
	}
	for s, usable := range want {
		if s.Usable() != usable {
			t.Errorf("%s: usable = %t", s, s.Usable())
		}
	}
}

func TestLimitedUntilTheLastOfItsLimits(t *testing.T) {
	t.Parallel()
	a := acct("a", func(a *store.Account) {
		a.RateLimitResetAt = in(time.Hour)
		a.CachedUsage = &store.Usage{FiveHour: window(100, 2*time.Hour), SevenDay: window(99, 3*time.Hour)}
	})
	if got := LimitedUntil(a, now); !got.Equal(now.Add(2 * time.Hour)) {
		t.Errorf("limited until %v", got)
	}
	if got := LimitedUntil(acct("b"), now); !got.IsZero() {
		t.Errorf("not limited, but until %v", got)
	}
}

func TestSettingsLeftOutAreTheDefaults(t *testing.T) {
	t.Parallel()
	if got := (Settings{}).withDefaults(); got != DefaultSettings() {
		t.Errorf("got %+v", got)
	}
	got := Settings{SoftQuotaThresholdPercent: 50}.withDefaults()
	if got.MaxConsecutiveAuthFailures != 3 || got.Strategy != StrategySticky || got.ProactiveRefreshInterval == 0 {
		t.Errorf("settings that cannot be zero are: %+v", got)
	}
	if got.CrossProcessClaims || got.ProactiveRefresh || got.TokenFailureBackoff != 0 {
		t.Errorf("settings that can be zero were changed: %+v", got)
	}
}

// Later looks at claims and clock anew, and not at the file.
func TestLater(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	m, b, _ := pooled(t, Settings{}, acct("a", func(a *store.Account) { a.RateLimitResetAt = in(time.Minute) }))
	s, err := m.Snapshot(ctx)
	if err != nil || s.Status(s.Accounts.List[0]) != StatusRateLimited {
		t.Fatalf("%+v, %v", s, err)
	}
	b.accounts = nil // what is read now has no account
	if err := m.claims.Mark429(ctx, "other"); err != nil {
		t.Fatal(err)
	}
	m.now = func() time.Time { return now.Add(2 * time.Minute) }
	later, err := m.Later(ctx, s)
	if err != nil || len(later.Accounts.List) != 1 || later.Status(s.Accounts.List[0]) != StatusReady || later.Claims.Last429("other").IsZero() {
		t.Errorf("%+v, %v", later, err)
	}
	if s.Status(s.Accounts.List[0]) != StatusRateLimited {
		t.Error("the earlier one has changed")
	}
}
