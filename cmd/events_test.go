package cmd

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/internal/env"
)

func TestEventsOptions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args []string
		want *eventsOptions
	}{
		{nil, &eventsOptions{}},
		{
			[]string{"-a", "work", "--since", "2h", "--follow"},
			&eventsOptions{Account: "work", Since: "2h", Follow: true},
		},
		{[]string{"--since", "3d", "-f"}, &eventsOptions{Since: "3d", Follow: true}},
		{[]string{"--since", "yesterday"}, nil},
		{[]string{"--since", "-1h"}, nil},
		{[]string{"work"}, nil},
	} {
		var got *eventsOptions
		cmd := newEventsCmd(&Factory{}, func(_ context.Context, o *eventsOptions) error { got = o; return nil })
		cmd.SetArgs(tt.args)
		cmd.SilenceUsage, cmd.SilenceErrors = true, true
		if err := cmd.Execute(); (err == nil) != (tt.want != nil) {
			t.Errorf("%q: %v", tt.args, err)
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%q: %s", tt.args, d)
		}
	}
}

func TestSince(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	for s, want := range map[string]time.Time{
		"":                     {},
		"0s":                   now,
		"90m":                  now.Add(-90 * time.Minute),
		"2h":                   now.Add(-2 * time.Hour),
		"3d":                   now.AddDate(0, 0, -3),
		"1.5d":                 now.Add(-36 * time.Hour),
		"2026-04-30":           time.Date(2026, 4, 30, 0, 0, 0, 0, time.UTC),
		"2026-04-30T10:00:00Z": time.Date(2026, 4, 30, 10, 0, 0, 0, time.UTC),
	} {
		got, err := since(s, now)
		if err != nil || !got.Equal(want) {
			t.Errorf("%q: %s, %v", s, got, err)
		}
	}
	for _, s := range []string{"2", "-2h", "-3d", "d", "NaNd", "1e300d", "2026-13-01", "h2"} {
		if got, err := since(s, now); exitCode(err) != exitUsage {
			t.Errorf("%q: %s, %v", s, got, err)
		}
	}
}

// eventsWorld is a directory with an account and a log, and a clock that stands.
type eventsWorld struct{ *claimsWorld }

const eventsLog = `{"time":"2026-05-01T09:00:00.000Z","pid":1,"command":"exec","event":"selected","provider":"openai","uuid":"uuid-gone","account":"gone","reason":"active"}
{"time":"2026-05-01T10:00:00.000Z","pid":2,"command":"exec","event":"claimed","provider":"openai","uuid":"uuid-work","account":"before","session":"s1","holderPid":7,"program":"opencode"}
{"time":"2026-05-01T11:00:00.000Z","pid":2,"command":"refresh","event":"refreshed","provider":"openai","uuid":"uuid-work","account":"work","parent":"aaaaaaaaaaaa","token":"bbbbbbbbbbbb","newer":[1]}
{"time":"2026-05-01T11:30:00.000Z","pid":3,"command":"refresh","event":"failed","provider":"anthropic","uuid":"uuid-other","account":"\u001b[31mwo\u202erk","reason":"a\nb"}
`

func newEventsWorld(t *testing.T, log string) eventsWorld {
	t.Helper()
	w := eventsWorld{newClaimsWorld(t)}
	dir := filepath.Join(w.dir, ".local", "state", "kyoli")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "events.jsonl"), []byte(log), 0o600); err != nil {
		t.Fatal(err)
	}
	return w
}

func TestEventsFilters(t *testing.T) {
	t.Parallel()
	w := newEventsWorld(t, eventsLog)
	for _, tt := range []struct {
		args []string
		want string // the events' PIDs
		code int
	}{
		{args: nil, want: "1 2 2 3"},
		{args: []string{"--since", "125m"}, want: "2 3"}, // it is 13:05
		{args: []string{"--since", "2026-05-01T10:00:00Z"}, want: "2 2 3"},
		{args: []string{"--since", "0s"}, want: ""},
		{args: []string{"--account", "work"}, want: "2 2"}, // by uuid: it was called otherwise before
		{args: []string{"--account", "uuid-w"}, want: "2 2"},
		{args: []string{"--account", "GONE"}, want: "1"}, // removed since
		{args: []string{"--account", "uuid-gone"}, want: "1"},
		{args: []string{"--account", "uuid-o"}, want: "3"},
		{args: []string{"--account", "nobody"}, code: exitNoAccount},
		{args: []string{"--account", "work", "--since", "0s"}, want: ""},
		{args: []string{"--provider", "anthropic"}, want: "3"},
		{args: []string{"--provider", "openai", "--account", "uuid-o"}, code: exitNoAccount},
		{args: []string{"--provider", "nobody"}, code: exitUsage},
	} {
		code, stdout, stderr := w.run(append([]string{"events", "--format", "tsv"}, tt.args...)...)
		var pids []string
		for line := range strings.Lines(stdout) {
			pids = append(pids, strings.Split(line, "\t")[6])
		}
		if got := strings.Join(pids, " "); got != tt.want || code != tt.code {
			t.Errorf("%q: exit %d, %q, want %d, %q (%s)", tt.args, code, got, tt.code, tt.want, stderr)
		}
	}
	// A damaged account file does not keep its story back.
	w.write("openai-multi-account-accounts.json", "{")
	if code, stdout, _ := w.run("events", "--account", "gone"); code != exitOK || strings.Count(stdout, "\n") != 1 {
		t.Errorf("exit %d, %q", code, stdout)
	}
}

