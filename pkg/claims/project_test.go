package claims

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestForeignEntriesAreLeftAlone(t *testing.T) {
	w := newWorld(t)
	const foreign = `"a": {
    "pid": 30,
    "at": 1759999999000,
    "by": "h\u0069m",
    "n": 12345678901234567890
  }`
	w.write(".json", "{"+foreign+`, "odd": {"pid": "x"}, "odder": 7, "dead": {"pid": 31, "at": 1}}`)
	w.claim(10, "a")
	w.claim(10, "b")
	if got := who(w.view(99), "a"); got != "s10,plugin-30" {
		t.Errorf("holders %s", got)
	}
	s := w.read(".json")
	for _, want := range []string{foreign, `"odd": {`, `"odder": 7`, `"dead": {`} {
		if !strings.Contains(s, want) {
			t.Errorf("%s is gone:\n%s", want, s)
		}
	}
}

func TestPluginEndsAndWeTakeItsPlace(t *testing.T) {
	w := newWorld(t)
	w.write(".json", `{"a":{"pid":30,"at":1760000000000}}`)
	w.claim(10, "a")
	if p := w.plugin()["a"]; p.PID != 30 {
		t.Fatalf("its entry is gone: %+v", p)
	}
	w.gone[30] = "ended"
	w.claim(11, "b")
	if p := w.plugin()["a"]; p.PID != 10 || p.At != w.now() {
		t.Errorf("the plugin sees %+v", p)
	}
}

// TestPluginInTheChild: OpenCode, run by exec, may have the plugin in it, which then writes and
// removes entries with the PID that kyoli's holder has too.
func TestPluginInTheChild(t *testing.T) {
	w := newWorld(t)
	c := w.claim(10, "a")
	must(t, c.Transfer(bg, w.proc(20)))
	w.pass(time.Second)
	w.write(".json", `{"a":{"pid":20,"at":`+num(int(w.now()))+`},"b":{"pid":20,"at":`+num(int(w.now()))+`}}`)
	v := w.view(99)
	if who(v, "a") != "s10" || who(v, "b") != "plugin-20" {
		t.Errorf("counted twice, or not at all: %v", v.Holders)
	}
	w.write(".json", `{}`)
	must(t, c.Heartbeat(bg))
	if w.plugin()["a"].PID != 20 {
		t.Error("what the plugin released was not written again")
	}
}

func TestPIDUsedAgainByThePlugin(t *testing.T) {
	w := newWorld(t)
	w.claim(10, "a")
	w.gone[10] = "ended"
	w.start(10) // and the plugin runs under its number now
	if v := w.view(99); who(v, "a") != "" {
		t.Errorf("what kyoli wrote for a dead process counts as the plugin's: %v", v.Holders)
	}
	w.pass(time.Second)
	w.write(".json", `{"a":{"pid":10,"at":`+num(int(w.now()))+`}}`)
	if v := w.view(99); who(v, "a") != "plugin-10" {
		t.Errorf("the plugin's own entry does not count: %v", v.Holders)
	}
}

func TestOneHolderForThePlugin(t *testing.T) {
	w := newWorld(t)
	w.claim(10, "a")
	w.claim(11, "a")
	if p := w.plugin()["a"]; p.PID != 10 {
		t.Errorf("the plugin sees %+v", p)
	}
	w.pass(Beat)
	w.claim(12, "a")
	if p := w.plugin()["a"]; p.PID != 10 || p.At != w.now() {
		t.Errorf("the plugin sees %+v", p)
	}
	w.gone[10] = "ended"
	w.claim(13, "b")
	if p := w.plugin()["a"]; p.PID != 11 {
		t.Errorf("the plugin sees %+v", p)
	}
	if got := who(w.view(99), "a"); got != "s11,s12" {
		t.Errorf("holders %s", got)
	}
}

// TestTakingOverIsNotTakenForThePlugin: a holder that comes to stand in the plugin's file is known
// again there when it has died.
func TestTakingOverIsNotTakenForThePlugin(t *testing.T) {
	w := newWorld(t)
	w.claim(10, "a")
	w.claim(11, "a")
	w.pass(5 * time.Second)
	w.gone[10] = "ended"
	w.claim(12, "b")
	if p := w.plugin()["a"]; p.PID != 11 {
		t.Fatalf("the plugin sees %+v", p)
	}
	w.gone[11] = "ended"
	if v := w.view(99); len(v.Dead) != 1 || v.Dead[0].ID != "s11" {
		t.Errorf("dead: %+v", v.Dead)
	}
}

