//go:build unix

package e2e_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// crowdRounds is how often the crowds come, KYOLI_E2E_ROUNDS, and whether they
// come whole. .ci/run sets it to 50; without it a few come, to be quick.
func crowdRounds(t *testing.T) (rounds int, whole bool) {
	t.Helper()
	text := os.Getenv("KYOLI_E2E_ROUNDS")
	if text == "" {
		return 2, false
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("KYOLI_E2E_ROUNDS=%q", text)
	}
	return n, true
}

// 32 at once on 32 accounts take 32 different ones, round after round.
func TestACrowdTakesDifferentAccounts(t *testing.T) {
	t.Parallel()
	const many = 32
	c := newCrowd(t, many, false)
	rounds, _ := crowdRounds(t)
	for round := range rounds {
		var members []*member
		for range many {
			members = append(members, c.start())
		}
		taken := map[string]bool{}
		for _, m := range members {
			label, _, _ := m.account()
			taken[label] = true
		}
		if len(taken) != many {
			t.Fatalf("round %d: %d processes took %d accounts", round, many, len(taken))
		}
		for _, m := range members {
			_ = m.in.Close()
		}
		for _, m := range members {
			m.finish()
		}
		if v := c.view(); len(v.Holders) != 0 || len(v.Dead) != 0 {
			t.Fatalf("round %d: still held: %v, %v", round, v.Holders, v.Dead)
		}
	}
}

// 32 on 8 accounts, each for itself alone: 8 run at a time, and all get their
// turn, in the order in which they came.
func TestACrowdQueues(t *testing.T) {
	t.Parallel()
	many, accounts := 12, 4
	if _, whole := crowdRounds(t); whole {
		many, accounts = 32, 8
	}
	c := newCrowd(t, accounts, false)
	var members []*member
	for i := range many {
		m := c.start("--exclusive", "--wait", "10m")
		members = append(members, m)
		if i < accounts {
			m.account()
			continue
		}
		c.await("a place in the queue", func() bool { return len(c.view().Queue) == i-accounts+1 })
	}
	for i, m := range members {
		holders := 0
		for uuid, held := range c.view().Holders {
			running := 0
			for _, h := range held {
				if !h.Waiting {
					running++
				}
			}
			if running > 1 {
				t.Errorf("%s has %d at a time", uuid, running)
			}
			holders += running
		}
		if want := min(accounts, many-i); holders != want {
			t.Errorf("%d run after %d have finished, want %d", holders, i, want)
		}
		m.finish()
		next := i + accounts
		if next >= many {
			continue
		}
		members[next].account() // the one who has waited longest
		for _, later := range members[next+1:] {
			later.waits()
		}
	}
	if v := c.view(); len(v.Holders) != 0 || len(v.Queue) != 0 {
		t.Errorf("left: %v, %v", v.Holders, v.Queue)
	}
}

// 50 at once with one account whose token has ended: one token request, and all
// have its result.
func TestACrowdRenewsATokenOnce(t *testing.T) {
	t.Parallel()
	const many = 50
	c := newCrowd(t, 1, true)
	var members []*member
	for range many {
		members = append(members, c.start())
	}
	tokens := map[string]bool{}
	for _, m := range members {
		_, _, token := m.account()
		tokens[token] = true
	}
	for _, m := range members {
		_ = m.in.Close()
	}
	for _, m := range members {
		m.finish()
	}
	requests := 0
	for _, r := range c.provider.Requests() {
		if r.Endpoint == "token" {
			requests++
		}
	}
	if requests != 1 || len(tokens) != 1 {
		t.Errorf("%d token requests, and %d different tokens", requests, len(tokens))
	}
}

// kill -9 of exec frees its account when the child ends, and not before.
func TestAKilledExecHoldsItsAccountForItsChild(t *testing.T) {
	t.Parallel()
	c := newCrowd(t, 1, false)
	first := c.start("--exclusive")
	_, text, _ := first.account()
	pid, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	second := c.start("--exclusive", "--wait", "10m")
	c.await("a place in the queue", func() bool { return len(c.view().Queue) == 1 })
	if err := first.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_, _ = first.cmd.Process.Wait()
	// The one who waits looks every 200 ms; several looks must not change its mind.
	before := c.view().Queue[0].Seen
	c.await("its ticket to be renewed", func() bool { q := c.view().Queue; return len(q) == 1 && q[0].Seen > before })
	if held := c.view().Holders["account-00"]; !second.waits() || len(held) == 0 || held[0].PID != pid || syscall.Kill(pid, 0) != nil {
		t.Errorf("held by %+v; the child is %d", held, pid)
	}
	_ = first.in.Close()
	second.account()
	second.finish()
}

// Ctrl-C ends the wait, and the place in the queue with it.
func TestCtrlCLeavesTheQueue(t *testing.T) {
	t.Parallel()
	c := newCrowd(t, 1, false)
	first := c.start("--exclusive")
	first.account()
	second := c.start("--exclusive", "--wait", "10m")
	c.await("a place in the queue", func() bool { return len(c.view().Queue) == 1 })
	session := c.view().Queue[0].ID
	begun := time.Now()
	if err := second.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	exit := second.end()
	if ws := exit.Sys().(syscall.WaitStatus); !ws.Signaled() || ws.Signal() != syscall.SIGINT || time.Since(begun) > time.Minute {
		t.Errorf("%v after %s: %s", exit, time.Since(begun), second.errs.String())
	}
	// Whether its process is alive decides about a ticket; this one must be gone from the file.
	file, err := os.ReadFile(filepath.Join(c.dir, "openai-multi-account-claims.kyoli.json"))
	if err != nil || strings.Contains(string(file), session) {
		t.Errorf("its ticket is still there: %v", err)
	}
	if held := c.view().Holders["account-00"]; len(held) != 1 {
		t.Errorf("held by %v", held)
	}
	first.finish()
}