func TestEventsFormats(t *testing.T) {
	t.Parallel()
	w := newEventsWorld(t, eventsLog)
	for format, want := range map[string]string{
		"tsv": "2026-05-01T09:00:00.000Z\tselected\topenai\tuuid-gone\tgone\texec\t1\tactive\t\t\t\t\t\n" +
			"2026-05-01T10:00:00.000Z\tclaimed\topenai\tuuid-work\tbefore\texec\t2\t\ts1\t7\topencode\t\t\n" +
			"2026-05-01T11:00:00.000Z\trefreshed\topenai\tuuid-work\twork\trefresh\t2\t\t\t\t\taaaaaaaaaaaa\tbbbbbbbbbbbb\n" +
			"2026-05-01T11:30:00.000Z\tfailed\tanthropic\tuuid-other\twork\trefresh\t3\ta b\t\t\t\t\t\n",
		"json": strings.ReplaceAll(eventsLog, "\u202e", `\u202e`),
		"yaml": `- time: "2026-05-01T09:00:00.000Z"
  pid: 1
  command: exec
  event: selected
  provider: openai
  uuid: uuid-gone
  account: gone
  reason: active
`,
	} {
		code, stdout, stderr := w.run("events", "--format", format)
		if format == "yaml" {
			if strings.Count(stdout, "- time") != 4 {
				t.Errorf("yaml: %s", stdout)
			}
			stdout = stdout[:min(len(stdout), len(want))]
		}
		if d := cmp.Diff(want, stdout); d != "" || code != exitOK || stderr != "" {
			t.Errorf("%s: exit %d, %q: %s", format, code, stderr, d)
		}
	}
	_, stdout, _ := w.run("events", "--format", "table")
	var got [][]string
	for line := range strings.Lines(stdout) {
		got = append(got, strings.Fields(line))
	}
	at := func(clock string) []string {
		when, _ := time.Parse(time.RFC3339, "2026-05-01T"+clock+":00Z")
		return strings.Fields(when.Local().Format("Jan 02 15:04:05"))
	}
	want := [][]string{
		{"TIME", "EVENT", "ACCOUNT", "COMMAND", "DETAILS"},
		append(at("09:00"), "selected", "gone", "(openai)", "exec", "active"),
		append(at("10:00"), "claimed", "before", "(openai)", "exec", "opencode", "7,", "session", "s1"),
		append(at("11:00"), "refreshed", "work", "(openai)", "refresh", "token", "aaaaaaaa", "→", "bbbbbbbb"),
		append(at("11:30"), "failed", "work", "(anthropic)", "refresh", "a", "b"),
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestEventsLeavesOutWhatIsNone(t *testing.T) {
	t.Parallel()
	w := newEventsWorld(t, "foreign\n"+eventsLog[:50]+"\n"+eventsLog+`{"time":`)
	code, stdout, stderr := w.run("events")
	path := filepath.Join(w.dir, ".local", "state", "kyoli", "events.jsonl")
	if code != exitOK || strings.Count(stdout, "\n") != 4 || stderr != "left out lines of "+path+" that are no events: 3\n" {
		t.Errorf("exit %d, %q, %q", code, stdout, stderr)
	}
}

func TestNoEvents(t *testing.T) {
	t.Parallel()
	w := newClaimsWorld(t)
	for format, want := range map[string]string{"tsv": "", "table": "", "json": "", "yaml": "[]\n"} {
		code, stdout, stderr := w.run("events", "--format", format)
		if code != exitOK || stdout != want || stderr != "no events\n" {
			t.Errorf("%s: exit %d, %q, %q", format, code, stdout, stderr)
		}
	}
	if code, _, stderr := w.run("events", "--account", "nobody"); code != exitNoAccount || !strings.Contains(stderr, "nobody") {
		t.Errorf("exit %d, %q", code, stderr)
	}
	if entries, _ := os.ReadDir(filepath.Join(w.dir, ".local")); len(entries) > 0 {
		t.Errorf("showing events made %v", entries)
	}
	var errs bytes.Buffer
	f := &Factory{Out: &bytes.Buffer{}, Err: &errs, Env: env.Map(map[string]string{"KYOLI_CONFIG_DIR": w.dir})}
	if code := f.Run(t.Context(), []string{"events"}); code != exitGeneral || !strings.Contains(errs.String(), "home directory") {
		t.Errorf("without a home: %d, %q", code, errs.String())
	}
}

// Without a place for a log there is none, and nothing is said of it.
func TestNoPlaceForALog(t *testing.T) {
	t.Parallel()
	w := newClaimsWorld(t)
	var out, errs bytes.Buffer
	f := &Factory{Out: &out, Err: &errs, Env: env.Map(map[string]string{"KYOLI_CONFIG_DIR": w.dir})}
	if code := f.Run(t.Context(), []string{"accounts", "disable", "work"}); code != exitOK || errs.String() != "" {
		t.Errorf("exit %d, %q", code, errs.String())
	}
	if _, err := os.Stat(".local"); err == nil {
		t.Error("a log was written into the working directory")
	}
}
