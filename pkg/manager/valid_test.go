package manager

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/internal/fakeprovider"
	"github.com/kyoli-gam/kyoli/internal/filelock"
	"github.com/kyoli-gam/kyoli/pkg/provider"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

var wholeRotation = []string{"begin", "ready", "answered 200", "settle"}

func endsIn(d time.Duration) func(*store.Account) {
	return func(a *store.Account) { a.ExpiresAt = store.MillisOf(time.Now().Add(d)) }
}

func TestValidRenewsOnlyWhatIsDue(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		ends time.Duration
		o    ValidOptions
		want Result
	}{
		"good for long":               {time.Hour, ValidOptions{MinTTL: 10 * time.Minute}, ResultFresh},
		"good for just long enough":   {11 * time.Minute, ValidOptions{MinTTL: 10 * time.Minute}, ResultFresh},
		"good, but not for so long":   {9 * time.Minute, ValidOptions{MinTTL: 10 * time.Minute}, ResultRefreshed},
		"expired 60 s early":          {59 * time.Second, ValidOptions{}, ResultRefreshed},
		"not earlier":                 {65 * time.Second, ValidOptions{}, ResultFresh},
		"expired":                     {-time.Hour, ValidOptions{}, ResultRefreshed},
		"forced":                      {time.Hour, ValidOptions{Force: true}, ResultRefreshed},
		"rejected by the provider":    {time.Hour, ValidOptions{Rejected: "at"}, ResultRefreshed},
		"another token was rejected ": {time.Hour, ValidOptions{Rejected: "earlier"}, ResultFresh},
	}
	for title, tt := range tests {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, []string{"a"}, endsIn(tt.ends), func(a *store.Account) { a.AccessToken = "at" })
			a, result, err := w.Valid(t.Context(), "uuid-a", tt.o)
			if err != nil || result != tt.want {
				t.Fatalf("Valid = %s, %v; want %s", result, err, tt.want)
			}
			steps, requests := wholeRotation, 1
			if tt.want == ResultFresh {
				steps, requests = nil, 0
			}
			if diff := cmp.Diff(steps, w.store.steps()); diff != "" {
				t.Error(diff)
			}
			if w.tokenRequests() != requests || len(w.store.leases) != requests {
				t.Errorf("%d requests, %d leases, want %d", w.tokenRequests(), len(w.store.leases), requests)
			}
			if Expired(a, time.Now()) || requests == 1 && a.AccessToken == "at" {
				t.Errorf("the token is not a valid one: %+v", a)
			}
		})
	}
}

func TestValidStoresWhatTheAnswerSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, []string{"a", "b"}, func(a *store.Account) {
		a.ConsecutiveAuthFailures, a.AccountID, a.PlanTier = 2, "", "go"
	})
	before := w.store.get("uuid-a")
	var rotated []store.Credential
	w.Manager = w.manager(Options{AfterRotate: func(_ context.Context, parent, child store.Credential, _ *store.Account) {
		rotated = append(rotated, parent, child)
	}})
	a, _, err := w.Valid(t.Context(), "uuid-a", ValidOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(*w.store.get(a.UUID), *a, cmp.AllowUnexported(), cmp.FilterPath(private, cmp.Ignore())); diff != "" {
		t.Errorf("what is returned is not what is stored: %s", diff)
	}
	if a.ConsecutiveAuthFailures != 0 || a.Email != "a@example.com" || a.AccountID != "id-a" || a.PlanTier != "pro" || a.Label != "a" {
		t.Errorf("stored %+v", a)
	}
	if got := time.Until(a.ExpiresAt.Time()); got < 59*time.Minute || got > time.Hour {
		t.Errorf("the token lives for %s, want an hour", got)
	}
	if diff := cmp.Diff([]store.Credential{before.Credential(), a.Credential()}, rotated); diff != "" {
		t.Errorf("AfterRotate: %s", diff)
	}
	e := w.events[0]
	if e.Kind != EventRefreshed || e.Parent != before.RefreshToken.Hash() || e.Child != a.RefreshToken.Hash() {
		t.Errorf("event %+v", e)
	}
	if _, ok := w.provider.Rotate(a.RefreshToken.Reveal()); !ok {
		t.Error("the stored refresh token is not the provider's newest")
	}
}

// private are the store's own fields of an account.
func private(p cmp.Path) bool {
	f, ok := p.Last().(cmp.StructField)
	return ok && (f.Name() == "from" || f.Name() == "unknown")
}

func TestValidKeepsWhatTheUserSet(t *testing.T) {
	t.Parallel()
	w := newWorld(t, []string{"a"}, func(a *store.Account) { a.Email, a.AccountID = "mine@example.com", "org-2" })
	a, _, err := w.Valid(t.Context(), "uuid-a", ValidOptions{})
	if err != nil || a.Email != "mine@example.com" || a.AccountID != "org-2" {
		t.Errorf("stored %q, %q, %v", a.Email, a.AccountID, err)
	}
}

