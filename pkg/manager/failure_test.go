package manager

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/internal/fakeprovider"
	"github.com/kyoli-gam/kyoli/pkg/provider"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

func scripted(b fakeprovider.Behaviour) func(*world) {
	return func(w *world) {
		b.Endpoint, b.Times = "token", 100
		w.provider.Behave(b)
	}
}

func answers(status int, body string) func(*world) {
	return scripted(fakeprovider.Behaviour{Status: status, Body: body})
}

const html = "<html><body>revoked by your firewall: invalid_grant</body></html>"

// What the provider, or what stands in between, may answer, and what becomes of the
// account: one odd answer never disables it, and its token stays.
func TestAnswersWithoutAToken(t *testing.T) {
	t.Parallel()
	refusedSteps := func(status string) []string { return []string{"begin", "ready", "answered " + status, "refused"} }
	open := []string{"begin", "ready"}
	tests := map[string]struct {
		provider  func(*world)
		transient bool
		failures  int
		steps     []string
	}{
		"invalid_client":          {answers(400, `{"error":"invalid_client"}`), false, 0, refusedSteps("400")},
		"unauthorized_client":     {answers(401, `{"error":"unauthorized_client"}`), false, 0, refusedSteps("401")},
		"400 HTML":                {answers(400, html), true, 1, refusedSteps("400")},
		"401 without a body":      {answers(401, ""), true, 1, refusedSteps("401")},
		"403 of a firewall":       {answers(403, html), true, 1, refusedSteps("403")},
		"403 with the word in it": {answers(403, `{"error":"invalid_grant"}`), true, 1, refusedSteps("403")},
		"429":                     {answers(429, `{"error":{"code":"rate_limit"}}`), true, 1, refusedSteps("429")},
		"500":                     {answers(500, `{"error":"invalid_grant"}`), true, 1, refusedSteps("500")},
		"200 HTML":                {answers(200, html), true, 1, refusedSteps("200")},
		"200 with an error":       {answers(200, `{"error":"invalid_grant"}`), true, 1, refusedSteps("200")},
		"200 without a token":     {answers(200, `{"token_type":"Bearer"}`), true, 1, refusedSteps("200")},
		"200 of 2 MiB":            {answers(200, strings.Repeat(" ", 2<<20)), true, 1, open},
		"a redirect": {
			scripted(fakeprovider.Behaviour{Status: 307, Header: map[string]string{"Location": "http://127.0.0.1:1/"}}),
			true, 1, refusedSteps("307"),
		},
		"connection reset": {scripted(fakeprovider.Behaviour{Reset: true}), true, 1, open},
		"nobody listens": {
			// Port 1, for one that was let go may be another's.
			func(w *world) { w.adapter.TokenURL = "http://127.0.0.1:1/oauth/token" },
			true, 1,
			[]string{"begin", "not sent"},
		},
		"TLS where there is none": {
			func(w *world) { w.adapter.TokenURL = strings.Replace(w.adapter.TokenURL, "http:", "https:", 1) },
			true, 1,
			[]string{"begin", "not sent"},
		},
	}
	for title, tt := range tests {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, []string{"a", "b"})
			tt.provider(w)
			w.failsToRenew(tt.transient, tt.failures, tt.steps)
		})
	}
}

func TestNoAnswerInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := bubble(t, time.Hour, Options{})
		w.store.set("uuid-a", endsIn(-time.Minute))
		scripted(fakeprovider.Behaviour{DelayMS: 60_000})(w)
		start := time.Now()
		w.failsToRenew(true, 1, []string{"begin", "ready"})
		if took := time.Since(start); took != 30*time.Second {
			t.Errorf("waited for %s", took)
		}
	})
}

// failsToRenew wants the token of a to be still what it was, in the steps that the store saw.
func (w *world) failsToRenew(transient bool, failures int, steps []string) {
	w.t.Helper()
	before := w.store.get("uuid-a")
	_, _, err := w.Valid(w.t.Context(), "uuid-a", ValidOptions{})
	var refresh *RefreshError
	if !errors.As(err, &refresh) || refresh.Transient != transient || refresh.Account != "a" {
		w.t.Fatalf("err = %#v (%v)", err, err)
	}
	a := w.store.get("uuid-a")
	if a.ConsecutiveAuthFailures != failures || a.IsAuthDisabled || a.Credential() != before.Credential() {
		w.t.Errorf("the account is now %+v", a)
	}
	if diff := cmp.Diff(steps, w.store.steps()); diff != "" {
		w.t.Error(diff)
	}
	if !slices.Contains(w.kinds(), EventFailed) {
		w.t.Error("nobody was told")
	}
}

