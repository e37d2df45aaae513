package claims

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/internal/failpoint"
)

// tells holds what was told since the last time against want: "kind account session pid why".
func (w *world) tells(want ...string) {
	w.t.Helper()
	var got []string
	for _, e := range w.told {
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %s %d %s", e.Kind, e.UUID, e.Holder.ID, e.Holder.PID, e.Why)))
	}
	w.told = nil
	if d := cmp.Diff(want, got); d != "" {
		w.t.Error(d)
	}
}

func TestEvents(t *testing.T) {
	w := newWorld(t)
	c := w.claim(10, "a")
	w.tells("claimed a s10 10")
	must(t, c.Heartbeat(bg))
	w.claim(10, "a")
	w.tells()
	must(t, c.Transfer(bg, w.proc(11)))
	w.tells("handed-over a s10 11")
	must(t, c.Release(bg))
	must(t, c.Release(bg))
	w.tells("released a s10 11 given back")

	w.claim(20, "a")
	w.claim(20, "b")
	w.told = nil
	if _, err := w.store(1).ReleaseSession(bg, "s20"); err != nil {
		t.Fatal(err)
	}
	if len(w.told) != 2 || w.told[0].Why != "by hand" || w.told[0].Holder.Command != "opencode" {
		t.Errorf("told %+v", w.told)
	}
}

// The dead are told of by whoever takes them out, and once.
func TestEventsOfTheDead(t *testing.T) {
	w := newWorld(t)
	w.claim(10, "a")
	w.told = nil
	w.gone[10] = "it has ended"
	if _, err := w.store(1).GC(bg); err != nil {
		t.Fatal(err)
	}
	if _, err := w.store(1).GC(bg); err != nil {
		t.Fatal(err)
	}
	w.tells("freed a s10 10 it has ended")

	w.claim(12, "a")
	w.gone[12] = "it has ended"
	w.told = nil
	w.claim(13, "a") // takes it out on the way
	w.tells("claimed a s13 13", "freed a s12 12 it has ended")

	// An entry of the plugin's.
	w.write(".json", fmt.Sprintf(`{"b":{"pid":30,"at":%d}}`, w.now()))
	w.gone[30] = "it has ended"
	if _, err := w.store(1).GC(bg); err != nil {
		t.Fatal(err)
	}
	w.tells("freed b plugin-30 30 it has ended")
	w.write(".json", fmt.Sprintf(`{"b":{"pid":31,"at":%d}}`, w.now()))
	if _, err := w.store(1).ReleaseSession(bg, "plugin-31"); err != nil {
		t.Fatal(err)
	}
	w.tells("released b plugin-31 31 by hand")
}

// What is not on the disk has not happened.
func TestNoEventsOfWhatFailed(t *testing.T) {
	w := newWorld(t)
	c := w.claim(10, "a")
	w.told = nil
	restore := failpoint.Set(func(string) error { return syscall.ENOSPC })
	err := c.Release(bg)
	_, err2 := w.store(11).Select(bg, session(11), pick("b"))
	restore()
	if err == nil || err2 == nil {
		t.Fatal("it went well")
	}
	w.tells()
	if _, err := w.store(11).Select(bg, session(11), func(View) (Choice, error) { return Choice{}, errors.New("no") }); err == nil {
		t.Fatal("chosen")
	}
	w.tells()
}

// A claim that has got lost is told of when its heartbeat puts it back.
func TestEventOfPuttingBack(t *testing.T) {
	w := newWorld(t)
	c := w.claim(10, "a")
	w.told = nil
	w.write(".kyoli.json", "")
	w.pass(Beat)
	must(t, c.Heartbeat(bg))
	w.tells("claimed a s10 10 put back: it was missing")
}
