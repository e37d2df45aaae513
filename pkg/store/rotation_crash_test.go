package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/internal/failpoint"
)

// vendor is a provider in a file: it holds the one refresh token that is good.
type vendor struct{ path string }

func newVendor(t *testing.T, f *File) vendor {
	t.Helper()
	v := vendor{filepath.Join(t.TempDir(), "vendor")}
	v.set(t, mustLoad(t, f).Get(uuidA).RefreshToken.Reveal())
	return v
}

func (v vendor) set(t *testing.T, token string) {
	t.Helper()
	if err := os.WriteFile(v.path, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (v vendor) good(t *testing.T) Secret {
	t.Helper()
	return Secret(readFile(t, v.path))
}

// send spends a token.
func (v vendor) send(t *testing.T, token Secret) (status int, body string, child Credential) {
	t.Helper()
	if token != v.good(t) {
		return 400, `{"error":"invalid_grant"}`, child
	}
	n, _ := strconv.Atoi(strings.TrimPrefix(string(token), "rt-"))
	child = Credential{
		RefreshToken: Secret(fmt.Sprint("rt-", n+1)), AccessToken: Secret(fmt.Sprint("at-", n+1)),
		ExpiresAt: MillisOf(time.Now().Add(time.Hour)),
	}
	v.set(t, child.RefreshToken.Reveal())
	return 200, fmt.Sprintf(`{"access_token":%q,"refresh_token":%q,"expires_in":3600}`, child.AccessToken.Reveal(), child.RefreshToken.Reveal()), child
}

// refresh is what a manager does.
func refresh(t *testing.T, f *File, v vendor) (*Account, error) {
	t.Helper()
	ctx := context.Background()
	l, err := f.Lease(ctx, uuidA)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err := l.Release(); err != nil {
			t.Error(err)
		}
	}()
	r, err := l.Begin(ctx)
	if err != nil {
		return nil, err
	}
	if err := r.Ready(); err != nil {
		return nil, errors.Join(err, r.NotSent())
	}
	status, body, child := v.send(t, l.Account().RefreshToken)
	jerr := r.Answered(status, []byte(body))
	if status != 200 {
		return nil, errors.Join(errors.New("invalid_grant"), jerr, r.Refused(ctx, "invalid_grant"))
	}
	a, err := r.Settle(ctx, child, func(a *Account) { a.PlanTier = "pro" })
	if err != nil {
		return nil, errors.Join(err, jerr)
	}
	return a, nil
}

// TestRefreshKilledAtEachStep kills a whole refresh at its first step to the disk, its second, and so on. Except where
// it dies between the provider's answer and the first write after it, the next command has the newest token, and the
// next refresh works.
func TestRefreshKilledAtEachStep(t *testing.T) {
	if path := os.Getenv(childFile); path != "" {
		n, err := strconv.ParseInt(os.Getenv(childID), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		f, v := Open(path, Options{}), vendor{path + ".vendor"}
		var steps []string
		kill := failpoint.KillAt(n)
		failpoint.Set(func(name string) error {
			steps = append(steps, name)
			_ = os.WriteFile(path+".step", []byte(strings.Join(steps, "\n")), 0o600)
			return kill(name)
		})
		if _, err := refresh(t, f, v); err != nil {
			t.Fatal(err)
		}
		return
	}
	var lost []string
	n := 1
	for ; n < 200; n++ {
		f, _ := newFile(t, strings.Replace(two, "rt-a", "rt-1", 1))
		v := vendor{f.path + ".vendor"}
		v.set(t, "rt-1")
		out, err := child("TestRefreshKilledAtEachStep", f, n).CombinedOutput()
		var exit *exec.ExitError
		if err != nil && (!errors.As(err, &exit) || strings.Contains(string(out), "FAIL")) {
			t.Fatalf("step %d: %v\n%s", n, err, out)
		}
		steps := strings.Split(readFile(t, f.path+".step"), "\n")
		start := time.Now()
		got := mustLoad(t, Open(f.path, Options{})).Get(uuidA)
		if got.RefreshToken != v.good(t) {
			lost = append(lost, steps[len(steps)-1])
			continue
		}
		if got.RefreshToken != "rt-1" && (got.AccessToken != "at-2" || got.ExpiresAt.Time().Before(time.Now())) {
			t.Errorf("step %d: got %+v", n, got)
		}
		if a, err := refresh(t, Open(f.path, Options{}), v); err != nil || a.RefreshToken != v.good(t) || a.PlanTier != "pro" {
			t.Errorf("step %d: the next refresh: %+v, %v", n, a, err)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("step %d: the next one waited %v", n, took)
		}
		if err == nil {
			break
		}
	}
	if n < 20 || !slices.Equal(lost, []string{"journal write"}) {
		t.Errorf("%d steps, the answer was lost at %q", n, lost)
	}
}

// A request whose answer was lost is made once more with the old token; then the account has to log in again, and
// nothing is sent any more until it has.
func TestRefreshKilledBeforeTheAnswerWasWritten(t *testing.T) {
	f, _ := newFile(t, strings.Replace(two, "rt-a", "rt-1", 1))
	v := newVendor(t, f)
	unanswered(t, f)
	v.set(t, "rt-2") // it was spent, and the answer is gone
	if _, err := refresh(t, f, v); err == nil || !strings.Contains(err.Error(), "invalid_grant") {
		t.Errorf("once more: %v", err)
	}
	unanswered(t, f)
	var spent *SpentError
	if _, err := refresh(t, f, v); !errors.As(err, &spent) {
		t.Errorf("after two without an answer: %v", err)
	}
	if a := mustLoad(t, f).Get(uuidA); a.RefreshToken != "rt-1" {
		t.Errorf("the account is %+v", a)
	}
}

// Each step of a refresh that the system refuses: either nothing is sent, or the new token is on the disk.
func TestRefreshFailsAtEachStep(t *testing.T) {
	boom := errors.New("boom")
	for n := 1; n < 200; n++ {
		f, _ := newFile(t, strings.Replace(two, "rt-a", "rt-1", 1))
		v := newVendor(t, f)
		hit := false
		restore := failpoint.Set(counted(n, boom, &hit))
		a, err := refresh(t, f, v)
		restore()
		if !hit {
			if n < 20 {
				t.Errorf("%d steps", n)
			}
			return
		}
		got := mustLoad(t, Open(f.path, Options{})).Get(uuidA)
		if got.RefreshToken != v.good(t) {
			t.Errorf("step %d: %v; the provider has %d", n, err, len(v.good(t)))
		}
		if err == nil && a.RefreshToken != v.good(t) {
			t.Errorf("step %d: %+v", n, a)
		}
		if _, err := refresh(t, f, v); err != nil {
			t.Errorf("step %d: the next refresh: %v", n, err)
		}
		if left, err := filepath.Glob(filepath.Join(filepath.Dir(f.path), ".*")); err != nil || len(left) > 0 {
			t.Errorf("step %d: left: %q, %v", n, left, err)
		}
	}
}

// counted makes the n-th step fail.
func counted(n int, boom error, hit *bool) func(string) error {
	return func(string) error {
		if n--; n == 0 {
			*hit = true
			return boom
		}
		return nil
	}
}

// The journal fails for good after the request: the account file gets the token. And the other way round.
func TestJournalOrStoreFailsAfterTheRequest(t *testing.T) {
	boom := errors.New("boom")
	for _, name := range []string{"journal", "store"} {
		t.Run(name, func(t *testing.T) {
			f, _ := newFile(t, two)
			l, r := begun(t, f)
			restore := failpoint.Set(func(step string) error {
				if strings.HasPrefix(step, "journal ") == (name == "journal") {
					return boom
				}
				return nil
			})
			jerr := r.Answered(200, []byte(good))
			_, err := r.Settle(context.Background(), newCredential, func(*Account) {})
			restore()
			if (jerr != nil) != (name == "journal") {
				t.Errorf("Answered: %v", jerr)
			}
			var unsaved *UnsavedError
			if errors.As(err, &unsaved) != (name == "store") {
				t.Errorf("Settle: %v", err)
			}
			if unsaved != nil && (!errors.Is(err, boom) || !strings.Contains(err.Error(), unsaved.Journal) || !slices.Contains(journalFiles(t, f), unsaved.Journal)) {
				t.Errorf("Settle: %v", err)
			}
			if err := l.Release(); err != nil {
				t.Fatal(err)
			}
			if a := mustLoad(t, Open(f.path, Options{})).Get(uuidA); a.RefreshToken != "rt-new" {
				t.Errorf("stored %+v", a)
			}
		})
	}
}

// Where neither can be written the error says so, and does not promise anything.
func TestJournalAndStoreFailAfterTheRequest(t *testing.T) {
	f, _ := newFile(t, two)
	l, r := begun(t, f)
	defer l.Release() //nolint:errcheck // the test is over
	boom := errors.New("boom")
	restore := failpoint.Set(func(string) error { return boom })
	jerr := r.Answered(200, []byte(good))
	_, err := r.Settle(context.Background(), newCredential, func(*Account) {})
	restore()
	var unsaved *UnsavedError
	if jerr == nil || !errors.As(err, &unsaved) || unsaved.Journal != "" || !strings.Contains(err.Error(), "lost") {
		t.Errorf("Answered: %v, Settle: %v", jerr, err)
	}
	if strings.Contains(err.Error(), "rt-") {
		t.Error("the error tells the token")
	}
}
