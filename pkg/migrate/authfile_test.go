package migrate

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOpenCodeAuthPath(t *testing.T) {
	t.Parallel()
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
	t.Parallel()
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
	t.Parallel()
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
	t.Parallel()
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
	t.Parallel()
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
	t.Parallel()
	dir := t.TempDir()
	if _, err := ReadAuth(dir); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("directory: %v", err)
	}
}

func TestApplyKeepsEverythingElse(t *testing.T) {
	t.Parallel()
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
