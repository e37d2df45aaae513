package claims

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// queue has process pid take its place in the queue for accounts.
func (w *world) queue(pid int, exclusive bool, accounts ...string) {
	w.t.Helper()
	s := w.store(pid)
	h := session(pid)
	h.Exclusive = exclusive
	must(w.t, s.complete(&h))
	c, _, err := s.takeOrQueue(bg, h, func(View) (Choice, error) { return Choice{Wants: accounts}, ErrBusy })
	if c != nil || err != nil {
		w.t.Fatalf("%+v, %v", c, err)
	}
}

func places(v View) string {
	var ids []string
	for _, q := range v.Queue {
		ids = append(ids, q.ID+":"+strings.Join(q.Wants, "+"))
	}
	return strings.Join(ids, " ")
}

func TestQueueKeepsItsOrder(t *testing.T) {
	w := newWorld(t)
	w.queue(11, true, "a")
	w.pass(time.Second)
	w.queue(12, true, "a", "b")
	w.pass(4 * time.Second)
	w.queue(11, true, "a", "c") // renewed
	v := w.view(99)
	if got := places(v); got != "s11:a+c s12:a+b" {
		t.Errorf("queue %s", got)
	}
	if q := v.Queue[0]; q.Since != Millis(w.now()-5000) || q.Seen != Millis(w.now()) || q.Command != "opencode" {
		t.Errorf("%+v", q)
	}
}

func TestAccountsAreSetAsideForThoseWhoCameFirst(t *testing.T) {
	w := newWorld(t)
	w.claim(10, "b")
	w.queue(11, true, "b", "a")
	w.queue(12, true, "a", "c")
	v := w.view(99)
	if who(v, "a") != "s11" || who(v, "b") != "s10" || who(v, "c") != "s12" {
		t.Errorf("for one who comes now: %v", v.Holders)
	}
	if !v.Holders["a"][0].Waiting || v.Free("a", "s99", false) {
		t.Errorf("%+v", v.Holders["a"])
	}
	if _, err := w.store(13).Select(bg, session(13), pick("a")); !errors.Is(err, ErrBusy) {
		t.Errorf("it was taken from under the first: %v", err)
	}
	h := session(12)
	h.Exclusive = true
	c, err := w.store(12).Select(bg, h, firstFree([]string{"a", "c"}, h.ID, true))
	must(t, err)
	if c.UUID != "c" {
		t.Errorf("the second got %s", c.UUID)
	}
	h = session(11)
	h.Exclusive = true
	c, err = w.store(11).Select(bg, h, firstFree([]string{"b", "a"}, h.ID, true))
	must(t, err)
	if v := w.view(99); c.UUID != "a" || len(v.Queue) != 0 {
		t.Errorf("the first got %s, and %d wait", c.UUID, len(v.Queue))
	}
}

// TestWhoCameFirstMayChange: an account set aside for one who came later is free for one who came
// before, though it wanted another one when it last looked.
func TestWhoCameFirstMayChange(t *testing.T) {
	w := newWorld(t)
	w.claim(10, "a")
	w.queue(11, true, "a")
	w.queue(12, true, "b")
	h := session(11)
	h.Exclusive = true
	if _, err := w.store(11).Select(bg, h, pick("b")); err != nil {
		t.Error(err)
	}
}

// TestSharedWaiters may sit beside each other, once nobody has the account for itself.
func TestSharedWaiters(t *testing.T) {
	w := newWorld(t)
	h := session(10)
	h.Exclusive = true
	c, err := w.store(10).Select(bg, h, pick("a"))
	must(t, err)
	w.queue(11, false, "a")
	w.queue(12, false, "a")
	for pid, want := range map[int]bool{11: false, 12: false} {
		st, err := w.store(pid).load()
		must(t, err)
		if got := st.turnOf("s" + num(pid)); got != want {
			t.Errorf("turn of %d: %v", pid, got)
		}
	}
	must(t, c.Release(bg))
	for _, pid := range []int{12, 11} {
		st, err := w.store(pid).load()
		must(t, err)
		if !st.turnOf("s" + num(pid)) {
			t.Errorf("it is not the turn of %d", pid)
		}
		w.claim(pid, "a")
	}
}

func TestDeadAndSilentTicketsArePassedOver(t *testing.T) {
	w := newWorld(t)
	w.queue(11, true, "a")
	w.queue(12, true, "a")
	w.gone[11] = "killed"
	if v := w.view(99); places(v) != "s12:a" || who(v, "a") != "s12" {
		t.Errorf("dead: %s, %s", places(v), who(v, "a"))
	}
	w.pass(ticketSilence)
	if v := w.view(99); places(v) != "s12:a" {
		t.Errorf("15 s: %s", places(v))
	}
	w.pass(time.Millisecond)
	if v := w.view(99); places(v) != "" || who(v, "a") != "" {
		t.Errorf("silent: %s, %s", places(v), who(v, "a"))
	}
	w.queue(13, true, "a")
	w.queue(12, true, "a") // it was only late
	if v := w.view(99); places(v) != "s12:a s13:a" {
		t.Errorf("late: %s", places(v))
	}
	w.pass(Silence + time.Second)
	w.queue(14, true, "a")
	if s := w.read(".kyoli.json"); strings.Contains(s, "s12") || strings.Contains(s, "s11") {
		t.Errorf("tickets for ever: %s", s)
	}
}

