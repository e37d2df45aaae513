package claims

import (
	"context"
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var bg = context.Background()

func TestSelectClaims(t *testing.T) {
	w := newWorld(t)
	c := w.claim(10, "a")
	if c.UUID != "a" || c.ID != "s10" {
		t.Errorf("claim %+v", c)
	}
	v := w.view(99)
	if !v.HeldByOther("a", "s11") || v.HeldByOther("a", "s10") || v.HeldByOther("b", "s11") {
		t.Error("who holds it for whom is wrong")
	}
	if !v.Knows("s10") || v.Knows("s11") {
		t.Error("which sessions there are is wrong")
	}
	want := []Holder{{
		ID: "s10", Process: w.proc(10), Command: "opencode", Since: Millis(w.now()), Seen: Millis(w.now()),
	}}
	if d := cmp.Diff(want, v.Holders["a"]); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(map[string]pluginEntry{"a": {10, w.now()}}, w.plugin()); d != "" {
		t.Error(d)
	}
	must(t, c.Release(bg))
	if v := w.view(99); len(v.Holders) != 0 || len(v.Dead) != 0 {
		t.Errorf("after the release %+v", v)
	}
	if len(w.plugin()) != 0 {
		t.Errorf("after the release the plugin sees %v", w.plugin())
	}
	must(t, c.Release(bg)) // again is no error
}

func TestFilesArePrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such modes")
	}
	w := newWorld(t)
	w.write(".json", "{}")
	must(t, os.Chmod(w.path(".json"), 0o644))
	w.claim(10, "a")
	for _, name := range []string{".json", ".kyoli.json"} {
		fi, err := os.Stat(w.path(name))
		must(t, err)
		if fi.Mode().Perm() != 0o600 {
			t.Errorf("%s is %v", name, fi.Mode())
		}
	}
}

func TestSelectSeesTheOthers(t *testing.T) {
	w := newWorld(t)
	uuids := []string{"a", "b", "c"}
	for pid := 10; pid < 13; pid++ {
		h := session(pid)
		c, err := w.store(pid).Select(bg, h, firstFree(uuids, h.ID, false))
		must(t, err)
		if want := uuids[pid-10]; c.UUID != want {
			t.Errorf("process %d got %s, want %s", pid, c.UUID, want)
		}
	}
}

func TestSelectErrorWritesNothing(t *testing.T) {
	w := newWorld(t)
	w.claim(10, "a")
	own, other := w.read(".kyoli.json"), w.read(".json")
	boom := errors.New("boom")
	_, err := w.store(11).Select(bg, session(11), func(View) (Choice, error) {
		return Choice{UUID: "b", Cursor: &Cursor{UUID: "b"}, StickyKey: "k"}, boom
	})
	if !errors.Is(err, boom) {
		t.Errorf("err = %v", err)
	}
	if own != w.read(".kyoli.json") || other != w.read(".json") {
		t.Error("something was written")
	}
	if _, err := w.store(11).Select(bg, session(11), pick("")); !errors.Is(err, ErrBusy) {
		t.Errorf("no account chosen: %v", err)
	}
	if _, err := w.store(11).Select(bg, Holder{}, pick("a")); err == nil {
		t.Error("a claim without a session id was made")
	}
}

func TestSelectAgainRenews(t *testing.T) {
	w := newWorld(t)
	w.claim(10, "a")
	first := w.now()
	w.pass(time.Minute)
	w.claim(10, "a")
	h := w.view(99).Holders["a"]
	if len(h) != 1 || h[0].Since != Millis(first) || h[0].Seen != Millis(w.now()) {
		t.Errorf("holders %+v", h)
	}
}

func TestSharedAndExclusive(t *testing.T) {
	tests := []struct {
		name        string
		first, next bool // exclusive
		taken       bool
	}{
		{"both shared", false, false, false},
		{"the first for itself", true, false, true},
		{"the second for itself", false, true, true},
		{"both for themselves", true, true, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			h := session(10)
			h.Exclusive = tt.first
			_, err := w.store(10).Select(bg, h, pick("a"))
			must(t, err)
			h = session(11)
			h.Exclusive = tt.next
			_, err = w.store(11).Select(bg, h, pick("a"))
			taken, ok := errors.AsType[*TakenError](err)
			if ok != tt.taken || (err != nil) != tt.taken {
				t.Fatalf("err = %v", err)
			}
			if tt.taken && (taken.UUID != "a" || len(taken.Holders) != 1 || !errors.Is(err, ErrBusy) ||
				err.Error() != "account a is held by process 10") {
				t.Errorf("%+v", taken)
			}
		})
	}
}

