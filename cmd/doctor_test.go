package cmd

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/internal/filelock"
	"github.com/kyoli-gam/kyoli/pkg/claims"
)

func TestDoctorOptions(t *testing.T) {
	t.Parallel()
	wantOptions(t, newDoctorCmd, &doctorOptions{})
	wantOptions(t, newDoctorCmd, &doctorOptions{Fix: true}, "--fix")
	wantOptions(t, newDoctorCmd, &doctorOptions{Fix: true, Online: true}, "--fix", "--online")
	wantOptions(t, newDoctorCmd, nil, "--force")
	wantOptions(t, newDoctorCmd, nil, "extra")
}

// doctorWorld is a directory of kyoli's that is examined; its clock goes.
type doctorWorld struct{ *accountsWorld }

func newDoctorWorld(t *testing.T) *doctorWorld {
	w := newAccountsWorld(t)
	w.now = time.Now()
	return &doctorWorld{w}
}

// examine runs doctor, and returns its findings without the notes about OpenCode, which depend on the machine.
func (w *doctorWorld) examine(args ...string) (code int, found []finding) {
	w.t.Helper()
	code, stdout, stderr := w.run(append([]string{"doctor", "--json", "--lock-timeout", "200ms"}, args...)...)
	var all []finding
	if err := json.Unmarshal([]byte(stdout), &all); err != nil {
		w.t.Fatalf("%v: %s%s", err, stdout, stderr)
	}
	for _, x := range all {
		if x.ID == "" || !slices.Contains(severities, x.Severity) || x.Message == "" || x.Why == "" || x.Fix == "" {
			w.t.Errorf("an incomplete finding: %+v", x)
		}
		if x.Fixed != (x.Done != "") {
			w.t.Errorf("fixed and done differ: %+v", x)
		}
		if !strings.HasPrefix(x.ID, "opencode-") {
			found = append(found, x)
		}
	}
	return code, found
}

// said are findings as "severity id", "fixed id" for those that were mended.
func said(found []finding) []string {
	out := []string{}
	for _, x := range found {
		label, _ := x.label()
		out = append(out, label+" "+x.ID)
	}
	return out
}

func (w *doctorWorld) wants(what string, found []finding, want ...string) {
	w.t.Helper()
	if got := said(found); !slices.Equal(got, want) {
		w.t.Errorf("%s: found %q, want %q", what, got, want)
	}
}

