//go:build unix

package cmd

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/internal/fakeprovider"
)

// eventually waits for what another process is about to do.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not in %s", what, patience)
		}
	}
}

// The expired tokens of the other enabled accounts are renewed beside the child,
// which waits for none of it; and kyoli does not end before the answers to what
// it has sent are safe.
func TestExecRenewsTheOthersInTheBackground(t *testing.T) {
	t.Parallel()
	w := newExecWorld(t, "mine", "expired", "off")
	w.expire(1)
	w.expire(2)
	w.set(2, "enabled", false)
	spent := w.refreshToken(1)
	answers := make(chan struct{})
	w.provider.Behave(fakeprovider.Behaviour{Endpoint: "token", Until: answers})
	s := w.start(`echo "$KYOLI_ACCOUNT $$"; read line; exit 7`)
	account, pid, _ := strings.Cut(s.line(), " ") // while the provider keeps the other one waiting
	if account != "mine" {
		t.Fatalf("the child runs with %q: %s", account, s.errs.String())
	}
	eventually(t, "a token request", func() bool { return w.provider.Waiting("token") == 1 })
	_ = s.in.Close()
	child, _ := strconv.Atoi(pid)
	awaitGone(t, child)
	close(answers)
	if code := s.finish(); code != 7 {
		t.Errorf("exit code %d: %s", code, s.errs.String())
	}
	if now := w.refreshToken(1); now == spent || w.tokenRequests() != 1 {
		t.Errorf("%d requests, the token is still the spent one: %v", w.tokenRequests(), now == spent)
	}
}

func TestExecRenewsNothingElseWhereThatIsTurnedOff(t *testing.T) {
	t.Parallel()
	w := newExecWorld(t, "mine", "expired")
	w.expire(1)
	w.mustRun("config", "set", "proactive_refresh", "false")
	w.mustRun("exec", "--", "sh", "-c", "true")
	if n := w.tokenRequests(); n != 0 {
		t.Errorf("%d requests", n)
	}
}