// An answer that the journal kept without an account to give it to is tried before the account is
// given up.
func TestASpareIsTriedBeforeDisabling(t *testing.T) {
	t.Parallel()
	w := newWorld(t, []string{"a", "b"})
	good := w.store.get("uuid-a").RefreshToken
	w.store.set("uuid-a", func(a *store.Account) { a.RefreshToken = "unknown to the provider" })
	w.store.spare = func(a *store.Account) { a.RefreshToken = good }
	a, result, err := w.Valid(t.Context(), "uuid-a", ValidOptions{})
	if err != nil || result != ResultRefreshed || a.IsAuthDisabled || w.tokenRequests() != 2 {
		t.Errorf("Valid = %s, %v after %d requests", result, err, w.tokenRequests())
	}
}

func TestInvalidGrantDisablesAndKeeps(t *testing.T) {
	t.Parallel()
	w := newWorld(t, []string{"a", "b"})
	answers(400, `{"error":"invalid_grant","error_description":"revoked"}`)(w)
	before := w.store.get("uuid-a")
	_, _, err := w.Valid(t.Context(), "uuid-a", ValidOptions{})
	var login *LoginNeededError
	if !errors.As(err, &login) || login.UUID != "uuid-a" || !strings.Contains(login.Reason, "invalid_grant: revoked") {
		t.Fatalf("err = %v", err)
	}
	if !strings.HasPrefix(login.Hint(), "kyoli accounts add --provider openai") {
		t.Errorf("hint %q does not say how to log in again", login.Hint())
	}
	a := w.store.get("uuid-a")
	if !a.IsAuthDisabled || a.AuthDisabledReason != login.Reason || a.ConsecutiveAuthFailures < 3 || a.Credential() != before.Credential() {
		t.Errorf("stored %+v", a)
	}
	if diff := cmp.Diff([]string{"begin", "ready", "answered 400", "refused", "spare"}, w.store.steps()); diff != "" {
		t.Error(diff)
	}
	if !slices.Contains(w.kinds(), EventDisabled) {
		t.Error("nobody was told")
	}

	if _, _, err = w.Valid(t.Context(), "uuid-a", ValidOptions{}); !errors.As(err, &login) || w.tokenRequests() != 1 {
		t.Errorf("a dead login is asked for again: %v after %d requests", err, w.tokenRequests())
	}
	if _, _, err = w.Valid(t.Context(), "uuid-a", ValidOptions{Force: true}); !errors.As(err, &login) || w.tokenRequests() != 2 {
		t.Errorf("forced: %v after %d requests", err, w.tokenRequests())
	}
}

func TestForceBringsADisabledAccountBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, []string{"a"}, func(a *store.Account) { a.IsAuthDisabled, a.AuthDisabledReason = true, "3 failures" })
	a, result, err := w.Valid(t.Context(), "uuid-a", ValidOptions{Force: true})
	if err != nil || result != ResultRefreshed || a.IsAuthDisabled || a.AuthDisabledReason != "" {
		t.Errorf("Valid = %+v, %s, %v", a, result, err)
	}
}

// The stored token may have changed while the old one was refused: then that one is adopted, and
// nothing is disabled (design §3, refresh 10).
func TestInvalidGrantForATokenThatIsNoLongerStored(t *testing.T) {
	t.Parallel()
	w := newWorld(t, []string{"a"})
	w.provider.Behave(fakeprovider.Behaviour{Endpoint: "token", Status: 400, Body: `{"error":"invalid_grant"}`})
	w.store.onAnswered = func() {
		w.store.set("uuid-a", func(a *store.Account) {
			a.RefreshToken, a.AccessToken = "new-refresh", "new-access"
			endsIn(time.Hour)(a)
		})
	}
	a, result, err := w.Valid(t.Context(), "uuid-a", ValidOptions{})
	if err != nil || result != ResultAdopted || a.AccessToken != "new-access" || a.IsAuthDisabled {
		t.Errorf("Valid = %+v, %s, %v", a, result, err)
	}
	if w.tokenRequests() != 1 {
		t.Errorf("%d requests", w.tokenRequests())
	}
}

func TestASpentTokenIsNeverSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, []string{"a"})
	w.store.beginErr = &store.SpentError{Path: "f", Name: "a", Reason: "sent twice without an answer"}
	_, _, err := w.Valid(t.Context(), "uuid-a", ValidOptions{})
	var login *LoginNeededError
	if !errors.As(err, &login) || w.tokenRequests() != 0 {
		t.Fatalf("err = %v after %d requests", err, w.tokenRequests())
	}
	if a := w.store.get("uuid-a"); !a.IsAuthDisabled || !strings.Contains(a.AuthDisabledReason, "sent twice without an answer") {
		t.Errorf("stored %+v", a)
	}
}

func TestAFullDiskBeforeTheRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, []string{"a"})
	w.store.beginErr = &store.WriteError{Path: "journal", Err: errors.New("no space left on device")}
	_, _, err := w.Valid(t.Context(), "uuid-a", ValidOptions{})
	if !errors.Is(err, w.store.beginErr) || w.tokenRequests() != 0 {
		t.Errorf("err = %v after %d requests", err, w.tokenRequests())
	}
	if a := w.store.get("uuid-a"); a.IsAuthDisabled || a.ConsecutiveAuthFailures != 0 {
		t.Errorf("it counts as the account's failure: %+v", a)
	}
}

func TestFailuresInARow(t *testing.T) {
	t.Parallel()
	limited := func(w *world) {
		w.store.set("uuid-b", func(b *store.Account) { b.RateLimitResetAt = store.MillisOf(time.Now().Add(time.Hour)) })
	}
	tests := map[string]struct {
		accounts []string
		setup    func(*world)
		script   func(*world)
		disabled bool
	}{
		"another account is usable":    {[]string{"a", "b"}, func(*world) {}, answers(500, ""), true},
		"it is the only account":       {[]string{"a"}, func(*world) {}, answers(500, ""), false},
		"the other one is limited":     {[]string{"a", "b"}, limited, answers(500, ""), false},
		"the other one fails as well":  {[]string{"a", "b"}, func(w *world) { w.store.set("uuid-b", func(b *store.Account) { b.ConsecutiveAuthFailures = 1 }) }, answers(500, ""), false},
		"the provider is out of reach": {[]string{"a", "b"}, func(*world) {}, func(w *world) { w.server.Close() }, false},
		"the adapter is wrong":         {[]string{"a", "b"}, func(*world) {}, answers(400, `{"error":"invalid_client"}`), false},
	}
	for title, tt := range tests {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, tt.accounts)
			tt.setup(w)
			tt.script(w)
			for i := range 3 {
				if w.store.get("uuid-a").IsAuthDisabled {
					t.Fatalf("disabled after %d failures", i)
				}
				if _, _, err := w.Valid(t.Context(), "uuid-a", ValidOptions{Force: true}); err == nil {
					t.Fatal("no error")
				}
			}
			a := w.store.get("uuid-a")
			if a.IsAuthDisabled != tt.disabled || (a.AuthDisabledReason != "") != tt.disabled {
				t.Errorf("after 3 failures: disabled=%t for %q", a.IsAuthDisabled, a.AuthDisabledReason)
			}
			if slices.Contains(w.kinds(), EventDisabled) != tt.disabled {
				t.Errorf("told %v", w.kinds())
			}
		})
	}
}

func TestAFailureOfAnEarlierTokenIsNotCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, []string{"a", "b"})
	answers(500, "")(w)
	w.store.onAnswered = func() {
		w.store.set("uuid-a", func(a *store.Account) { a.RefreshToken = "logged-in-anew" })
	}
	if _, _, err := w.Valid(t.Context(), "uuid-a", ValidOptions{}); err == nil {
		t.Fatal("no error")
	}
	if n := w.store.get("uuid-a").ConsecutiveAuthFailures; n != 0 {
		t.Errorf("%d failures", n)
	}
}

func TestARestAfterAFailedRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		w := &world{t: t, adapter: &provider.Adapter{ID: "acme", ClientID: "c", TokenRequest: "form", TokenURL: "http://127.0.0.1/token"}}
		w.store = newMemory(acct("a", endsIn(-time.Minute)), acct("b", endsIn(-time.Minute)))
		w.Manager = w.manager(Options{Client: &provider.Client{HTTP: &http.Client{Transport: direct{http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
			calls++
			rw.WriteHeader(http.StatusServiceUnavailable)
		})}}}})
		valid := func(uuid string, o ValidOptions, want int) {
			t.Helper()
			_, _, err := w.Valid(t.Context(), uuid, o)
			var refresh *RefreshError
			if !errors.As(err, &refresh) || refresh.UUID != uuid || calls != want {
				t.Errorf("err = %v after %d requests, want %d", err, calls, want)
			}
		}
		valid("a", ValidOptions{}, 1)
		valid("a", ValidOptions{}, 1)
		valid("b", ValidOptions{}, 2)
		valid("a", ValidOptions{Force: true}, 3)
		time.Sleep(29 * time.Second)
		valid("a", ValidOptions{}, 3)
		time.Sleep(time.Second)
		valid("a", ValidOptions{}, 4)
	})
}