// TestDoctorFindsAndMends: each row is one thing that is wrong, what doctor says without --fix, with it, and once more.
func TestDoctorFindsAndMends(t *testing.T) {
	t.Parallel()
	gone := "note backup-kept"
	for name, tt := range map[string]struct {
		spoil func(w *doctorWorld)
		sick  []string
		fixed []string // with --fix
		after []string // once more
	}{
		"healthy": {func(*doctorWorld) {}, nil, nil, nil},
		"no accounts": {
			func(w *doctorWorld) { w.remove(openaiFile) },
			[]string{"note no-accounts"},
			[]string{"note no-accounts"},
			[]string{"note no-accounts"},
		},
		"damaged, with a last good one": {
			func(w *doctorWorld) { w.rename(openaiFile, openaiFile+".last-good"); w.write(openaiFile, "{") },
			[]string{"error accounts-damaged"},
			[]string{"fixed accounts-damaged", gone},
			[]string{gone},
		},
		"damaged, without": {
			func(w *doctorWorld) { w.write(openaiFile, "{") },
			[]string{"error accounts-damaged"},
			[]string{"error accounts-damaged"},
			[]string{"error accounts-damaged"},
		},
		"missing, with a last good one": {
			func(w *doctorWorld) { w.rename(openaiFile, openaiFile+".last-good") },
			[]string{"warning accounts-missing", "note no-accounts"},
			[]string{"warning accounts-missing", "note no-accounts"},
			[]string{"warning accounts-missing", "note no-accounts"},
		},
		"a later version": {
			func(w *doctorWorld) { w.replace(openaiFile, `"version":1`, `"version":2`) },
			[]string{"warning accounts-version"},
			[]string{"warning accounts-version"},
			[]string{"warning accounts-version"},
		},
		"a damaged last good one": {
			func(w *doctorWorld) { w.write(openaiFile+".last-good", "{") },
			[]string{"warning last-good-damaged"},
			[]string{"fixed last-good-damaged", gone},
			[]string{gone},
		},
		"one uuid twice": {
			func(w *doctorWorld) {
				w.fill(openaiFile, w.entry("a", nil), w.entry("b", fields{"uuid": "uuid-a", "lastUsed": 1}))
			},
			[]string{"warning uuid-duplicate"},
			[]string{"fixed uuid-duplicate", gone, "note journal-spare"},
			[]string{"note journal-spare", gone},
		},
		"one token twice": {
			func(w *doctorWorld) {
				w.fill(openaiFile, w.entry("a", nil), w.entry("b", fields{"refreshToken": "rt-secret-a"}))
			},
			[]string{"warning token-shared"},
			[]string{"warning token-shared"},
			[]string{"warning token-shared"},
		},
		"logins that have ended": {
			func(w *doctorWorld) {
				w.fill(openaiFile, w.entry("a", fields{"isAuthDisabled": true}), w.entry("b", fields{"refreshToken": ""}),
					w.entry("c", fields{"isAuthDisabled": true, "enabled": false}))
			},
			[]string{"warning login-needed", "warning login-needed"},
			[]string{"warning login-needed", "warning login-needed"},
			[]string{"warning login-needed", "warning login-needed"},
		},
		"dead claims": {
			func(w *doctorWorld) {
				w.write("openai-multi-account-claims.json", `{"uuid-a":{"pid":99999999,"at":1}}`)
			},
			[]string{"warning claims-dead"},
			[]string{"fixed claims-dead"},
			nil,
		},
		"damaged claims": {
			func(w *doctorWorld) { w.write("openai-multi-account-claims.kyoli.json", "{") },
			[]string{"warning claims-damaged"},
			[]string{"fixed claims-damaged"},
			nil,
		},
		"claims of a later version": {
			func(w *doctorWorld) { w.write("openai-multi-account-claims.kyoli.json", `{"version":2}`) },
			[]string{"error claims-version"},
			[]string{"error claims-version"},
			[]string{"error claims-version"},
		},
		"a plugin": {
			func(w *doctorWorld) {
				at, _ := json.Marshal(fields{"uuid-a": fields{"pid": os.Getpid(), "at": w.ms(0)}})
				w.write("openai-multi-account-claims.json", string(at))
			},
			[]string{"note plugin-active"},
			[]string{"note plugin-active"},
			[]string{"note plugin-active"},
		},
		"left behind": {
			func(w *doctorWorld) {
				w.write(".x.kyoli-99999999-0a", "")
				w.mkdir(openaiFile + ".lock")
				w.age(".x.kyoli-99999999-0a", openaiFile+".lock")
			},
			[]string{"warning lock-left", "warning temp-left"},
			[]string{"fixed lock-left", "fixed temp-left"},
			nil,
		},
		"a fresh lock of another program": {
			func(w *doctorWorld) { w.mkdir(openaiFile + ".lock") },
			[]string{"note plugin-lock"},
			[]string{"note plugin-lock"},
			[]string{"note plugin-lock"},
		},
		"no lock at all": {
			func(w *doctorWorld) { w.write(openaiFile+".lock", "") },
			[]string{"error lock-alien"},
			[]string{"error lock-alien"},
			[]string{"error lock-alien"},
		},
		"settings": {
			func(w *doctorWorld) { w.write("kyoli.yaml", "debug: 1"); w.write("codex-multiauth.json", "{") },
			[]string{"error settings-invalid"},
			[]string{"error settings-invalid"},
			[]string{"error settings-invalid"},
		},
		"a plugin's settings": {
			func(w *doctorWorld) { w.write("codex-multiauth.json", "{") },
			[]string{"error settings-invalid"},
			[]string{"error settings-invalid"},
			[]string{"error settings-invalid"},
		},
		"damaged pools": {
			func(w *doctorWorld) { w.write("multiauth-pools.json", "{") },
			[]string{"error pools-damaged"},
			[]string{"error pools-damaged"},
			[]string{"error pools-damaged"},
		},
		"pools with unknown members": {
			func(w *doctorWorld) {
				w.write("multiauth-pools.json", `{"pools":[{"name":"p","baseProvider":"openai","members":["uuid-a","uuid-x"],"enabled":true}],"chains":[]}`)
			},
			[]string{"warning pools-unknown"},
			[]string{"warning pools-unknown"},
			[]string{"warning pools-unknown"},
		},
		"a plugin that OpenCode loads": {
			func(w *doctorWorld) {
				w.write("opencode.json", `{"plugin":["x",["opencode-codex-multi-account",{}],],}`)
			},
			[]string{"note plugin-configured"},
			[]string{"note plugin-configured"},
			[]string{"note plugin-configured"},
		},
		"auth.json": {
			func(w *doctorWorld) {
				w.auth(`{"openai":{"type":"oauth","refresh":"rt-other","access":"x","expires":1},"anthropic":{"type":"api","key":"k"}}`)
			},
			[]string{"note authjson-foreign"},
			[]string{"note authjson-foreign"},
			[]string{"note authjson-foreign"},
		},
		"an account file without an adapter": {
			func(w *doctorWorld) { w.write("acme-multi-account-accounts.json", "{") },
			[]string{"error accounts-damaged"},
			[]string{"error accounts-damaged"},
			[]string{"error accounts-damaged"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newDoctorWorld(t)
			w.fill(openaiFile, w.entry("a", nil))
			tt.spoil(w)
			before := w.tree()
			code, found := w.examine()
			w.wants("without --fix", found, tt.sick...)
			if d := cmp.Diff(before, w.tree()); d != "" {
				t.Errorf("looking changed something:\n%s", d)
			}
			if sick := slices.ContainsFunc(found, func(x finding) bool { return x.Severity != severityNote }); sick != (code == exitGeneral) || !sick && code != exitOK {
				t.Errorf("exit %d for %q", code, said(found))
			}
			_, found = w.examine("--fix")
			w.wants("with --fix", sortedFindings(found), sortedWords(tt.fixed)...)
			after := w.tree()
			_, found = w.examine("--fix")
			w.wants("once more", sortedFindings(found), sortedWords(tt.after)...)
			if d := cmp.Diff(after, w.tree()); d != "" {
				t.Errorf("the second run changed something:\n%s", d)
			}
		})
	}
}

