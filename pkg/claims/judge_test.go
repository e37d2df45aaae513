package claims

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/internal/procid"
)

// claimElsewhere puts a claim of a process that this machine cannot look at into kyoli's file.
func (w *world) claimElsewhere(uuid string, change func(*world)) *Claim {
	there := *w
	change(&there)
	return there.claim(7, uuid)
}

func container(w *world) { w.ns, w.host = "ns2", "4f2a1c" }

func otherHost(w *world) { w.boot, w.host = "boot2", "host2" }

func TestReboot(t *testing.T) {
	w := newWorld(t)
	w.claim(10, "a")
	w.boot = "boot2"
	v := w.view(99)
	if len(v.Holders) != 0 || len(v.Dead) != 1 || v.Dead[0].Why != "the machine was restarted since" {
		t.Errorf("after a reboot %+v", v)
	}
}

func TestProcessIsGone(t *testing.T) {
	w := newWorld(t)
	w.claim(10, "a")
	w.pass(24 * time.Hour) // its age says nothing of a process that can be looked at
	if who(w.view(99), "a") != "s10" {
		t.Error("a claim died of age")
	}
	w.gone[10] = "its process has ended (a zombie)"
	v := w.view(99)
	want := []DeadHolder{{
		Holder: Holder{
			ID: "s10", Process: w.proc(10), Command: "opencode",
			Since: 1_760_000_000_000, Seen: 1_760_000_000_000,
		},
		UUID: "a", Why: "its process has ended (a zombie)",
	}}
	if d := cmp.Diff(want, v.Dead); d != "" {
		t.Error(d)
	}
	if len(v.Holders) != 0 {
		t.Errorf("counts still: %v", v.Holders)
	}
	w.claim(11, "b")
	if s := w.read(".kyoli.json"); strings.Contains(s, `"s10"`) {
		t.Errorf("the next claim left it there: %s", s)
	}
	if p := w.plugin(); len(p) != 1 {
		t.Errorf("the plugin sees %v", p)
	}
}

// TestContainer: another PID namespace under one kernel has our clock, so the age of what it wrote
// can be trusted.
func TestContainer(t *testing.T) {
	w := newWorld(t)
	c := w.claimElsewhere("a", container)
	w.pass(Silence)
	if who(w.view(99), "a") != "s7" {
		t.Error("given up within the minute")
	}
	w.pass(time.Millisecond)
	v := w.view(99)
	if len(v.Dead) != 1 || v.Dead[0].Why != "it runs in another PID namespace, and nothing was heard of it for 1m0s" {
		t.Fatalf("silent for a minute: %+v", v)
	}
	w.claim(11, "b") // takes it out
	c.store.o.Now = func() time.Time { return w.clock }
	must(t, c.Heartbeat(bg))
	if who(w.view(99), "a") != "s7" {
		t.Error("its heartbeat did not put it back")
	}
}

// TestOtherHost: what another host writes is on its own clock, so only whether it changes counts,
// from when we first saw it.
func TestOtherHost(t *testing.T) {
	for name, skew := range map[string]time.Duration{
		"same clock": 0, "a day behind": -24 * time.Hour, "a day ahead": 24 * time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			there := func(w *world) { otherHost(w); w.pass(skew) }
			c := w.claimElsewhere("a", there)
			w.claim(10, "b") // the first of ours to see it
			for range 5 {
				w.pass(Beat)
				c.store.o.Now = func() time.Time { return w.clock.Add(skew) }
				must(t, c.Heartbeat(bg))
				if _, err := w.store(10).GC(bg); err != nil {
					t.Fatal(err)
				}
				if who(w.view(99), "a") != "s7" {
					t.Fatal("given up between two heartbeats")
				}
			}
			w.pass(Silence)
			if who(w.view(99), "a") != "s7" {
				t.Error("given up within the minute")
			}
			w.pass(time.Second)
			v := w.view(99)
			if who(v, "a") != "" || len(v.Dead) != 1 || !strings.HasPrefix(v.Dead[0].Why, "it runs on another host, and nothing") {
				t.Errorf("silent for a minute: %+v", v)
			}
		})
	}
}

