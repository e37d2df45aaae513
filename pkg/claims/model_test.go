package claims

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/kyoli-gam/kyoli/internal/procid"
)

// model is what should be the case after any sequence of events.
type model struct {
	w       *world
	claims  map[string]*modelClaim   // by session
	foreign map[string]*modelForeign // by account
}

type modelClaim struct {
	claim     *Claim
	uuid      string
	p         procid.Process
	exclusive bool
}

type modelForeign struct {
	pid int
	at  time.Time
}

// TestModel holds the claims against the model: whoever lives and was not released holds, nobody
// else does, nothing foreign is lost, and the plugin sees somebody on each account that is held.
func TestModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		w.dir = mustTemp(rt, t)
		m := &model{w: w, claims: map[string]*modelClaim{}, foreign: map[string]*modelForeign{}}
		rt.Repeat(map[string]func(*rapid.T){
			"claim":     m.claim,
			"heartbeat": m.heartbeat,
			"transfer":  m.transfer,
			"release":   m.release,
			"by hand":   m.releaseByHand,
			"die":       m.die,
			"plugin":    m.pluginWrites,
			"pass":      m.pass,
			"collect":   m.collect,
			"":          m.check,
		})
	})
}

func mustTemp(rt *rapid.T, t *testing.T) string {
	dir, err := os.MkdirTemp(t.TempDir(), "")
	if err != nil {
		rt.Fatal(err)
	}
	return dir
}

var (
	genUUID = rapid.SampledFrom([]string{"a", "b", "c"})
	genPID  = rapid.IntRange(10, 14)
)

func (m *model) runs(pid int) bool { _, gone := m.w.gone[pid]; return !gone }

func (m *model) alive(p procid.Process) bool { return m.runs(p.PID) && m.w.proc(p.PID) == p }

// sweep forgets the claims whose processes have ended, as the next step will.
func (m *model) sweep() {
	for id, c := range m.claims {
		if !m.alive(c.p) {
			delete(m.claims, id)
		}
	}
}

func (m *model) foreignLives(uuid string) bool {
	f := m.foreign[uuid]
	if f == nil || !m.runs(f.pid) || m.w.clock.Sub(f.at) > Silence {
		return false
	}
	for _, c := range m.claims {
		if c.uuid == uuid && c.p.PID == f.pid {
			return false // it is the same process
		}
	}
	return true
}

func (m *model) claim(t *rapid.T) {
	m.sweep()
	pid, uuid := genPID.Draw(t, "pid"), genUUID.Draw(t, "account")
	m.w.start(pid)
	id := fmt.Sprintf("%s-%d-%d", uuid, pid, len(m.claims))
	if m.claims[id] != nil {
		t.Skip("it has one")
	}
	h := Holder{ID: id, Exclusive: rapid.Bool().Draw(t, "exclusive")}
	taken := h.Exclusive && m.foreignLives(uuid)
	for _, c := range m.claims {
		taken = taken || c.uuid == uuid && (c.exclusive || h.Exclusive)
	}
	c, err := m.w.store(pid).Select(bg, h, pick(uuid))
	if _, is := errors.AsType[*TakenError](err); is != taken || !is && err != nil {
		t.Fatalf("%+v on %s: %v", h, uuid, err)
	}
	if err == nil {
		m.claims[id] = &modelClaim{claim: c, uuid: uuid, p: m.w.proc(pid), exclusive: h.Exclusive}
		m.wrote(uuid)
	}
}

// wrote: our entry takes the place of a foreign one that is dead.
func (m *model) wrote(uuid string) {
	if !m.foreignLives(uuid) {
		delete(m.foreign, uuid)
	}
}

