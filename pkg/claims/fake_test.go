package claims

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/internal/procid"
)

// world is a machine with a clock and processes that the test moves and ends.
type world struct {
	t     testing.TB
	dir   string
	clock time.Time
	boot  string
	ns    string
	host  string
	gone  map[int]string // why, by PID; all others live
	born  map[int]int    // how often a PID was used again
	notes []Note
	mu    *sync.Mutex
	told  []Event
}

func newWorld(t testing.TB) *world {
	t.Helper()
	return &world{
		t: t, dir: t.TempDir(), clock: time.UnixMilli(1_760_000_000_000),
		boot: "boot1", ns: "ns1", host: "host1", gone: map[int]string{}, born: map[int]int{}, mu: &sync.Mutex{},
	}
}

// start begins a process under a PID that may have been another one's.
func (w *world) start(pid int) {
	if _, ok := w.gone[pid]; ok {
		delete(w.gone, pid)
		w.born[pid]++
	}
}

func (w *world) proc(pid int) procid.Process {
	return procid.Process{PID: pid, StartTime: num(100 + w.born[pid]), BootID: w.boot, PIDNs: w.ns, Host: w.host}
}

// store opens the claims as process pid.
func (w *world) store(pid int) *Store {
	self := w.proc(pid)
	return Open(filepath.Join(w.dir, "openai-multi-account-accounts.json"), Options{
		Now:  func() time.Time { return w.clock },
		Self: self,
		Alive: func(p procid.Process) procid.State {
			if p.BootID == self.BootID && p.PIDNs == self.PIDNs {
				if why, ok := w.gone[p.PID]; ok {
					return procid.State{Life: procid.Dead, Why: why}
				}
				if p.StartTime != "" && p.StartTime != w.proc(p.PID).StartTime {
					return procid.State{Life: procid.Dead, Why: "its process id belongs to a younger process"}
				}
				return procid.State{Life: procid.Alive}
			}
			p.PID = os.Getpid() // never asked for: it is of another boot, host or namespace
			return p.Alive(self)
		},
		OnNote: func(n Note) { w.notes = append(w.notes, n) },
		OnEvent: func(e Event) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.told = append(w.told, e)
		},
	})
}

func (w *world) pass(d time.Duration) { w.clock = w.clock.Add(d) }

func (w *world) now() int64 { return w.clock.UnixMilli() }

func (w *world) path(name string) string {
	return filepath.Join(w.dir, "openai-multi-account-claims"+name)
}

func (w *world) write(name, text string) {
	w.t.Helper()
	if err := os.WriteFile(w.path(name), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) read(name string) string {
	w.t.Helper()
	b, err := os.ReadFile(w.path(name))
	if err != nil && !os.IsNotExist(err) {
		w.t.Fatal(err)
	}
	return string(b)
}

// plugin is the plugin's file as "uuid=pid@age" by account, with the age in seconds.
func (w *world) plugin() map[string]pluginEntry {
	w.t.Helper()
	m := map[string]pluginEntry{}
	if s := w.read(".json"); s != "" {
		if err := json.Unmarshal([]byte(s), &m); err != nil {
			w.t.Fatalf("the plugin's file: %v\n%s", err, s)
		}
	}
	return m
}

type pluginEntry struct {
	PID int
	At  int64
}

func (w *world) view(pid int) View {
	w.t.Helper()
	v, err := w.store(pid).View(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

// claim claims an account for process pid under the session "s<pid>".
func (w *world) claim(pid int, uuid string) *Claim {
	w.t.Helper()
	c, err := w.store(pid).Select(context.Background(), session(pid), pick(uuid))
	if err != nil {
		w.t.Fatalf("claim %s for %d: %v", uuid, pid, err)
	}
	return c
}

func session(pid int) Holder { return Holder{ID: "s" + num(pid), Command: "opencode"} }

func num(n int) string {
	b, _ := json.Marshal(n)
	return string(b)
}

// pick is a chooser that wants one account and no other.
func pick(uuid string) func(View) (Choice, error) {
	return func(View) (Choice, error) { return Choice{UUID: uuid}, nil }
}

// firstFree is a chooser that takes the first account that nobody holds.
func firstFree(uuids []string, id string, exclusive bool) func(View) (Choice, error) {
	return func(v View) (Choice, error) {
		for _, u := range uuids {
			if v.Count(u, id) == 0 {
				return Choice{UUID: u}, nil
			}
		}
		return Choice{Wants: uuids}, ErrBusy
	}
}

// who lists the live holders of an account as "id,id".
func who(v View, uuid string) string {
	var ids []string
	for _, h := range v.Holders[uuid] {
		ids = append(ids, h.ID)
	}
	return strings.Join(ids, ",")
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