// TestClockSetBackForThePlugin: an entry ahead of the clock would outlive its process there.
func TestClockSetBackForThePlugin(t *testing.T) {
	w := newWorld(t)
	c := w.claim(10, "a")
	w.pass(-time.Hour)
	must(t, c.Heartbeat(bg))
	if p := w.plugin()["a"]; p.At != w.now() {
		t.Errorf("the entry is %d ms ahead", p.At-w.now())
	}
}

// TestContainerIsNotShownUnderItsNumber: PID 7 of a container is somebody else here.
func TestContainerIsNotShownUnderItsNumber(t *testing.T) {
	w := newWorld(t)
	w.claimElsewhere("a", container)
	if p := w.plugin()["a"]; p.PID != 7 {
		t.Fatalf("the container did not show itself: %+v", p)
	}
	if got := who(w.view(99), "a"); got != "s7" {
		t.Errorf("holders %s", got)
	}
	w.write(".json", "{}")
	w.pass(Beat)
	w.claim(10, "b")
	if _, ok := w.plugin()["a"]; ok {
		t.Error("its number was written here")
	}
	w.claim(10, "a")
	if p := w.plugin()["a"]; p.PID != 10 {
		t.Errorf("the plugin sees %+v", p)
	}
}

func TestUnknownMembersOfOurOwnEntry(t *testing.T) {
	w := newWorld(t)
	c := w.claim(10, "a")
	w.write(".json", `{"a":{"pid":10,"at":`+num(int(w.now()))+`,"more":[1.50]}}`)
	w.pass(Beat)
	must(t, c.Heartbeat(bg))
	if s := w.read(".json"); !strings.Contains(s, "1.50") {
		t.Errorf("lost: %s", s)
	}
}

// TestChildOutlivesItsSupervisor: nobody sends its heartbeats any more, so whoever comes by does.
func TestChildOutlivesItsSupervisor(t *testing.T) {
	w := newWorld(t)
	c := w.claim(10, "a")
	must(t, c.Transfer(bg, w.proc(20)))
	w.gone[10] = "killed"
	for range 3 {
		w.pass(40 * time.Second)
		dead, err := w.store(50).GC(bg)
		must(t, err)
		if len(dead) != 0 {
			t.Errorf("taken out: %+v", dead)
		}
		if p := w.plugin()["a"]; p.PID != 20 || p.At != w.now() {
			t.Errorf("the plugin sees %+v at %d", p, w.now())
		}
		if h := w.view(99).Holders["a"][0]; h.Seen != Millis(w.now()) {
			t.Errorf("last seen %d", h.Seen)
		}
	}
}

func TestGC(t *testing.T) {
	w := newWorld(t)
	w.claim(10, "a")
	w.claim(11, "b")
	w.write(".json", w.read(".json")[:len(w.read(".json"))-1]+`,
  "c": {"pid": 30, "at": 1760000000000}, "d": {"pid": 31, "at": 1760000000000},
  "e": {"pid": 32, "at": 5}}`)
	w.gone[10], w.gone[30] = "ended", "ended too"
	dead, err := w.store(50).GC(bg)
	must(t, err)
	got := map[string]string{}
	for _, d := range dead {
		got[d.UUID+" "+d.ID] = d.Why
	}
	if got["e plugin-32"] == "" {
		t.Errorf("e: %v", got)
	}
	delete(got, "e plugin-32")
	if d := cmp.Diff(map[string]string{"a s10": "ended", "c plugin-30": "ended too"}, got); d != "" {
		t.Error(d)
	}
	v := w.view(99)
	if len(v.Dead) != 0 || who(v, "b") != "s11" || who(v, "d") != "plugin-31" {
		t.Errorf("left: %+v", v)
	}
	if dead, err := w.store(50).GC(bg); len(dead) != 0 || err != nil {
		t.Errorf("again: %v, %v", dead, err)
	}
}

func TestReleaseThePluginsEntry(t *testing.T) {
	w := newWorld(t)
	w.write(".json", `{"a":{"pid":30,"at":1760000000000},"b":{"pid":31,"at":1760000000000}}`)
	n, err := w.store(50).ReleaseSession(bg, "plugin-30")
	if n != 1 || err != nil {
		t.Errorf("released %d (%v)", n, err)
	}
	v := w.view(99)
	if who(v, "a") != "" || who(v, "b") != "plugin-31" {
		t.Errorf("left: %v", v.Holders)
	}
}