func (m *model) draw(t *rapid.T) (string, *modelClaim) {
	m.sweep()
	if len(m.claims) == 0 {
		t.Skip("no claims")
	}
	ids := make([]string, 0, len(m.claims))
	for id := range m.claims {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	id := rapid.SampledFrom(ids).Draw(t, "session")
	return id, m.claims[id]
}

func (m *model) heartbeat(t *rapid.T) {
	_, c := m.draw(t)
	if err := c.claim.Heartbeat(bg); err != nil {
		t.Fatal(err)
	}
	m.wrote(c.uuid)
}

func (m *model) transfer(t *rapid.T) {
	_, c := m.draw(t)
	pid := genPID.Draw(t, "child")
	m.w.start(pid)
	if err := c.claim.Transfer(bg, m.w.proc(pid)); err != nil {
		t.Fatal(err)
	}
	c.p = m.w.proc(pid)
	m.wrote(c.uuid)
}

func (m *model) release(t *rapid.T) {
	id, c := m.draw(t)
	if err := c.claim.Release(bg); err != nil {
		t.Fatal(err)
	}
	delete(m.claims, id)
}

func (m *model) releaseByHand(t *rapid.T) {
	id, c := m.draw(t)
	if n, err := m.w.store(99).ReleaseSession(bg, id); n != 1 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	delete(m.claims, id)
	if err := c.claim.Heartbeat(bg); err == nil {
		t.Fatal("its heartbeat did not notice")
	}
}

func (m *model) die(t *rapid.T) { m.w.gone[genPID.Draw(t, "pid")] = "ended" }

// pluginWrites is what the plugin does: drop what is dead, put its own entry over what is there.
func (m *model) pluginWrites(t *rapid.T) {
	uuid, pid := genUUID.Draw(t, "account"), rapid.IntRange(20, 22).Draw(t, "pid")
	m.w.start(pid)
	all := m.w.plugin()
	for u, e := range all {
		if !m.runs(e.PID) || m.w.now()-e.At > Silence.Milliseconds() {
			delete(all, u)
			delete(m.foreign, u)
		}
	}
	all[uuid] = pluginEntry{PID: pid, At: m.w.now()}
	m.foreign[uuid] = &modelForeign{pid: pid, at: m.w.clock}
	b, err := json.Marshal(pluginJSON(all))
	if err != nil {
		t.Fatal(err)
	}
	m.w.write(".json", string(b))
}

func (m *model) pass(t *rapid.T) {
	m.w.pass(time.Duration(rapid.IntRange(0, 70_000).Draw(t, "ms")) * time.Millisecond)
}

func (m *model) collect(t *rapid.T) {
	if _, err := m.w.store(99).GC(bg); err != nil {
		t.Fatal(err)
	}
	v := m.w.view(99)
	if len(v.Dead) != 0 {
		t.Fatalf("left behind: %+v", v.Dead)
	}
	for uuid := range m.foreign {
		m.wrote(uuid)
	}
	m.sweep()
	for _, c := range m.claims {
		e, ok := m.w.plugin()[c.uuid]
		if !ok || !m.runs(e.PID) || m.w.now()-e.At > Silence.Milliseconds() {
			t.Fatalf("%s is held, and the plugin sees %+v", c.uuid, e)
		}
	}
}

func (m *model) check(t *rapid.T) {
	want := map[string][]string{}
	for id, c := range m.claims {
		if m.alive(c.p) {
			want[c.uuid] = append(want[c.uuid], id)
		}
	}
	m.sweep()
	for uuid, f := range m.foreign {
		if m.foreignLives(uuid) {
			want[uuid] = append(want[uuid], "plugin-"+num(f.pid))
		}
		if e := m.w.plugin()[uuid]; m.foreignLives(uuid) && e.PID != f.pid {
			t.Fatalf("the plugin's entry on %s is lost: %+v", uuid, e)
		}
	}
	got := map[string][]string{}
	for uuid, hs := range m.w.view(99).Holders {
		for _, h := range hs {
			got[uuid] = append(got[uuid], h.ID)
		}
	}
	for _, x := range []map[string][]string{want, got} {
		for _, ids := range x {
			slices.Sort(ids)
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatal(d)
	}
	if len(m.w.notes) != 0 {
		t.Fatalf("notes: %v", m.w.notes)
	}
}
