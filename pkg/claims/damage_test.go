package claims

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var damaged = map[string]string{
	"not JSON":          `hello`,
	"cut off":           `{"version":1,"holders":{"a":[{"id":"s1","pi`,
	"null":              `null`,
	"an array":          `[]`,
	"a string":          `"x"`,
	"a name twice":      `{"version":1,"version":1}`,
	"two values":        `{} {}`,
	"byte order mark":   "\xef\xbb\xbf{}",
	"not UTF-8":         "{\"x\":\"\xff\"}",
	"very deep":         `{"x":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`,
	"bad number":        `{"x":01}`,
	"larger than 16 MB": `{"x":"` + strings.Repeat("y", 17<<20) + `"}`,
}

// mistyped are damaged for kyoli's file only: the plugin's has no such members.
var mistyped = map[string]string{
	"version a string":     `{"version":"1"}`,
	"version 0":            `{"version":0}`,
	"holders an array":     `{"version":1,"holders":[]}`,
	"a holder a number":    `{"version":1,"holders":{"a":[7]}}`,
	"a holder null":        `{"version":1,"holders":{"a":[null]}}`,
	"a holder without id":  `{"version":1,"holders":{"a":[{"pid":5}]}}`,
	"a holder without pid": `{"version":1,"holders":{"a":[{"id":"x"}]}}`,
	"a pid too large":      `{"version":1,"holders":{"a":[{"id":"x","pid":1e300}]}}`,
	"a time a string":      `{"version":1,"holders":{"a":[{"id":"x","pid":5,"seen":"now"}]}}`,
	"a time null":          `{"version":1,"last429":{"a":[]}}`,
	"a ticket null":        `{"version":1,"tickets":[null]}`,
	"a ticket without id":  `{"version":1,"tickets":[{"pid":1}]}`,
	"a binding null":       `{"version":1,"sticky":{"k":null}}`,
	"a cursor a number":    `{"version":1,"cursor":3}`,
}

func TestDamagedFileIsSetAside(t *testing.T) {
	for _, file := range []string{".kyoli.json", ".json"} {
		cases := map[string]string{}
		for name, text := range damaged {
			cases[name] = text
		}
		if file == ".kyoli.json" {
			for name, text := range mistyped {
				cases[name] = text
			}
		}
		for name, text := range cases {
			t.Run(file+" "+name, func(t *testing.T) { testSetAside(t, file, text) })
		}
	}
}

func testSetAside(t *testing.T, file, text string) {
	w := newWorld(t)
	w.write(file, text)
	must(t, os.Chmod(w.path(file), 0o644))

	v := w.view(99)
	if len(v.Notes) != 1 || v.Notes[0].File != w.path(file) || len(v.Holders) != 0 {
		t.Errorf("looking at it: %+v", v)
	}
	if w.read(file) != text {
		t.Fatal("looking at it changed it")
	}
	w.claim(10, "a")
	if who(w.view(99), "a") != "s10" || w.plugin()["a"].PID != 10 {
		t.Errorf("the claim is not there: %v, %v", w.view(99).Holders, w.plugin())
	}
	kept, err := filepath.Glob(w.path(file) + ".damaged-*")
	must(t, err)
	if len(kept) != 1 {
		t.Fatalf("kept: %v", kept)
	}
	b, err := os.ReadFile(kept[0])
	must(t, err)
	if string(b) != text {
		t.Error("what was kept is not what was there")
	}
	if fi, _ := os.Stat(kept[0]); fi.Mode().Perm() != 0o600 && runtime.GOOS != "windows" {
		t.Errorf("it is kept as %v", fi.Mode())
	}
	if len(w.notes) != 1 || !strings.Contains(w.notes[0].Text, kept[0]) || strings.Contains(w.notes[0].Text, "s1\"") {
		t.Errorf("notes %+v", w.notes)
	}
	w.write(file, text) // the same again is not kept twice
	w.claim(11, "b")
	if again, _ := filepath.Glob(w.path(file) + ".damaged-*"); len(again) != 1 {
		t.Errorf("kept: %v", again)
	}
}

func TestEmptyFileIsNoDamage(t *testing.T) {
	for name, text := range map[string]string{"empty": "", "blank": " \n", "as a power cut leaves it": "\x00\x00\x00"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.write(".kyoli.json", text)
			w.write(".json", text)
			if v := w.view(99); len(v.Notes) != 0 {
				t.Errorf("notes %v", v.Notes)
			}
			w.claim(10, "a")
			if len(w.notes) != 0 || who(w.view(99), "a") != "s10" {
				t.Errorf("notes %v, holders %v", w.notes, w.view(99).Holders)
			}
		})
	}
}

func TestLaterVersionIsNotTouched(t *testing.T) {
	w := newWorld(t)
	const text = `{"version":2,"holders":{}}`
	w.write(".kyoli.json", text)
	_, err := w.store(10).Select(bg, session(10), pick("a"))
	v, ok := errors.AsType[*VersionError](err)
	if !ok || v.Version != 2 || v.Path != w.path(".kyoli.json") || v.Hint() == "" {
		t.Errorf("err = %v", err)
	}
	if w.read(".kyoli.json") != text {
		t.Error("it was written over")
	}
}

func TestUnreadableFile(t *testing.T) {
	w := newWorld(t)
	must(t, os.Mkdir(w.path(".kyoli.json"), 0o700))
	_, err := w.store(10).Select(bg, session(10), pick("a"))
	if err == nil || !strings.Contains(err.Error(), w.path(".kyoli.json")) {
		t.Errorf("err = %v", err)
	}
}