// A refresh may bring another uuid: the first one stays the credential's owner, and the active
// account follows (design §3, refresh 11).
// providersUUID is what the provider calls the account of that id.
func providersUUID(id string) string { return fakeprovider.Account{ID: id}.UUID() }

func TestValidFollowsANewUUID(t *testing.T) {
	t.Parallel()
	w := newWorld(t, []string{"a", "b"})
	a, _, err := w.Valid(t.Context(), "uuid-a", ValidOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if a.UUID != providersUUID("id-a") || a.CredentialOwnerID != "uuid-a" || w.store.active != providersUUID("id-a") {
		t.Errorf("uuid %s of owner %s, active %s", a.UUID, a.CredentialOwnerID, w.store.active)
	}
	again, result, err := w.Valid(t.Context(), "uuid-a", ValidOptions{})
	if err != nil || result != ResultFresh || again.UUID != providersUUID("id-a") {
		t.Errorf("by its old uuid: %+v, %s, %v", again, result, err)
	}
	if a, _, _ = w.Valid(t.Context(), providersUUID("id-a"), ValidOptions{Force: true}); a.CredentialOwnerID != "uuid-a" {
		t.Errorf("the owner became %s", a.CredentialOwnerID)
	}
	if w.store.active != providersUUID("id-a") {
		t.Errorf("active is %s", w.store.active)
	}
}

func TestValidDoesNotTakeTheUUIDOfAnotherAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t, []string{"a", "b"})
	w.store.set("uuid-b", func(b *store.Account) { b.UUID = providersUUID("id-a") })
	a, result, err := w.Valid(t.Context(), "uuid-a", ValidOptions{})
	if err != nil || result != ResultRefreshed || a.UUID != "uuid-a" {
		t.Errorf("Valid = %+v, %s, %v", a, result, err)
	}
}

func TestValidAdoptsWhatAnotherProcessRenewed(t *testing.T) {
	t.Parallel()
	other := func(ends time.Duration) func(w *world) {
		return func(w *world) {
			w.store.onLease = func(seen *store.Account) {
				c, ok := w.provider.Rotate(seen.RefreshToken.Reveal())
				if !ok {
					return // only the first time
				}
				w.store.set("uuid-a", func(a *store.Account) {
					a.RefreshToken, a.AccessToken = store.Secret(c.RefreshToken), store.Secret(c.AccessToken)
					a.ExpiresAt = store.MillisOf(time.Now().Add(ends))
				})
			}
		}
	}
	tests := map[string]struct {
		setup    func(*world)
		o        ValidOptions
		want     Result
		requests int
	}{
		"a good token":                    {other(time.Hour), ValidOptions{}, ResultAdopted, 0},
		"forced, too":                     {other(time.Hour), ValidOptions{Force: true}, ResultAdopted, 0},
		"one that lives shorter than ask": {other(5 * time.Minute), ValidOptions{MinTTL: time.Hour}, ResultAdopted, 0},
		"not one that has expired":        {other(-time.Minute), ValidOptions{}, ResultRefreshed, 1},
		"nothing was renewed":             {func(*world) {}, ValidOptions{}, ResultRefreshed, 1},
		"not one that was rejected": {
			func(w *world) {
				w.store.onLease = func(*store.Account) {
					w.store.set("uuid-a", func(a *store.Account) {
						a.AccessToken = "rejected"
						endsIn(time.Hour)(a)
					})
				}
			}, ValidOptions{Rejected: "rejected"}, ResultRefreshed, 1,
		},
	}
	for title, tt := range tests {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, []string{"a"})
			tt.setup(w)
			a, result, err := w.Valid(t.Context(), "uuid-a", tt.o)
			if err != nil || result != tt.want || w.tokenRequests() != tt.requests {
				t.Fatalf("Valid = %s, %v after %d requests; want %s after %d", result, err, w.tokenRequests(), tt.want, tt.requests)
			}
			if Expired(a, time.Now()) {
				t.Error("the token has expired")
			}
		})
	}
}

func TestManyCallersMakeOneRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, []string{"a"})
	w.provider.Behave(fakeprovider.Behaviour{Endpoint: "token", DelayMS: 50})
	results := make([]Result, 50)
	tokens := make([]store.Secret, 50)
	var wg sync.WaitGroup
	for i := range results {
		wg.Go(func() {
			a, result, err := w.Valid(t.Context(), "uuid-a", ValidOptions{})
			if err != nil {
				t.Error(err)
				return
			}
			results[i], tokens[i] = result, a.AccessToken
		})
	}
	wg.Wait()
	if n := w.tokenRequests(); n != 1 {
		t.Errorf("%d token requests, want 1", n)
	}
	if len(slices.Compact(tokens)) != 1 {
		t.Error("the callers got different tokens")
	}
	refreshed := 0
	for _, r := range results {
		if r == ResultRefreshed {
			refreshed++
		}
	}
	if refreshed != 1 {
		t.Errorf("%d callers say that they refreshed, want 1: %v", refreshed, results)
	}
}