func TestTicketFollowsTheAccount(t *testing.T) {
	w := newWorld(t)
	w.queue(11, true, "a", "b")
	must(t, w.store(50).Rename(bg, "a", "z"))
	if got := places(w.view(99)); got != "s11:z+b" {
		t.Errorf("queue %s", got)
	}
	if n, err := w.store(50).ReleaseSession(bg, "s11"); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if got := places(w.view(99)); got != "" {
		t.Errorf("queue %s", got)
	}
}

func TestWaitTakesWhatIsFree(t *testing.T) {
	w := newWorld(t)
	h := session(10)
	h.Exclusive = true
	c, err := w.store(10).Wait(bg, h, firstFree([]string{"a"}, h.ID, true), nil)
	must(t, err)
	if c.UUID != "a" || len(w.view(99).Queue) != 0 {
		t.Errorf("%+v, %v", c, w.view(99).Queue)
	}
	boom := errors.New("boom")
	if _, err := w.store(11).Wait(bg, session(11), func(View) (Choice, error) { return Choice{}, boom }, nil); !errors.Is(err, boom) {
		t.Errorf("err = %v", err)
	}
	if _, err := w.store(11).Wait(bg, Holder{}, pick("a"), nil); err == nil {
		t.Error("waited without a session id")
	}
}

// TestWait runs on a clock that moves when all sleep.
func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		timed := func(pid int) *Store { s := w.store(pid); s.o.Now = time.Now; return s }
		first, err := timed(10).Select(bg, session(10), pick("a"))
		must(t, err)
		began := time.Now()
		type result struct {
			id    string
			after time.Duration
		}
		got := make(chan result, 2)
		places := make([][]int, 13)
		var all sync.WaitGroup
		for pid := 11; pid <= 12; pid++ {
			all.Go(func() {
				h := session(pid)
				h.Exclusive = true
				c, err := timed(pid).Wait(bg, h, pick("a"), func(ahead int) {
					places[pid] = append(places[pid], ahead)
				})
				if err != nil {
					t.Error(err)
					return
				}
				got <- result{h.ID, time.Since(began)}
				time.Sleep(time.Second)
				if err := c.Release(bg); err != nil {
					t.Error(err)
				}
			})
			time.Sleep(10 * time.Millisecond) // the one after the other
		}
		time.Sleep(time.Minute) // longer than a ticket lasts unless it is renewed
		must(t, first.Heartbeat(bg))
		must(t, first.Release(bg))
		freed := time.Since(began)
		a, b := <-got, <-got
		if a.id != "s11" || b.id != "s12" {
			t.Errorf("turns: %s, %s", a.id, b.id)
		}
		if d := a.after - freed; d < 0 || d > lookEvery*5/4 {
			t.Errorf("the first noticed after %v", d)
		}
		if d := b.after - a.after - time.Second; d < 0 || d > lookEvery*5/4 {
			t.Errorf("the second noticed after %v", d)
		}
		all.Wait()
		if p := slices.Compact(places[11]); !slices.Equal(p, []int{0}) {
			t.Errorf("the first was told that %v came before", p)
		}
		if p := slices.Compact(places[12]); !slices.Equal(p, []int{1}) && !slices.Equal(p, []int{1, 0}) {
			t.Errorf("the second was told that %v came before", p)
		}
	})
}

// One who waits and is then told that there is nothing to wait for gives its place up.
func TestWaitLeavesTheQueueOnAnError(t *testing.T) {
	w := newWorld(t)
	w.claim(10, "a")
	boom := errors.New("boom")
	calls := 0
	_, err := w.store(11).Wait(bg, session(11), func(View) (Choice, error) {
		if calls++; calls > 1 {
			return Choice{}, boom
		}
		return Choice{Wants: []string{"b"}}, ErrBusy
	}, nil)
	if !errors.Is(err, boom) || calls != 2 {
		t.Errorf("%v after %d calls", err, calls)
	}
	if strings.Contains(w.read(".kyoli.json"), "s11") {
		t.Error("its ticket is still there")
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.claim(10, "a")
		s := w.store(11)
		s.o.Now = time.Now
		enough := errors.New("enough")
		ctx, cancel := context.WithTimeoutCause(bg, 30*time.Second, enough)
		defer cancel()
		h := session(11)
		h.Exclusive = true
		began := time.Now()
		_, err := s.Wait(ctx, h, pick("a"), nil)
		if !errors.Is(err, enough) || time.Since(began) != 30*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		if strings.Contains(w.read(".kyoli.json"), "s11") {
			t.Error("its ticket is still there")
		}
	})
}
