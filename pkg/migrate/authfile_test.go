package migrate

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestOpenCodeAuthPath(t *testing.T) {
	for _, c := range []struct{ data, home, want string }{
		{"", "/home/u", "/home/u/.local/share/opencode/auth.json"},
		{"/data", "/home/u", "/data/opencode/auth.json"},
	} {
		if got := OpenCodeAuthPath(c.data, c.home); got != filepath.FromSlash(c.want) {
			t.Errorf("OpenCodeAuthPath(%q, %q) = %s", c.data, c.home, got)
		}
	}
}

func TestReadAuth(t *testing.T) {
	p := place(t, `{
  "openai": {"type":"oauth","refresh":"r","access":"a","expires":1.7e12,"accountId":"acct","mine":1},
  "openrouter": {"type":"api","key":"k","metadata":{"x":"y"}},
  "https://w.example": {"type":"wellknown","key":"K","token":"t"},
  "later": {"type":"passkey"}
}`)
	f, err := ReadAuth(p.AuthPath)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range f.Entries() {
		got = append(got, e.Key+"="+string(e.Type))
	}
	if s := strings.Join(got, " "); s != "openai=oauth openrouter=api https://w.example=wellknown later=other" {
		t.Errorf("entries: %s", s)
	}
	e, _ := f.Entry("openai")
	if e.Refresh != "r" || e.Access != "a" || e.Expires != 1_700_000_000_000 || e.AccountID != "acct" {
		t.Errorf("openai: %+v", e)
	}
	if string(f.Raw()) != p.content(t) || !f.Exists {
		t.Error("the content is not kept as it is")
	}
}

func TestReadAuthMissing(t *testing.T) {
	f, err := ReadAuth(filepath.Join(t.TempDir(), "no", "auth.json"))
	if err != nil || f.Exists || len(f.Entries()) != 0 || f.Raw() != nil {
		t.Errorf("%+v, %v", f, err)
	}
}

var damagedFiles = map[string]string{
	"empty":          "",
	"white space":    " \n",
	"truncated":      `{"openai":{"type":"oauth","refr`,
	"null":           "null",
	"array":          "[]",
	"text":           "hello",
	"duplicate keys": `{"a":{"type":"api","key":"1"},"a":{"type":"api","key":"2"}}`,
	"duplicates in":  `{"a":{"type":"api","key":"1","key":"2"}}`,
	"invalid UTF-8":  "{\"a\":{\"type\":\"api\",\"key\":\"\xff\"}}",
	"BOM":            "\ufeff{}",
	"two values":     "{}{}",
	"comment":        "{} // no",
}

func TestReadAuthDamaged(t *testing.T) {
	for name, content := range damagedFiles {
		t.Run(name, func(t *testing.T) {
			p := place(t, "{}")
			p.put(t, content)
			_, err := ReadAuth(p.AuthPath)
			var damaged *AuthDamagedError
			if !errors.As(err, &damaged) || damaged.Path != p.AuthPath || damaged.Reason == "" {
				t.Fatalf("error %v", err)
			}
			if !strings.Contains(damaged.Hint(), p.AuthPath) {
				t.Errorf("hint %q", damaged.Hint())
			}
		})
	}
}

// A huge file is refused without being read into memory.
func TestReadAuthHuge(t *testing.T) {
	p := place(t, "{}")
	if err := os.Truncate(p.AuthPath, 100<<20); err != nil {
		t.Fatal(err)
	}
	var damaged *AuthDamagedError
	if _, err := ReadAuth(p.AuthPath); !errors.As(err, &damaged) || !strings.Contains(damaged.Reason, "16 MiB") {
		t.Errorf("error %v", err)
	}
}

// A directory or a named pipe is an error, not a wait.
func TestReadAuthNotAFile(t *testing.T) {
	dir := t.TempDir()
	if _, err := ReadAuth(dir); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("directory: %v", err)
	}
}