func TestValidStartsOverWhenTheLockIsLost(t *testing.T) {
	t.Parallel()
	lost := &filelock.LostError{Path: "f", Reason: "stolen"}
	w := newWorld(t, []string{"a"})
	w.store.readyErrs = []error{lost, lost}
	_, result, err := w.Valid(t.Context(), "uuid-a", ValidOptions{})
	if err != nil || result != ResultRefreshed {
		t.Fatalf("Valid = %s, %v", result, err)
	}
	want := append([]string{"begin", "ready", "not sent", "begin", "ready", "not sent"}, wholeRotation...)
	if diff := cmp.Diff(want, w.store.steps()); diff != "" {
		t.Error(diff)
	}
}

func TestValidDoesNotStartOverForEver(t *testing.T) {
	t.Parallel()
	w := newWorld(t, []string{"a"})
	for range 100 {
		w.store.readyErrs = append(w.store.readyErrs, &filelock.LostError{Path: "f", Reason: "stolen"})
	}
	_, _, err := w.Valid(t.Context(), "uuid-a", ValidOptions{})
	var refresh *RefreshError
	var lost *filelock.LostError
	if !errors.As(err, &refresh) || !refresh.Transient || !errors.As(err, &lost) {
		t.Errorf("err = %v", err)
	}
	if w.tokenRequests() != 0 {
		t.Error("a request was sent without a certain lock")
	}
}

func TestARequestThatWasSentIsSeenThrough(t *testing.T) {
	t.Parallel()
	w := newWorld(t, []string{"a"})
	ctx, cancel := context.WithCancel(t.Context())
	answer := w.server.Config.Handler
	w.server.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		// The headers go out first, and a caller who leaves then keeps the token here.
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		cancel() // Ctrl-C while the provider works
		answer.ServeHTTP(rw, r)
	})
	a, result, err := w.Valid(ctx, "uuid-a", ValidOptions{})
	if err != nil || result != ResultRefreshed {
		t.Fatalf("Valid = %s, %v", result, err)
	}
	if w.store.get(a.UUID).RefreshToken != a.RefreshToken {
		t.Error("the token is not stored")
	}
}

func TestARequestIsNotSentForACallerThatHasGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, []string{"a"})
	ctx, cancel := context.WithCancel(t.Context())
	w.store.onLease = func(*store.Account) { cancel() }
	_, _, err := w.Valid(ctx, "uuid-a", ValidOptions{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
	if diff := cmp.Diff([]string{"begin", "not sent"}, w.store.steps()); diff != "" || w.tokenRequests() != 0 {
		t.Errorf("%d requests, %s", w.tokenRequests(), diff)
	}
	if a := w.store.get("uuid-a"); a.ConsecutiveAuthFailures != 0 {
		t.Error("Ctrl-C counts as the account's failure")
	}
}

// A network that swallows everything holds nobody up who gives up, and is no fault of the account's.
func TestGivingUpWhileConnecting(t *testing.T) {
	t.Parallel()
	w := newWorld(t, []string{"a"})
	w.adapter.TokenURL = "https://provider.example/token"
	ctx, cancel := context.WithCancel(t.Context())
	w.Manager = w.manager(Options{Client: &provider.Client{HTTP: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			cancel()
			<-ctx.Done()
			return nil, ctx.Err()
		},
	}}}})
	_, _, err := w.Valid(ctx, "uuid-a", ValidOptions{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
	if diff := cmp.Diff([]string{"begin", "not sent"}, w.store.steps()); diff != "" {
		t.Error(diff)
	}
	if a := w.store.get("uuid-a"); a.ConsecutiveAuthFailures != 0 || slices.Contains(w.kinds(), EventFailed) {
		t.Error("giving up counts as the account's failure")
	}
}

func TestTheJournalMayFail(t *testing.T) {
	t.Parallel()
	w := newWorld(t, []string{"a"})
	w.store.answeredErr = errors.New("disk full")
	a, result, err := w.Valid(t.Context(), "uuid-a", ValidOptions{})
	if err != nil || result != ResultRefreshed || w.store.get(a.UUID).AccessToken != a.AccessToken {
		t.Errorf("Valid = %s, %v: the store has to be written all the same", result, err)
	}
	if !slices.Contains(w.kinds(), EventWarning) {
		t.Error("nobody was told")
	}
}

func TestTheStoreMayFail(t *testing.T) {
	t.Parallel()
	w := newWorld(t, []string{"a"})
	full := &store.WriteError{Path: "accounts.json", Err: errors.New("no space left on device")}
	w.store.settleErr = full
	w.Manager = w.manager(Options{AfterRotate: func(context.Context, store.Credential, store.Credential, *store.Account) {
		t.Error("AfterRotate without a stored token")
	}})
	_, _, err := w.Valid(t.Context(), "uuid-a", ValidOptions{})
	if !errors.Is(err, full) {
		t.Errorf("err = %v", err)
	}
	if diff := cmp.Diff(wholeRotation, w.store.steps()); diff != "" {
		t.Errorf("the entry has to stay open for the replay: %s", diff)
	}
}

func TestValidNeedsAnAccountAndAReadableStore(t *testing.T) {
	t.Parallel()
	w := newWorld(t, []string{"a"})
	var unknown *store.UnknownAccountError
	if _, _, err := w.Valid(t.Context(), "uuid-z", ValidOptions{}); !errors.As(err, &unknown) {
		t.Errorf("err = %v", err)
	}
	damaged := &store.DamagedError{Path: "f"}
	w.store.loadErr = damaged
	if _, _, err := w.Valid(t.Context(), "uuid-a", ValidOptions{}); !errors.Is(err, damaged) {
		t.Errorf("err = %v", err)
	}
}

func TestAnAccountWithoutARefreshToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, []string{"a"}, func(a *store.Account) { a.RefreshToken = "" })
	var login *LoginNeededError
	if _, _, err := w.Valid(t.Context(), "uuid-a", ValidOptions{}); !errors.As(err, &login) {
		t.Errorf("err = %v", err)
	}
	if w.tokenRequests() != 0 {
		t.Error("an empty token was sent")
	}
}

