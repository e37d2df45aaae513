package claims

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"
)

// TestManyAtOnce: processes that select at the same moment on as many free accounts get different
// ones, every time.
func TestManyAtOnce(t *testing.T) {
	const n, rounds = 32, 20
	file := accountFile(t)
	var all []*helperProc
	for i := range n {
		all = append(all, spawn(t, order{Do: "rounds", Accounts: file, UUIDs: uuids(n), ID: "s" + num(i)}))
	}
	for round := range rounds {
		got := tellAll(t, all)
		slices.Sort(got)
		if !slices.Equal(got, uuids(n)) {
			t.Fatalf("round %d: %v", round, got)
		}
		if v := realView(t, file); len(v.Holders) != n || len(v.Dead) != 0 {
			t.Errorf("round %d: %d accounts held, %d dead", round, len(v.Holders), len(v.Dead))
		}
		tellAll(t, all)
		if v := realView(t, file); len(v.Holders)+len(v.Dead) != 0 {
			t.Errorf("round %d: left behind %+v", round, v)
		}
		w := world{t: t, dir: filepath.Dir(file)}
		if p := w.plugin(); len(p) != 0 {
			t.Errorf("round %d: the plugin sees %v", round, p)
		}
	}
}

// tellAll lets all helpers go on at once and returns what they say.
func tellAll(t *testing.T, all []*helperProc) []string {
	t.Helper()
	for _, h := range all {
		h.start(t)
	}
	said := make([]string, len(all))
	for i, h := range all {
		said[i] = h.line(t)
	}
	return said
}

func TestKilledHolderFreesItsAccount(t *testing.T) {
	file := accountFile(t)
	h := spawn(t, order{Do: "claim", Accounts: file, UUIDs: uuids(1), ID: "one"})
	h.start(t)
	h.line(t)
	if who(realView(t, file), "account-00") != "one" {
		t.Fatal("not claimed")
	}
	h.kill()
	v := realView(t, file)
	if len(v.Holders) != 0 || len(v.Dead) != 1 || v.Dead[0].Why == "" {
		t.Errorf("after kill -9: %+v", v)
	}
	next := spawn(t, order{Do: "claim", Accounts: file, UUIDs: uuids(1), ID: "two"})
	next.start(t)
	next.line(t)
	if got := who(realView(t, file), "account-00"); got != "two" {
		t.Errorf("held by %s", got)
	}
}

// TestClaimFollowsTheChild: kill -9 of the supervisor frees the account when the child ends and not
// before.
func TestClaimFollowsTheChild(t *testing.T) {
	file := accountFile(t)
	h := spawn(t, order{Do: "supervise", Accounts: file, UUIDs: uuids(1), ID: "run"})
	h.start(t)
	pid, err := strconv.Atoi(h.line(t))
	must(t, err)
	child, err := os.FindProcess(pid)
	must(t, err)
	t.Cleanup(func() { _ = child.Kill() })
	h.kill()
	if got := who(realView(t, file), "account-00"); got != "run" {
		t.Errorf("with the supervisor dead and the child alive it is held by %q", got)
	}
	if _, err := Open(file, Options{}).GC(bg); err != nil {
		t.Fatal(err)
	}
	if v := realView(t, file); who(v, "account-00") != "run" || v.Holders["account-00"][0].PID != pid {
		t.Errorf("the collection took it out: %+v", v)
	}
	must(t, child.Kill())
	waitUntil(t, "the end of the claim with its child", func() bool {
		v := realView(t, file)
		return len(v.Dead) == 1 && len(v.Holders) == 0
	})
}

