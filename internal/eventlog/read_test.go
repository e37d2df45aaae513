package eventlog

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const good = `{"time":"2026-05-01T12:00:00.001Z","event":"selected","reason":"`

func TestParse(t *testing.T) {
	for name, tt := range map[string]struct {
		line   string
		reason string
		bad    bool
		torn   bool
	}{
		"whole":                 {line: good + `a"}`, reason: "a"},
		"other zone, no millis": {line: `{"time":"2026-05-01T14:00:00+02:00","event":"x","reason":"a"}`, reason: "a"},
		"behind a torn one":     {line: good[:40] + good + `a"}`, reason: "a", torn: true},
		"behind two":            {line: good + good[:40] + good + `a"}`, reason: "a", torn: true},
		"looks like one inside": {line: good + `{\"time\":\"2026"}`, reason: `{"time":"2026`},
		"torn":                  {line: good + `a`, bad: true},
		"empty object":          {line: `{}`, bad: true},
		"no event":              {line: `{"time":"2026-05-01T12:00:00Z"}`, bad: true},
		"no time":               {line: `{"event":"x"}`, bad: true},
		"time is a number":      {line: `{"time":1,"event":"x"}`, bad: true},
		"time is nonsense":      {line: `{"time":"yesterday","event":"x"}`, bad: true},
		"wrong type":            {line: `{"time":"2026-05-01T12:00:00Z","event":7}`, bad: true},
		"twice the same name":   {line: `{"time":"2026-05-01T12:00:00Z","event":"x","event":"y"}`, bad: true},
		"array":                 {line: `[1]`, bad: true},
		"null":                  {line: `null`, bad: true},
		"text":                  {line: `hello`, bad: true},
		"not UTF-8":             {line: good + "\xff\"}", bad: true},
		"too long":              {line: "", bad: true},
	} {
		t.Run(name, func(t *testing.T) {
			e, torn, err := Parse([]byte(tt.line))
			if (err != nil) != tt.bad || torn != tt.torn || e.Reason != tt.reason {
				t.Errorf("%+v, torn %v, %v", e, torn, err)
			}
		})
	}
}

func TestUnknownMembersAreKept(t *testing.T) {
	line := good + `a","newer":{"x":[1,2]}}`
	e, _, err := Parse([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	got, err := e.JSON()
	if d := cmp.Diff(line, string(got)); d != "" || err != nil {
		t.Error(d, err)
	}
}

func TestForeignLinesAreCounted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.jsonl")
	content := "hello\n\n" + good + "a\"}\n\r\n" + strings.Repeat("x", 3*maxLine) + "\n" + good + "b\"}\r\n" + good[:30] + "\n" + good + `c"}`
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	all, skipped := readAll(t, path)
	var reasons []string
	for _, e := range all {
		reasons = append(reasons, e.Reason)
	}
	if d := cmp.Diff([]string{"a", "b", "c"}, reasons); d != "" || skipped != 3 {
		t.Errorf("%s, %d skipped", d, skipped)
	}
}

func TestNoLogIsEmpty(t *testing.T) {
	all, skipped := readAll(t, filepath.Join(t.TempDir(), "no", "events.jsonl"))
	if len(all) != 0 || skipped != 0 {
		t.Errorf("%v, %d", all, skipped)
	}
	if err := NewReader(t.TempDir(), nil).Read(); !errors.Is(err, errNotRegular) {
		t.Errorf("a directory: %v", err)
	}
}

func TestReaderEndsWithItsFunction(t *testing.T) {
	path, l := logAt(t)
	l.Append(Event{Kind: Selected})
	l.Append(Event{Kind: Selected})
	enough := errors.New("enough")
	n := 0
	if err := NewReader(path, func(Event) error { n++; return enough }).Read(); !errors.Is(err, enough) || n != 1 {
		t.Errorf("%v after %d", err, n)
	}
}

// What is read can be written, and is the same when it is read again. Nothing makes it panic.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		good + `a"}`, good + good + `a"}`, good + `a`, `{}`, `null`, "hello", good + `a","newer":{"x":[1]}}`,
		`{"time":"2026-05-01T14:00:00+02:00","event":"x","pid":-1,"holderPid":1e2}`,
		`{"time":"9999-12-31T23:59:60Z","event":"x"}`, good + "\xff\"}", good + `\ud800"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		e, _, err := Parse(line)
		if err != nil {
			return
		}
		if e.Kind == "" || e.Time.IsZero() {
			t.Fatalf("%+v is no event", e)
		}
		b, err := e.JSON()
		if err != nil {
			t.Fatal(err)
		}
		again, torn, err := Parse(b)
		if err != nil || torn {
			t.Fatalf("%q: %v", b, err)
		}
		c, err := again.JSON()
		if d := cmp.Diff(string(b), string(c)); d != "" || err != nil {
			t.Error(d, err)
		}
		e.tidy()
		if b, err = e.JSON(); err != nil || len(b) > maxLine || strings.Contains(string(b), "\n") {
			t.Fatalf("a line of %d bytes (%v)", len(b), err)
		}
	})
}

// Lines come out the same, in whatever pieces they are read.
func FuzzLines(f *testing.F) {
	f.Add([]byte("a\nb\n\n c \r\nd"), 3)
	f.Add([]byte(strings.Repeat("x", maxLine+10)+"\ny\n"), 1000)
	f.Fuzz(func(t *testing.T, content []byte, piece int) {
		if piece <= 0 {
			return
		}
		split := func(piece int) (got []string) {
			l := &lines{}
			take := func(b []byte) error { got = append(got, string(b)); return nil }
			for rest := content; len(rest) > 0; {
				n := min(piece, len(rest))
				_ = l.split(rest[:n], take)
				rest = rest[n:]
			}
			_ = l.flush(take)
			return got
		}
		if d := cmp.Diff(split(len(content)+1), split(piece)); d != "" {
			t.Error(d)
		}
	})
}