// A newer credential that was found elsewhere just before is adopted; the one
// that it replaces is not sent.
func TestValidLooksElsewhereFirst(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		ends time.Duration
		want Result
	}{
		{"valid", time.Hour, ResultAdopted},
		{"expired, too", -time.Hour, ResultRefreshed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, []string{"a"}, endsIn(-time.Minute))
			elsewhere := w.provider.AddAccount(fakeprovider.Account{ID: "a"})
			var asked []string
			w.Manager = w.manager(Options{LookElsewhere: func(_ context.Context, a *store.Account) {
				asked = append(asked, a.UUID)
				if len(w.store.leases) > 0 {
					t.Error("asked under the lease")
				}
				w.store.set(a.UUID, func(a *store.Account) {
					a.RefreshToken, a.AccessToken = store.Secret(elsewhere.RefreshToken), "elsewhere"
					a.ExpiresAt = store.MillisOf(time.Now().Add(tt.ends))
				})
			}})
			a, result, err := w.Valid(t.Context(), "uuid-a", ValidOptions{})
			if err != nil || result != tt.want {
				t.Fatalf("Valid = %s, %v", result, err)
			}
			if (a.AccessToken == "elsewhere") != (tt.want == ResultAdopted) || Expired(a, time.Now()) {
				t.Errorf("%+v", a)
			}
			if diff := cmp.Diff([]string{"uuid-a"}, asked); diff != "" {
				t.Error(diff)
			}
			if n := w.tokenRequests(); n != map[Result]int{ResultRefreshed: 1}[tt.want] {
				t.Errorf("%d token requests", n)
			}
			if _, _, err := w.Valid(t.Context(), "uuid-a", ValidOptions{}); err != nil || len(asked) != 1 {
				t.Errorf("asked %q for a token that was valid (%v)", asked, err)
			}
		})
	}
}

// Another program was faster: its new token turns up when the old one has been
// refused, and the account lives on.
func TestRefusedTokenIsLookedForElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, []string{"a"}, endsIn(-time.Minute))
	w.provider.Behave(fakeprovider.Behaviour{Endpoint: "token", Status: 400, Body: `{"error":"invalid_grant"}`})
	asked := 0
	w.Manager = w.manager(Options{LookElsewhere: func(_ context.Context, a *store.Account) {
		if asked++; asked == 2 {
			w.store.set(a.UUID, func(a *store.Account) {
				a.RefreshToken, a.AccessToken = "rt-elsewhere", "elsewhere"
				a.ExpiresAt = store.MillisOf(time.Now().Add(time.Hour))
			})
		}
	}})
	a, result, err := w.Valid(t.Context(), "uuid-a", ValidOptions{})
	if err != nil || result != ResultAdopted || a.AccessToken != "elsewhere" || a.IsAuthDisabled {
		t.Errorf("Valid = %s, %v, %+v", result, err, a)
	}
	if n := w.tokenRequests(); n != 1 {
		t.Errorf("%d token requests", n)
	}
}
