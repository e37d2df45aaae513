package migrate

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// world is a model of OpenCodes around one auth.json: what each of them reads,
// and what should come of their writes if none of them clobbered anything.
type world struct {
	mem   *memory
	file  map[string]string // what auth.json holds
	ideal map[string]string // what it should hold
	runs  []modelRun
	next  int
}

type modelRun struct {
	given  map[string]string // what OPENCODE_AUTH_CONTENT holds
	chosen string
}

func (w *world) token(prefix string) string { w.next++; return fmt.Sprintf("%s%d", prefix, w.next) }

var modelKeys = []string{"openai", "anthropic", "acme", "github-copilot", "openrouter", "groq"}

// login is a new entry for key: API keys for the last two.
func (w *world) login(key string) string {
	if key == "openrouter" || key == "groq" {
		return fmt.Sprintf(`{"type":"api","key":%q}`, w.token("k"))
	}
	return oauthJSON(w.token("r"), w.token("a"), int64(1000+w.next))
}

func render(m map[string]string) string {
	var list []string
	for _, key := range slices.Sorted(maps.Keys(m)) {
		list = append(list, key, m[key])
	}
	return doc(list...)
}

// heal is what the vault does when it sees the file.
func (w *world) heal(t *rapid.T) {
	seen, err := parseAuth("auth.json", []byte(render(w.file)))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.mem.fold(seen, w.mem.truth); err != nil {
		t.Fatal(err)
	}
	w.file = map[string]string{}
	for _, e := range w.mem.truth.entries {
		w.file[e.Key] = string(compact(e.raw))
	}
}

func (w *world) begin(t *rapid.T, chosen string) {
	given, _, err := w.mem.truth.exported(RunInfo{Key: chosen, Access: storeSecret(w.token("x")), Expires: 99})
	if err != nil {
		t.Fatal(err)
	}
	w.mem.exports = append(w.mem.exports, given)
	run := modelRun{given: map[string]string{}, chosen: chosen}
	for _, e := range given.entries {
		run.given[e.Key] = string(compact(e.raw))
	}
	w.runs = append(w.runs, run)
}

// TestFoldKeepsEveryLogin lets OpenCodes with and without the variable log in,
// log out and renew, in any order, with the vault looking after each write:
// the file has to end as if none of them had clobbered anything. Only a logout
// may be undone, and only where nothing tells whether it was one, or the
// write of a run that never had that login.
func TestFoldKeepsEveryLogin(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := &world{mem: &memory{truth: &AuthFile{Exists: true, data: []byte("{}")}, lineage: lineage{}}, ideal: map[string]string{}}
		for _, key := range rapid.SliceOfDistinct(rapid.SampledFrom(modelKeys), rapid.ID[string]).Draw(t, "logins") {
			w.ideal[key] = w.login(key)
		}
		w.file = maps.Clone(w.ideal)
		w.mem.truth, _ = parseAuth("auth.json", []byte(render(w.file)))
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			loggedOut := w.step(t)
			ambiguous := w.couldMiss(loggedOut)
			w.heal(t)
			if entry, back := w.file[loggedOut]; back && ambiguous {
				w.ideal[loggedOut] = entry
			}
			if got, want := render(w.file), render(w.ideal); got != want {
				t.Fatalf("auth.json is\n%s\nwant\n%s", got, want)
			}
		}
	})
}

// step lets somebody do something, and returns what was logged out of.
func (w *world) step(t *rapid.T) string {
	key := rapid.SampledFrom(modelKeys).Draw(t, "key")
	op := rapid.SampledFrom([]string{"begin", "plain login", "plain logout", "run login", "run logout", "kyoli"}).Draw(t, "op")
	var run modelRun
	if len(w.runs) > 0 {
		run = rapid.SampledFrom(w.runs).Draw(t, "run")
	} else if op == "run login" || op == "run logout" {
		op = "begin"
	}
	switch op {
	case "begin":
		w.begin(t, rapid.SampledFrom(modelKeys[:3]).Draw(t, "chosen"))
	case "plain login":
		e := w.login(key)
		w.file[key], w.ideal[key] = e, e
	case "plain logout":
		delete(w.file, key)
		delete(w.ideal, key)
		return key
	case "run login":
		e := w.login(key)
		w.file = maps.Clone(run.given)
		w.file[key], w.ideal[key] = e, e
	case "run logout":
		w.file = maps.Clone(run.given)
		delete(w.file, key)
		if _, had := run.given[key]; had {
			delete(w.ideal, key)
			return key
		}
	case "kyoli":
		e := w.login(key)
		if err := w.mem.set([]change{{key, compact([]byte(e))}}); err != nil {
			t.Fatal(err)
		}
		w.file[key], w.ideal[key] = e, e
	}
	return ""
}

// couldMiss tells whether the file can also be the one write of a run that
// never had the login.
func (w *world) couldMiss(key string) bool {
	return slices.ContainsFunc(w.runs, func(r modelRun) bool {
		if _, had := r.given[key]; had {
			return false
		}
		differ := 0
		for _, k := range modelKeys {
			if w.file[k] != r.given[k] {
				differ++
			}
		}
		return differ <= 1
	})
}