func TestOtherHostNobodyWatched(t *testing.T) {
	w := newWorld(t)
	w.claimElsewhere("a", otherHost)
	w.pass(48 * time.Hour)
	if who(w.view(99), "a") != "s7" {
		t.Error("given up without having been watched for a minute")
	}
}

func TestClockSetBack(t *testing.T) {
	w := newWorld(t)
	w.claimElsewhere("a", otherHost)
	w.claim(10, "b")
	w.pass(-24 * time.Hour)
	w.claim(11, "c") // watches anew
	w.pass(Silence)
	if who(w.view(99), "a") != "s7" {
		t.Error("given up within the minute")
	}
	w.pass(time.Second)
	if who(w.view(99), "a") != "" {
		t.Error("kept for as long as the clock was set back")
	}
	if v := w.view(99); who(v, "b") != "s10" || who(v, "c") != "s11" {
		t.Errorf("the living: %v", v.Holders)
	}
}

func TestClockSetBackUnderAContainer(t *testing.T) {
	w := newWorld(t)
	w.claimElsewhere("a", container)
	w.pass(-24 * time.Hour)
	w.claim(10, "b") // watches
	w.pass(Silence + time.Second)
	if who(w.view(99), "a") != "" {
		t.Error("kept for as long as the clock was set back")
	}
}

func TestPluginsEntries(t *testing.T) {
	tests := []struct {
		name  string
		age   time.Duration
		gone  bool
		watch []time.Duration // when kyoli has looked before, from then on
		want  string          // who holds it after all looks
	}{
		{name: "fresh", age: time.Second, want: "plugin-30"},
		{name: "a minute old", age: Silence, want: "plugin-30"},
		{name: "older", age: Silence + time.Millisecond, want: ""},
		{name: "its process is gone", gone: true, want: ""},
		{name: "ahead of us", age: -time.Hour, want: "plugin-30"},
		{name: "ahead, and the process is gone", age: -time.Hour, gone: true, want: ""},
		{name: "ahead for a minute", age: -time.Hour, watch: []time.Duration{Silence}, want: "plugin-30"},
		{name: "ahead for longer", age: -time.Hour, watch: []time.Duration{time.Second, Silence}, want: ""},
		{name: "centuries ahead", age: -9e9 * time.Second, watch: []time.Duration{Silence, 1e6}, want: ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.write(".json", `{"a":{"pid":30,"at":`+num(int(w.now()-tt.age.Milliseconds()))+`}}`)
			if tt.gone {
				w.gone[30] = "its process is gone"
			}
			for _, d := range tt.watch {
				w.claim(10, "b")
				w.pass(d)
			}
			v := w.view(99)
			if got := who(v, "a"); got != tt.want {
				t.Errorf("held by %q, want %q", got, tt.want)
			}
			if tt.want != "" {
				if h := v.Holders["a"][0]; !h.Foreign || h.PID != 30 || h.Command != "" {
					t.Errorf("holder %+v", h)
				}
			} else if len(v.Dead) != 1 || v.Dead[0].Why == "" || !v.Dead[0].Foreign {
				t.Errorf("dead %+v", v.Dead)
			}
		})
	}
}

func TestUnknownProcessesOfTheRealMachine(t *testing.T) {
	w := newWorld(t)
	s := Open(w.dir+"/openai-multi-account-accounts.json", Options{})
	if s.o.Self != procid.Self() {
		t.Errorf("we are %+v", s.o.Self)
	}
	_, err := s.Select(bg, Holder{ID: "me"}, pick("a"))
	must(t, err)
	v, err := s.View(bg)
	must(t, err)
	if who(v, "a") != "me" || v.Holders["a"][0].Process != procid.Self() {
		t.Errorf("%+v", v)
	}
	if d := time.Since(v.Holders["a"][0].Since.Time()); d < -time.Second || d > time.Minute {
		t.Errorf("claimed %v ago", d)
	}
}