func TestCommandHasNoArguments(t *testing.T) {
	tests := map[string]string{
		"opencode":                        "opencode",
		"/usr/local/bin/opencode":         "opencode",
		`C:\bin\opencode.exe`:             "opencode.exe",
		"curl -H secret":                  "curl",
		"/opt/My Tool/run me":             "run",
		"x\x1b[31m":                       "x",
		"a\u202eb":                        "a",
		"":                                "",
		"\xff\xfeok":                      "ok",
		strings.Repeat("é", 100):          strings.Repeat("é", 64),
		"/bin/sh\t-c\tTOKEN=secret thing": "sh",
	}
	for in, want := range tests {
		w := newWorld(t)
		_, err := w.store(10).Select(bg, Holder{ID: "s", Command: in}, pick("a"))
		must(t, err)
		if got := w.view(99).Holders["a"][0].Command; got != want {
			t.Errorf("%q is shown as %q, want %q", in, got, want)
		}
		if strings.Contains(w.read(".kyoli.json"), "secret") {
			t.Errorf("%q: the argument is in the file", in)
		}
	}
}

func TestTransfer(t *testing.T) {
	w := newWorld(t)
	c := w.claim(10, "a")
	w.pass(time.Second)
	must(t, c.Transfer(bg, w.proc(20)))
	if p := w.plugin()["a"]; p.PID != 20 || p.At != w.now() {
		t.Errorf("the plugin sees %+v", p)
	}
	w.gone[10] = "killed"
	h := w.view(99).Holders["a"]
	if len(h) != 1 || h[0].PID != 20 || h[0].ID != "s10" {
		t.Fatalf("after the supervisor's end %+v", h)
	}
	w.gone[20] = "ended"
	v := w.view(99)
	if len(v.Holders["a"]) != 0 || len(v.Dead) != 1 || v.Dead[0].Why != "ended" {
		t.Errorf("after the child's end %+v", v)
	}
}

func TestTransferDoesNotLeaveTheParentBehind(t *testing.T) {
	w := newWorld(t)
	c := w.claim(10, "a")
	must(t, c.Transfer(bg, w.proc(20)))
	if got := who(w.view(99), "a"); got != "s10" {
		t.Errorf("holders %s", got)
	}
}

func TestHeartbeat(t *testing.T) {
	w := newWorld(t)
	c := w.claim(10, "a")
	w.pass(Beat)
	must(t, c.Heartbeat(bg))
	if p := w.plugin()["a"]; p.At != w.now() {
		t.Errorf("the plugin's entry is %d ms old", w.now()-p.At)
	}
	if h := w.view(99).Holders["a"][0]; h.Seen != Millis(w.now()) || h.Since == h.Seen {
		t.Errorf("%+v", h)
	}
}

func TestHeartbeatPutsBackWhatIsMissing(t *testing.T) {
	for name, spoil := range map[string]func(w *world){
		"own file gone":      func(w *world) { must(t, os.Remove(w.path(".kyoli.json"))) },
		"plugin's file gone": func(w *world) { must(t, os.Remove(w.path(".json"))) },
		"own file damaged":   func(w *world) { w.write(".kyoli.json", `{"version":1,`) },
		"plugin's damaged":   func(w *world) { w.write(".json", `[]`) },
		"plugin's emptied":   func(w *world) { w.write(".json", `{}`) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c := w.claim(10, "a")
			before := w.view(99).Holders
			spoil(w)
			must(t, c.Heartbeat(bg))
			if d := cmp.Diff(before, w.view(99).Holders); d != "" {
				t.Error(d)
			}
			if w.plugin()["a"].PID != 10 {
				t.Errorf("the plugin sees %v", w.plugin())
			}
		})
	}
}

func TestReleaseByHand(t *testing.T) {
	w := newWorld(t)
	c := w.claim(10, "a")
	n, err := w.store(50).ReleaseSession(bg, "s10")
	if n != 1 || err != nil {
		t.Fatalf("released %d (%v)", n, err)
	}
	if v := w.view(99); len(v.Holders) != 0 || len(w.plugin()) != 0 {
		t.Errorf("still held: %+v, %v", v.Holders, w.plugin())
	}
	err = c.Heartbeat(bg)
	if r, ok := errors.AsType[*ReleasedError](err); !ok || r.ID != "s10" || r.UUID != "a" {
		t.Errorf("heartbeat: %v", err)
	}
	if len(w.view(99).Holders) != 0 {
		t.Error("the heartbeat put it back")
	}
	w.claim(10, "b") // a new claim of that session counts again
	if who(w.view(99), "b") != "s10" {
		t.Error("the session cannot claim any more")
	}
	if n, err := w.store(50).ReleaseSession(bg, "nobody"); n != 0 || err != nil {
		t.Errorf("released %d of nobody (%v)", n, err)
	}
}

func TestReleaseLeavesTheOthers(t *testing.T) {
	w := newWorld(t)
	c := w.claim(10, "a")
	w.claim(11, "a")
	w.claim(12, "b")
	must(t, c.Release(bg))
	v := w.view(99)
	if who(v, "a") != "s11" || who(v, "b") != "s12" {
		t.Errorf("left: %v", v.Holders)
	}
	if p := w.plugin(); p["a"].PID != 11 || p["b"].PID != 12 {
		t.Errorf("the plugin sees %v", p)
	}
}

