package cmd

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/claims"
	"github.com/kyoli-gam/kyoli/pkg/manager"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// A child that runs past the 60 s after which a silent claim counts as dead
// keeps it, in kyoli's file and in the plugins'.
func TestClaimIsRenewedWhileTheChildRuns(t *testing.T) {
	file := filepath.Join(t.TempDir(), "openai-multi-account-accounts.json")
	synctest.Test(t, func(t *testing.T) {
		held := claims.Open(file, claims.Options{Now: time.Now})
		claim, err := held.Select(t.Context(), claims.Holder{ID: "session", Command: "child"},
			func(claims.View) (claims.Choice, error) { return claims.Choice{UUID: "u1"}, nil })
		if err != nil {
			t.Fatal(err)
		}
		var said bytes.Buffer
		r := &execRun{
			f: &Factory{Err: &said},
			m: manager.New(manager.Options{
				Adapter: builtin(t, "openai"), Store: store.Open(file, store.Options{}), Now: time.Now,
			}),
			taken: &taken{account: &store.Account{UUID: "u1"}, claim: claim},
		}
		keep := r.keepUp(context.Background())
		for range 10 {
			time.Sleep(30 * time.Second)
			synctest.Wait()
			view, err := held.View(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			got := view.Holders["u1"]
			if len(got) != 1 || time.Since(got[0].Seen.Time()) > claims.Beat {
				t.Fatalf("after a while it is held by %+v (now %v)", got, time.Now())
			}
		}
		keep.stop()
		if said.Len() > 0 {
			t.Errorf("it said %q", said.String())
		}
	})
}

// A refresh that has begun when the child ends is seen through.
func TestStopWaitsForWhatGoesOn(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	k := &keeping{cancel: cancel, f: &Factory{}}
	ended := false
	k.wait.Go(func() {
		<-ctx.Done()
		ended = true
	})
	k.stop()
	if !ended {
		t.Error("stop did not wait")
	}
}

// On a terminal nothing of kyoli's comes between the child's output, and once
// the child has ended it may speak again.
func TestNothingIsSaidOnTheChildsTerminal(t *testing.T) {
	for _, terminal := range []bool{false, true} {
		var said bytes.Buffer
		r := &execRun{
			f: &Factory{Err: &said, ErrTTY: func() bool { return terminal }},
			m: manager.New(manager.Options{
				Adapter: builtin(t, "openai"), Store: store.Open(filepath.Join(t.TempDir(), "a.json"), store.Options{}),
				Settings: manager.Settings{Strategy: "sticky"},
			}),
			taken: &taken{account: &store.Account{UUID: "u1"}},
		}
		keep := r.keepUp(t.Context())
		r.f.Note("a warning")
		if (said.Len() == 0) != terminal {
			t.Errorf("terminal %v: %q", terminal, said.String())
		}
		keep.stop()
		said.Reset()
		r.f.Note("a warning")
		if said.Len() == 0 {
			t.Errorf("terminal %v: silent for good", terminal)
		}
	}
}

// The one hint about the token that does not change: only when it mattered, only
// to a person.
func TestHintAboutAnOutlivedToken(t *testing.T) {
	now := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, tt := range []struct {
		name     string
		expires  store.Millis
		terminal bool
		want     bool
	}{
		{"outlived", store.MillisOf(now.Add(-time.Minute)), true, true},
		{"not outlived", store.MillisOf(now.Add(time.Minute)), true, false},
		{"no terminal", store.MillisOf(now.Add(-time.Minute)), false, false},
		{"expiry not known", 0, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var said bytes.Buffer
			r := &execRun{
				f: &Factory{
					Err: &said, Now: func() time.Time { return now }, ErrTTY: func() bool { return tt.terminal },
				},
				taken: &taken{account: &store.Account{ExpiresAt: tt.expires}},
			}
			r.sayOutlived()
			if got := strings.HasPrefix(said.String(), "hint: "); got != tt.want {
				t.Errorf("said %q", said.String())
			}
		})
	}
}
