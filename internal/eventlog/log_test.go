package eventlog

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLineIsAsDocumented(t *testing.T) {
	path, l := logAt(t)
	l.Append(Event{
		Kind: Refreshed, Provider: "openai", UUID: "u-1", Account: "work", Reason: "due",
		Parent: "aa", Token: "bb", PID: 7,
	})
	l.Append(Event{Kind: Claimed, PID: 7, Session: "s", HolderPID: 8, Program: "opencode", Command: "exec"})
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"time":"2026-05-01T12:00:00.001Z","pid":7,"command":"refresh","event":"refreshed","provider":"openai",` +
		`"uuid":"u-1","account":"work","reason":"due","parent":"aa","token":"bb"}` + "\n" +
		`{"time":"2026-05-01T12:00:00.001Z","pid":7,"command":"exec","event":"claimed","session":"s","holderPid":8,"program":"opencode"}` + "\n"
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Error(d)
	}
	if !strings.HasPrefix(want, begin) {
		t.Errorf("lines do not begin with %s", begin)
	}
}

func TestFilesArePrivate(t *testing.T) {
	path, l := logAt(t)
	l.Append(Event{Kind: Selected})
	for name, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		info, err := os.Stat(name)
		if err != nil || hasModes && info.Mode().Perm() != want {
			t.Errorf("%s: %v (%v), want %v", name, info.Mode(), err, want)
		}
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	l.Append(Event{Kind: Selected})
	if info, _ := os.Stat(path); hasModes && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v stayed", info.Mode())
	}
}

func TestFieldsAreHarmlessAndBounded(t *testing.T) {
	path, l := logAt(t)
	long := strings.Repeat("ж\x1b[31m\u202e\xff\n", 10_000)
	l.Append(Event{
		Kind: Failed, Command: long, Provider: long, UUID: long, Account: long, Reason: long,
		Session: long, Program: long, Parent: long, Token: long,
	})
	b, err := os.ReadFile(path)
	if err != nil || len(b) > maxLine/2 || strings.Count(string(b), "\n") != 1 || strings.ContainsAny(string(b), "\x1b\u202e") ||
		strings.Contains(string(b), `\u00`) {
		t.Errorf("%d bytes (%v): %.300q", len(b), err, b)
	}
	if all, skipped := readAll(t, path); len(all) != 1 || skipped != 0 {
		t.Errorf("%d read, %d skipped", len(all), skipped)
	}
}

// Many processes at once, and rotations between: every line is whole and none is lost.
func TestManyProcesses(t *testing.T) {
	const writers, lines = 16, 200
	for _, tt := range []struct {
		name    string
		size    int64
		rotated bool
	}{
		{"one file", MaxSize, false},
		// All lines are together about 700 kB, so that one rotation falls into their midst.
		{"one rotation", 450_000, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "events.jsonl")
			release, wait := startWriters(t, path, tt.size, writers, lines)
			release()
			wait()
			all, skipped := readAll(t, path)
			if skipped != 0 {
				t.Errorf("%d lines are torn", skipped)
			}
			next := map[string]int{}
			for _, e := range all {
				var i int
				if _, err := fmt.Sscanf(e.Reason, "line %d", &i); err != nil {
					t.Fatal(err)
				}
				if i != next[e.Account] {
					t.Fatalf("%s: line %d after line %d", e.Account, i, next[e.Account]-1)
				}
				next[e.Account]++
			}
			for i := range writers {
				if name := fmt.Sprint("writer", i); next[name] != lines {
					t.Errorf("%s: %d lines", name, next[name])
				}
			}
			if _, err := os.Stat(path + ".1"); (err == nil) != tt.rotated {
				t.Errorf("rotated: %v", err == nil)
			}
		})
	}
}

// Where more is written than two logs hold, the newest lines stay. Rotation waits for nobody, so that
// more lines get in while one process is about to; where nobody is, the logs are as large as they should be.
func TestManyRotationsKeepTheNewest(t *testing.T) {
	const writers, lines, size = 8, 200, 20_000
	path := filepath.Join(t.TempDir(), "events.jsonl")
	release, wait := startWriters(t, path, size, writers, lines)
	release()
	wait()
	all, skipped := readAll(t, path)
	if skipped != 0 {
		t.Errorf("%d lines are torn", skipped)
	}
	if len(all) < size/300 {
		t.Errorf("only %d lines are left", len(all))
	}
	l := Open(Options{Path: path, MaxSize: size, OnError: func(err error) { t.Error(err) }})
	for i := range 2 * size / 100 {
		l.Append(Event{Kind: Selected, Reason: fmt.Sprint("last ", i)})
	}
	for _, name := range []string{path, path + ".1"} {
		info, err := os.Stat(name)
		if err != nil || info.Size() > size {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	if all, _ = readAll(t, path); all[len(all)-1].Reason != fmt.Sprint("last ", 2*size/100-1) {
		t.Errorf("the last is %+v", all[len(all)-1])
	}
}

// A line whose file was rotated away twice since it was opened is written again.
func TestLineIntoARemovedFile(t *testing.T) {
	path, l := logAt(t)
	l.Append(Event{Kind: Selected, Reason: "first"})
	f, _, err := open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if unlinked(f) {
		t.Error("a file that has a name counts as removed")
	}
	if !hasModes {
		return // an open file cannot be removed there
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if !unlinked(f) {
		t.Error("a removed file counts as there")
	}
}

func TestRotationNeedsSize(t *testing.T) {
	path, l := logAt(t)
	l.Append(Event{Kind: Selected})
	if !rotate(path, 1<<20) {
		t.Error("a log that another process has just rotated is not opened again")
	}
	if _, err := os.Stat(path + ".1"); err == nil {
		t.Error("a small log was rotated")
	}
	if !rotate(path, 1) {
		t.Error("not rotated")
	}
	if _, err := os.Stat(path + ".1"); err != nil {
		t.Error(err)
	}
	if !rotate(path, 1) {
		t.Error("a log that is gone is not made anew")
	}
}

// The remains of a line do not spoil the next.
func TestAfterATornLine(t *testing.T) {
	path, l := logAt(t)
	l.Append(Event{Kind: Selected, Reason: "one"})
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"time":"2026-05-01T12:00:00.0`); err != nil {
		t.Fatal(err)
	}
	f.Close()
	l.Append(Event{Kind: Selected, Reason: "two"})
	all, skipped := readAll(t, path)
	if len(all) != 2 || all[1].Reason != "two" || skipped != 1 {
		t.Errorf("%+v, %d skipped", all, skipped)
	}
}