func TestCursorStickyAnd429(t *testing.T) {
	w := newWorld(t)
	_, err := w.store(10).Select(bg, session(10), func(View) (Choice, error) {
		return Choice{UUID: "a", Cursor: &Cursor{UUID: "a", Index: 3}, StickyKey: "my words"}, nil
	})
	must(t, err)
	must(t, w.store(10).Mark429(bg, "a"))
	w.claim(11, "b") // leaves them alone
	v := w.view(99)
	if v.Cursor != (Cursor{UUID: "a", Index: 3}) {
		t.Errorf("cursor %+v", v.Cursor)
	}
	if u, ok := v.Sticky("my words"); u != "a" || !ok {
		t.Errorf("sticky %q %v", u, ok)
	}
	if _, ok := v.Sticky("other words"); ok {
		t.Error("a key that was never bound is")
	}
	if !v.Last429("a").Equal(w.clock) || !v.Last429("b").IsZero() {
		t.Errorf("last 429 %v, %v", v.Last429("a"), v.Last429("b"))
	}
	if strings.Contains(w.read(".kyoli.json"), "my words") {
		t.Error("the session key itself is in the file")
	}
	w.pass(StickyFor - time.Minute)
	if _, ok := w.view(99).Sticky("my words"); !ok {
		t.Error("unbound too early")
	}
	if !w.view(99).Last429("a").IsZero() {
		t.Error("a 429 of hours ago is remembered")
	}
	w.pass(2 * time.Minute)
	if _, ok := w.view(99).Sticky("my words"); ok {
		t.Error("bound for longer than six hours")
	}
	w.claim(12, "c")
	if s := w.read(".kyoli.json"); strings.Contains(s, "sticky") || strings.Contains(s, "last429") {
		t.Errorf("what is forgotten stays in the file: %s", s)
	}
}

func TestStickyIsBounded(t *testing.T) {
	w := newWorld(t)
	st := &state{doc: newDocument(), now: Millis(w.now())}
	for i := range StickyMost + 10 {
		st.bind(num(i), "a")
		st.now += 10
	}
	st.forget()
	if len(st.doc.Sticky) != StickyMost {
		t.Errorf("%d bindings", len(st.doc.Sticky))
	}
	for i, want := range map[int]bool{0: false, 9: false, 10: true, StickyMost + 9: true} {
		if _, ok := st.doc.Sticky[hashKey(num(i))]; ok != want {
			t.Errorf("binding %d kept: %v", i, ok)
		}
	}
}

func TestRename(t *testing.T) {
	w := newWorld(t)
	c, err := w.store(10).Select(bg, session(10), func(View) (Choice, error) {
		return Choice{UUID: "old", Cursor: &Cursor{UUID: "old"}, StickyKey: "k"}, nil
	})
	must(t, err)
	must(t, w.store(10).Mark429(bg, "old"))
	must(t, w.store(50).Rename(bg, "old", "new"))
	v := w.view(99)
	if u, _ := v.Sticky("k"); who(v, "new") != "s10" || who(v, "old") != "" || u != "new" ||
		v.Cursor.UUID != "new" || v.Last429("new").IsZero() || !v.Last429("old").IsZero() {
		t.Errorf("%+v", v)
	}
	if p := w.plugin(); len(p) != 1 || p["new"].PID != 10 {
		t.Errorf("the plugin sees %v", p)
	}
	w.pass(Beat)
	must(t, c.Heartbeat(bg))
	if v := w.view(99); who(v, "new") != "s10" || who(v, "old") != "" {
		t.Errorf("after a heartbeat %v", v.Holders)
	}
	must(t, c.Release(bg))
	if v := w.view(99); len(v.Holders) != 0 || len(w.plugin()) != 0 {
		t.Errorf("after the release %v", v.Holders)
	}
}

func TestUnchangedIsNotWritten(t *testing.T) {
	w := newWorld(t)
	w.claim(10, "a")
	for _, name := range []string{".json", ".kyoli.json"} {
		must(t, os.Chtimes(w.path(name), time.Unix(1, 0), time.Unix(1, 0)))
	}
	must(t, w.store(50).Rename(bg, "x", "y"))
	if _, err := w.store(50).GC(bg); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".json", ".kyoli.json"} {
		fi, err := os.Stat(w.path(name))
		must(t, err)
		if fi.ModTime() != time.Unix(1, 0) {
			t.Errorf("%s was written", name)
		}
	}
	w2 := newWorld(t)
	must(t, w2.store(50).Rename(bg, "x", "y"))
	if w2.read(".json")+w2.read(".kyoli.json") != "" {
		t.Error("files were made for nothing")
	}
}

func TestNewSession(t *testing.T) {
	a, b := NewSession(), NewSession()
	if a == b || len(a) != 12 || strings.Trim(a, "abcdefghijklmnopqrstuvwxyz234567") != "" {
		t.Errorf("%q, %q", a, b)
	}
}

func TestContextEnds(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(bg)
	cancel()
	s := w.store(10)
	_, err1 := s.Select(ctx, session(10), pick("a"))
	_, err2 := s.View(ctx)
	_, err3 := s.GC(ctx)
	for i, err := range []error{err1, err2, err3} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%d: %v", i+1, err)
		}
	}
}