func TestMissingDirectoryIsMade(t *testing.T) {
	w := newWorld(t)
	w.dir = filepath.Join(w.dir, "config", "opencode")
	w.claim(10, "a")
	fi, err := os.Stat(w.dir)
	must(t, err)
	if fi.Mode().Perm() != 0o700 && runtime.GOOS != "windows" {
		t.Errorf("it is %v", fi.Mode())
	}
}

func TestSymlinkedFilesStay(t *testing.T) {
	w := newWorld(t)
	real := t.TempDir()
	for _, name := range []string{".json", ".kyoli.json"} {
		to := filepath.Join(real, "claims"+name)
		must(t, os.WriteFile(to, []byte("{}"), 0o600))
		if err := os.Symlink(to, w.path(name)); err != nil {
			t.Skip(err)
		}
	}
	w.write(".kyoli.json", "damaged")
	w.claim(10, "a")
	for _, name := range []string{".json", ".kyoli.json"} {
		fi, err := os.Lstat(w.path(name))
		must(t, err)
		if fi.Mode()&os.ModeSymlink == 0 {
			t.Errorf("%s is no link any more", name)
		}
		b, err := os.ReadFile(filepath.Join(real, "claims"+name))
		must(t, err)
		if !strings.Contains(string(b), `"a"`) {
			t.Errorf("%s: the claim is not in the linked file: %s", name, b)
		}
	}
	if len(w.notes) != 1 {
		t.Errorf("notes %v", w.notes)
	}
}

func TestUnknownMembersSurvive(t *testing.T) {
	w := newWorld(t)
	w.write(".kyoli.json", `{
  "version": 1,
  "future": {"n": 12345678901234567890, "f": 1.50, "s": "\u00e9"},
  "holders": {"a": [{"id": "s10", "pid": 10, "startTime": "100", "bootId": "boot1", "pidNs": "ns1",
    "host": "host1", "command": "x", "since": 1, "seen": 1.7e12, "exclusive": false, "why": [1.0]}]},
  "tickets": [{"id": "s11", "pid": 11, "startTime": "100", "bootId": "boot1", "pidNs": "ns1",
    "host": "host1", "since": 1, "seen": 1760000000000, "wants": ["q"], "mood": 2.0}],
  "cursor": {"uuid": "a", "index": 1, "speed": 3.0},
  "sticky": {"k": {"uuid": "a", "at": 1760000000000, "by": 4.0}}
}`)
	w.pass(time.Second)
	w.claim(10, "a")
	_, err := w.store(12).Select(bg, session(12), func(View) (Choice, error) {
		return Choice{UUID: "b", Cursor: &Cursor{UUID: "b"}, StickyKey: "k"}, nil
	})
	must(t, err)
	s := strings.Join(strings.Fields(w.read(".kyoli.json")), " ")
	for _, want := range []string{
		`"n": 12345678901234567890`, `"f": 1.50`, `"s": "\u00e9"`, `"why": [ 1.0 ]`,
		`"mood": 2.0`, `"speed": 3.0`, `"by": 4.0`, `"since": 1,`,
	} {
		if !strings.Contains(s, want) {
			t.Errorf("%s is gone: %s", want, s)
		}
	}
}

// TestFormat holds the file against what is written down for other programs.
func TestFormat(t *testing.T) {
	w := newWorld(t)
	h := session(10)
	h.Exclusive = true
	_, err := w.store(10).Select(bg, h, pick("a"))
	must(t, err)
	const want = `{
  "version": 1,
  "holders": {
    "a": [
      {
        "id": "s10",
        "pid": 10,
        "startTime": "100",
        "bootId": "boot1",
        "pidNs": "ns1",
        "host": "host1",
        "command": "opencode",
        "since": 1760000000000,
        "seen": 1760000000000,
        "exclusive": true
      }
    ]
  }
}
`
	if d := cmp.Diff(want, w.read(".kyoli.json")); d != "" {
		t.Error(d)
	}
	const plugin = `{
  "a": {
    "pid": 10,
    "at": 1760000000000
  }
}`
	if d := cmp.Diff(plugin, w.read(".json")); d != "" {
		t.Error(d)
	}
}

func TestPaths(t *testing.T) {
	for in, want := range map[string][2]string{
		"/c/openai-multi-account-accounts.json": {"/c/openai-multi-account-claims.json", "/c/openai-multi-account-claims.kyoli.json"},
		"/c/acme.json":                          {"/c/acme-claims.json", "/c/acme-claims.kyoli.json"},
		"acme":                                  {"acme-claims.json", "acme-claims.kyoli.json"},
	} {
		s := Open(filepath.FromSlash(in), Options{})
		if got := [2]string{filepath.ToSlash(s.PluginPath()), filepath.ToSlash(s.Path())}; got != want {
			t.Errorf("%s: %v", in, got)
		}
	}
}

func TestMillis(t *testing.T) {
	for in, want := range map[string]Millis{
		"1760000000000": 1_760_000_000_000, "1.7e12": 1_700_000_000_000, "1.5": 1, "-5": -5, "0": 0,
		"1e306": maxMillis, "-1e306": -maxMillis, "9223372036854775807": maxMillis, "1e999": maxMillis,
	} {
		var m Millis
		if err := m.UnmarshalJSON([]byte(in)); err != nil || m != want {
			t.Errorf("%s = %d (%v), want %d", in, m, err, want)
		}
	}
	for _, in := range []string{`"5"`, "null", "true", "[]", "NaN", "Inf", "0x1p3", "1_000", "+5"} {
		var m Millis
		if err := m.UnmarshalJSON([]byte(in)); err == nil {
			t.Errorf("%s = %d", in, m)
		}
	}
	if !Millis(0).Time().IsZero() || MillisOf(time.Time{}) != 0 {
		t.Error("0 is not never")
	}
	if d := Millis(maxMillis).since(-maxMillis); d <= 0 {
		t.Errorf("a difference overflows: %v", d)
	}
}