// What OpenCode would ignore is of type Other.
func TestParseEntry(t *testing.T) {
	for raw, want := range map[string]EntryType{
		oauthJSON("r", "a", 1): OAuth,
		oauthJSON("", "", 0):   OAuth,
		oauthJSON("r", "a", 1, "accountId", "x", "enterpriseUrl", "u"):          OAuth,
		`{"type":"oauth","refresh":"r","access":"a"}`:                           Other,
		`{"type":"oauth","refresh":"r","expires":1}`:                            Other,
		`{"type":"oauth","access":"a","expires":1}`:                             Other,
		`{"type":"oauth","refresh":"r","access":"a","expires":"1"}`:             Other,
		`{"type":"oauth","refresh":"r","access":"a","expires":1e306}`:           Other,
		`{"type":"oauth","refresh":"r","access":"a","expires":-1}`:              Other,
		`{"type":"oauth","refresh":null,"access":"a","expires":1}`:              Other,
		`{"type":"oauth","refresh":"r","access":"a","expires":1,"accountId":7}`: Other,
		`{"type":"api","key":"k"}`:                                              API,
		`{"type":"api","key":"k","metadata":{"a":"b"}}`:                         API,
		`{"type":"api","key":"k","metadata":{"a":1}}`:                           Other,
		`{"type":"api","key":"k","metadata":{"a":null}}`:                        Other,
		`{"type":"api"}`: Other,
		`{"type":"wellknown","key":"k","token":"t"}`: WellKnown,
		`{"type":"wellknown","key":"k"}`:             Other,
		`{"type":"new"}`:                             Other,
		`{}`:                                         Other,
		`"text"`:                                     Other,
		`null`:                                       Other,
		`[1]`:                                        Other,
	} {
		if e := parseEntry("k", []byte(raw)); e.Type != want {
			t.Errorf("%s is %s, want %s", raw, e.Type, want)
		}
	}
}

// OpenCode spells things anew and drops what it does not know; that is no change.
func TestEntrySame(t *testing.T) {
	e := func(raw string) Entry { return parseEntry("k", []byte(raw)) }
	base := e(oauthJSON("r", "a", 1700000000000, "accountId", "x"))
	for raw, want := range map[string]bool{
		`{ "expires": 1.7e12, "type":"oauth", "access":"a", "refresh":"r", "accountId":"x", "extra": [1] }`: true,
		oauthJSON("r2", "a", 1700000000000, "accountId", "x"):                                               false,
		oauthJSON("r", "a2", 1700000000000, "accountId", "x"):                                               false,
		oauthJSON("r", "a", 1700000000001, "accountId", "x"):                                                false,
		oauthJSON("r", "a", 1700000000000):                                                                  false,
		`{"type":"api","key":"r"}`:                                                                          false,
	} {
		if got := base.same(e(raw)); got != want {
			t.Errorf("same as %s: %v", raw, got)
		}
	}
	if a, b := e(`{"type":"new","n":1}`), e(`{"type":"new", "n": 2}`); a.same(b) || !a.same(e(`{"type":"new",  "n":1}`)) {
		t.Error("unknown entries are compared as they are")
	}
}