// TestBesideThePlugin: processes that know only the plugin's lock lose nothing, and make us lose
// nothing.
func TestBesideThePlugin(t *testing.T) {
	file := accountFile(t)
	var all []*helperProc
	for i := range 4 {
		all = append(all,
			spawn(t, order{Do: "churn", Accounts: file, UUIDs: uuids(3), ID: "s" + num(i), Times: 20}),
			spawn(t, order{Do: "plugin", Accounts: file, ID: "foreign-" + num(i), Times: 60}))
	}
	keep := spawn(t, order{Do: "claim", Accounts: file, UUIDs: []string{"kept"}, ID: "keeper"})
	keep.start(t)
	keep.line(t)
	for _, h := range all {
		h.start(t)
	}
	for _, h := range all {
		h.finish(t)
	}
	v := realView(t, file)
	if who(v, "kept") != "keeper" {
		t.Errorf("the claim that was kept is lost: %v", v.Holders)
	}
	for _, u := range uuids(3) {
		if who(v, u) != "" {
			t.Errorf("%s is still held: %v", u, v.Holders[u])
		}
	}
	w := world{t: t, dir: filepath.Dir(file)}
	p := w.plugin()
	if p["kept"].PID != keep.cmd.Process.Pid {
		t.Errorf("the plugin does not see the claim that was kept: %v", p)
	}
	for i := range 4 {
		if _, ok := p["foreign-"+num(i)]; !ok {
			t.Errorf("foreign-%d is lost: %v", i, p)
		}
	}
}

// TestQueue: 32 processes that want one of 8 accounts each for itself: 8 at a time, all get one, in
// order of arrival.
func TestQueue(t *testing.T) {
	n, accounts := 32, 8
	if testing.Short() {
		n, accounts = 8, 2
	}
	file := accountFile(t)
	var all []*helperProc
	for i := range n {
		id := fmt.Sprintf("s%02d", i)
		all = append(all, spawn(t, order{Do: "wait", Accounts: file, UUIDs: uuids(accounts), ID: id, Millis: 50}))
	}
	for i, h := range all {
		h.start(t)
		id := fmt.Sprintf("s%02d", i)
		waitUntil(t, "arrival of "+id, func() bool { return arrived(realView(t, file), id) })
	}
	v := realView(t, file)
	if len(v.Queue) != n-accounts {
		t.Fatalf("%d wait, want %d", len(v.Queue), n-accounts)
	}
	for i, q := range v.Queue {
		if want := fmt.Sprintf("s%02d", i+accounts); q.ID != want || !q.Waiting || !q.Exclusive {
			t.Errorf("place %d has %+v, want %s", i, q, want)
		}
	}
	for _, h := range all {
		must(t, h.in.Close())
	}
	checkTurns(t, all, accounts)
	if v := realView(t, file); len(v.Holders)+len(v.Queue) != 0 {
		t.Errorf("left behind %+v", v)
	}
}

func arrived(v View, id string) bool {
	for _, hs := range v.Holders {
		if slices.ContainsFunc(hs, func(h Holder) bool { return h.ID == id }) {
			return true
		}
	}
	return slices.ContainsFunc(v.Queue, func(q Ticket) bool { return q.ID == id })
}

type turn struct {
	place     int
	account   string
	got, gave int64
}

// checkTurns holds what the helpers say against the rules: one at a time on an account, and whoever
// takes one while others wait who came before leaves them one each.
func checkTurns(t *testing.T, all []*helperProc, accounts int) {
	t.Helper()
	var turns []turn
	for i, h := range all {
		u := turn{place: i}
		scan(t, h.line(t), "got", &u.account, &u.got)
		scan(t, h.line(t), "gave", &u.account, &u.gave)
		h.finish(t)
		turns = append(turns, u)
	}
	slices.SortFunc(turns, func(a, b turn) int { return int(a.got - b.got) })
	until := map[string]turn{}
	for _, u := range turns {
		if before, ok := until[u.account]; ok && u.got < before.gave {
			t.Errorf("%d and %d had %s at the same time", before.place, u.place, u.account)
		}
		until[u.account] = u
		free, first := accounts, 0
		for _, o := range turns {
			if o.got <= u.got && u.got < o.gave {
				free--
			}
			if o.place < u.place && o.got > u.got {
				first++
			}
		}
		if first > free {
			t.Errorf("number %d had its turn when %d that came before it waited for %d accounts", u.place, first, free)
		}
	}
}

func scan(t *testing.T, line, word string, account *string, at *int64) {
	t.Helper()
	if _, err := fmt.Sscanf(line, word+" %s %d", account, at); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
}

// waitUntil polls for what another process does.
func waitUntil(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within 30 s", what)
		}
	}
}
