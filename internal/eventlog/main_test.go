package eventlog

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// writerVar makes the test binary a program that appends: "PATH\x00SIZE\x00LINES\x00NAME".
const writerVar = "KYOLI_EVENTLOG_WRITER"

func TestMain(m *testing.M) {
	if spec := os.Getenv(writerVar); spec != "" {
		writeLines(strings.Split(spec, "|"))
		return
	}
	goleak.VerifyTestMain(m)
}

// writeLines waits for the starting signal, which is the end of stdin.
func writeLines(spec []string) {
	_, _ = os.Stdin.Read(make([]byte, 1))
	size, _ := strconv.ParseInt(spec[1], 10, 64)
	n, _ := strconv.Atoi(spec[2])
	l := Open(Options{Path: spec[0], MaxSize: size, Command: "exec", OnError: func(err error) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}})
	for i := range n {
		l.Append(Event{Kind: Selected, Account: spec[3], Reason: fmt.Sprintf("line %d %s", i, strings.Repeat("x", 40+i%100))})
	}
}

// startWriters starts processes that append at once as soon as go is called; wait returns when all
// have ended.
func startWriters(t *testing.T, path string, size int64, writers, lines int) (release, wait func()) {
	t.Helper()
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	var cmds []*exec.Cmd
	for i := range writers {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s|%d|%d|writer%d", writerVar, path, size, lines, i))
		cmd.Stdin, cmd.Stderr = in, os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		cmds = append(cmds, cmd)
	}
	in.Close()
	t.Cleanup(func() { out.Close() })
	return func() { out.Close() }, func() {
		for _, cmd := range cmds {
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
		}
	}
}

func logAt(t *testing.T) (string, *Log) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state", "kyoli", "events.jsonl")
	return path, Open(Options{
		Path: path, Command: "refresh",
		Now:     func() time.Time { return time.Date(2026, 5, 1, 12, 0, 0, 1_500_000, time.UTC) },
		OnError: func(err error) { t.Error(err) },
	})
}

func readAll(t *testing.T, path string) ([]Event, int) {
	t.Helper()
	var all []Event
	r := NewReader(path, func(e Event) error { all = append(all, e); return nil })
	if err := r.Read(); err != nil {
		t.Fatal(err)
	}
	return all, r.Skipped
}