func TestSettled(t *testing.T) {
	const old, fresh = `{"a":{"type":"api","key":"1"}}`, `{"a":{"type":"api","key":"2"}}`
	t.Run("old file at once", func(t *testing.T) {
		p := place(t, old)
		start := time.Now()
		seen, f, err := settled(testContext(t), p.AuthPath, time.Now)
		if err != nil || string(f.Raw()) != old {
			t.Fatal(f, err)
		}
		seen.close()
		if d := time.Since(start); d >= settlePause {
			t.Errorf("took %s", d)
		}
	})
	t.Run("fresh file twice", func(t *testing.T) {
		p := place(t, old)
		if err := os.WriteFile(p.AuthPath, []byte(fresh), 0o600); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		seen, f, err := settled(testContext(t), p.AuthPath, time.Now)
		if err != nil || string(f.Raw()) != fresh {
			t.Fatal(f, err)
		}
		seen.close()
		if d := time.Since(start); d < settlePause {
			t.Errorf("took only %s", d)
		}
	})
	t.Run("torn write is waited for", func(t *testing.T) {
		p := place(t, old)
		oc := startOpenCode(t, "{}")
		oc.begin(order{Path: p.AuthPath, Key: "a", Entry: []byte(`{"type":"api","key":"2"}`), Torn: 300 * time.Millisecond})
		eventually(t, "the write begins", func() bool { return p.content(t) != old })
		seen, f, err := settled(testContext(t), p.AuthPath, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		seen.close()
		if e, _ := f.Entry("a"); string(e.raw) != "{\n    \"type\": \"api\",\n    \"key\": \"2\"\n  }" {
			t.Errorf("saw %s", f.Raw())
		}
		oc.done()
	})
	t.Run("damaged after a second", func(t *testing.T) {
		p := place(t, `{"a"`)
		start := time.Now()
		_, _, err := settled(testContext(t), p.AuthPath, time.Now)
		var damaged *AuthDamagedError
		if !errors.As(err, &damaged) || time.Since(start) < settleDamaged {
			t.Errorf("%v after %s", err, time.Since(start))
		}
	})
	t.Run("missing at once", func(t *testing.T) {
		p := place(t, "")
		seen, f, err := settled(testContext(t), p.AuthPath, time.Now)
		if err != nil || f.Exists || seen.exists {
			t.Error(f, err)
		}
	})
}

func TestApplyKeepsEverythingElse(t *testing.T) {
	const before = "{\n\t\"b\" : {\"type\":\"api\",\"key\":\"k\", \"n\": 9007199254740993 },\n\t\"x\":  [1, 2.0e1],\n\t\"openai\": {\"type\":\"oauth\"}\n}\n"
	f := parsed(t, before)
	got, err := f.apply([]change{{"openai", compact([]byte(`{"type":"api","key":"z"}`))}})
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Replace(before, `{"type":"oauth"}`, `{"type":"api","key":"z"}`, 1); string(got.Raw()) != want {
		t.Errorf("got\n%s", got.Raw())
	}
	if got, err = got.apply([]change{{key: "openai"}}); err != nil || strings.Contains(string(got.Raw()), "openai") {
		t.Errorf("%s, %v", got.Raw(), err)
	}
	if !strings.Contains(string(got.Raw()), "\t\"b\" : {\"type\":\"api\",\"key\":\"k\", \"n\": 9007199254740993 },\n\t\"x\":  [1, 2.0e1]") {
		t.Errorf("got\n%s", got.Raw())
	}
}

func TestQuote(t *testing.T) {
	for in, want := range map[string]string{"/a/b.c": "/a/b.c", "": "''", "a b": "'a b'", "it's": `'it'\''s'`, "$(x)": "'$(x)'"} {
		if got := quote(in); got != want {
			t.Errorf("quote(%q) = %s", in, got)
		}
	}
}

func FuzzParseAuth(f *testing.F) {
	for _, content := range damagedFiles {
		f.Add([]byte(content))
	}
	f.Add([]byte(doc("openai", oauthJSON("r", "a", 1), "x", `{"type":"api","key":"k"}`, "y", `{"type":"wellknown","key":"k","token":"t"}`)))
	f.Add([]byte(`{"openai":{"type":"oauth","refresh":"\ud83d\ude00","access":"","expires":-0.0}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := parseAuth("auth.json", data)
		if err != nil {
			return
		}
		entry := oauthEntry{Type: OAuth, Refresh: "new", Access: "a", Expires: 1}
		after, err := file.apply([]change{{"kyoli-fuzz", entry}})
		if err != nil {
			t.Fatalf("a file that can be read cannot be changed: %v", err)
		}
		for _, e := range file.Entries() {
			if now, ok := after.Entry(e.Key); e.Key != "kyoli-fuzz" && (!ok || string(now.raw) != string(e.raw)) {
				t.Errorf("entry %q changed from %q to %q", e.Key, e.raw, now.raw)
			}
			if !e.same(e) {
				t.Errorf("entry %q is not the same as itself", e.Key)
			}
		}
		if given, _, err := file.exported(RunInfo{Key: "openai", Access: "secret"}); err != nil {
			t.Errorf("cannot be exported: %v", err)
		} else if e, _ := given.Entry("openai"); e.Refresh != "" || e.Access != "secret" {
			t.Errorf("exported %q", given.Raw())
		}
	})
}