// A log that cannot be written is told of once, and blocks nobody.
func TestCannotBeWritten(t *testing.T) {
	for name, make := range map[string]func(t *testing.T, path string) error{
		"directory": func(_ *testing.T, path string) error { return os.MkdirAll(path, 0o700) },
		"file in the directory's place": func(_ *testing.T, path string) error {
			return errors.Join(os.MkdirAll(filepath.Dir(filepath.Dir(path)), 0o700), os.WriteFile(filepath.Dir(path), nil, 0o600))
		},
		"pipe": makePipe,
		"link in a circle": func(_ *testing.T, path string) error {
			return errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.Symlink(path, path))
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "kyoli", "events.jsonl")
			if err := make(t, path); err != nil {
				t.Fatal(err)
			}
			var told []error
			l := Open(Options{Path: path, OnError: func(err error) { told = append(told, err) }})
			done := time.AfterFunc(time.Minute, func() { panic("blocked") })
			for range 3 {
				l.Append(Event{Kind: Selected})
			}
			done.Stop()
			if len(told) != 1 || !strings.Contains(told[0].Error(), filepath.Dir(path)) {
				t.Errorf("told %v", told)
			}
		})
	}
	(*Log)(nil).Append(Event{Kind: Selected})
	Open(Options{Path: t.TempDir()}).Append(Event{Kind: Selected})
}

// A link stays a link; what it leads to is written and rotated.
func TestLink(t *testing.T) {
	dir := t.TempDir()
	path, target := filepath.Join(dir, "events.jsonl"), filepath.Join(dir, "elsewhere", "log")
	if err := os.Symlink(target, path); err != nil {
		t.Skip("this system gives no links: ", err)
	}
	l := Open(Options{Path: path, MaxSize: 100, OnError: func(err error) { t.Error(err) }})
	for range 3 {
		l.Append(Event{Kind: Selected, Reason: strings.Repeat("x", 60)})
	}
	if info, err := os.Lstat(path); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is %v (%v)", info, err)
	}
	if all, _ := readAll(t, path); len(all) != 2 {
		t.Errorf("%d read", len(all))
	}
}