func sortedFindings(found []finding) []finding {
	slices.SortStableFunc(found, func(a, b finding) int { return strings.Compare(said([]finding{a})[0], said([]finding{b})[0]) })
	return found
}

func sortedWords(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return list
}

func (w *doctorWorld) check(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *doctorWorld) remove(name string)     { w.check(os.Remove(w.path(name))) }
func (w *doctorWorld) rename(from, to string) { w.check(os.Rename(w.path(from), w.path(to))) }
func (w *doctorWorld) mkdir(name string)      { w.check(os.Mkdir(w.path(name), 0o700)) }

func (w *doctorWorld) replace(name, old, now string) {
	w.write(name, strings.Replace(w.read(name), old, now, 1))
}

func (w *doctorWorld) age(names ...string) {
	old := w.now.Add(-2 * time.Hour)
	for _, name := range names {
		w.check(os.Chtimes(w.path(name), old, old))
	}
}

func (w *doctorWorld) auth(content string) {
	dir := w.path(".local/share/opencode")
	w.check(os.MkdirAll(dir, 0o700))
	w.check(os.WriteFile(filepath.Join(dir, "auth.json"), []byte(content), 0o600))
}

// tree is all files with their content and permissions, and the directories; locks' own files aside.
func (w *doctorWorld) tree() map[string]string {
	tree := map[string]string{}
	w.check(filepath.WalkDir(w.dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || strings.HasSuffix(path, ".flock") || strings.HasSuffix(path, ".owner") {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		text := info.Mode().String()
		if info.Mode().IsRegular() {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			text += " " + string(content)
		}
		tree[path] = text
		return nil
	}))
	return tree
}

func TestDoctorAndModes(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no modes")
	}
	w := newDoctorWorld(t)
	w.fill(openaiFile, w.entry("a", nil))
	w.write(openaiFile+".last-good", w.read(openaiFile))
	w.write("multiauth-pools.json", `{"pools":[],"chains":[]}`)
	w.auth("{}")
	for name, mode := range map[string]os.FileMode{
		openaiFile: 0o644, openaiFile + ".last-good": 0o620, "multiauth-pools.json": 0o666, ".local/share/opencode/auth.json": 0o604, ".": 0o777,
	} {
		w.check(os.Chmod(w.path(name), mode))
	}
	code, found := w.examine()
	w.wants("found", found, "error mode-loose", "warning mode-loose", "warning mode-loose", "warning mode-loose", "warning mode-loose")
	if code != exitGeneral {
		t.Errorf("exit %d", code)
	}
	code, found = w.examine("--fix")
	w.wants("mended", found, slices.Repeat([]string{"fixed mode-loose"}, 5)...)
	for _, name := range []string{openaiFile, openaiFile + ".last-good", "multiauth-pools.json", ".local/share/opencode/auth.json"} {
		if info, err := os.Stat(w.path(name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	if info, err := os.Stat(w.dir); err != nil || info.Mode().Perm() != 0o775 || code != exitOK {
		t.Errorf("the directory: %v, %v, exit %d", info.Mode(), err, code)
	}
	// What holds no token may be read, not written.
	w.check(os.Chmod(w.path("multiauth-pools.json"), 0o644))
	_, found = w.examine()
	w.wants("readable pools", found)
}

// What a living process holds is left alone, after a short wait.
func TestDoctorLeavesTheLivingAlone(t *testing.T) {
	t.Parallel()
	w := newDoctorWorld(t)
	w.fill(openaiFile, w.entry("a", nil))
	w.rename(openaiFile, openaiFile+".last-good")
	w.write(openaiFile, "{")
	lock, err := filelock.Acquire(t.Context(), w.path(openaiFile), filelock.Options{PluginDir: true})
	w.check(err)
	defer lock.Release() //nolint:errcheck // the test is over
	w.claim("uuid-a", claims.Holder{ID: "living", Command: "x"})
	before := w.tree()
	code, found := w.examine("--fix")
	w.wants("locked", found, "error accounts-damaged", "note lock-held")
	if code != exitGeneral || !strings.Contains(found[0].Message, "could not be mended") || !strings.Contains(found[0].Message, "locked") {
		t.Errorf("exit %d, %s", code, found[0].Message)
	}
	if d := cmp.Diff(before, w.tree()); d != "" {
		t.Errorf("something was changed:\n%s", d)
	}
}
