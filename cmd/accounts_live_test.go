package cmd

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/internal/termtext"
	"github.com/kyoli-gam/kyoli/pkg/manager"
)

func TestCountdown(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		time.Millisecond:                      "0:01",
		time.Second:                           "0:01",
		59 * time.Second:                      "0:59",
		61 * time.Second:                      "1:01",
		time.Hour - time.Second:               "59:59",
		time.Hour - time.Millisecond:          "1:00:00",
		2*time.Hour + 3*time.Minute:           "2:03:00",
		24*time.Hour - time.Second:            "23:59:59",
		24 * time.Hour:                        "1d 00h",
		3*24*time.Hour + 4*time.Hour + 5*1e9:  "3d 04h",
		100*24*time.Hour + 23*time.Hour + 1e9: "100d 23h",
	} {
		if got := countdown(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
}

var liveNow = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func liveRows() []accountRow {
	in := func(d time.Duration) *time.Time { t := liveNow.Add(d); return &t }
	return []accountRow{
		{
			Provider: "openai", name: "work", plan: "ChatGPT Pro", Status: manager.StatusRateLimited, Active: true,
			RateLimitResetAt: in(75 * time.Second), ExpiresAt: in(2 * time.Hour),
			Usage: &usageRow{
				FiveHour: &windowRow{Utilization: 100, ResetsAt: in(90 * time.Second)},
				SevenDay: &windowRow{Utilization: 40, ResetsAt: in(50 * time.Hour)},
			},
			ClaimedBy: []claimedRow{{Session: "s1", PID: 12, Command: "opencode"}, {Session: "s2", PID: 13, Command: "sh"}, {PID: 14}},
		},
		{Provider: "openai", name: "home", plan: "ChatGPT Plus", Status: manager.StatusReady, Usable: true, ExpiresAt: in(-time.Hour)},
	}
}

func tableText(t *testing.T, table *termtext.Table, width int) []string {
	t.Helper()
	var b strings.Builder
	if err := table.Write(&b, width, false); err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
}

func TestLiveTable(t *testing.T) {
	t.Parallel()
	for width, want := range map[int][]string{
		200: {
			"   ACCOUNT  PLAN          STATUS             5H          RESET  7D          RESET   TOKEN    HELD BY",
			"*  work     ChatGPT Pro   rate-limited 1:15  █████ 100%  1:30   ██░░░  40%  2d 02h  2:00:00  opencode 12, sh 13, 1 more",
			"   home     ChatGPT Plus  ready              -           -      -           -       -        -",
		},
		96: { // without plan, then without token
			"   ACCOUNT  STATUS             5H          RESET  7D          RESET   HELD BY",
			"*  work     rate-limited 1:15  █████ 100%  1:30   ██░░░  40%  2d 02h  opencode 12, sh 13, 1 more",
			"   home     ready              -           -      -           -       -",
		},
		50: {
			"   ACCOUNT  STATUS             5H          HELD BY",
			"*  work     rate-limited 1:15  █████ 100%  openco…",
			"   home     ready              -           -",
		},
	} {
		if d := cmp.Diff(want, tableText(t, liveTable(liveRows(), liveNow, width), width)); d != "" {
			t.Errorf("%d wide: %s", width, d)
		}
	}
	rows := liveRows()
	rows[1].Provider = "anthropic"
	if got := tableText(t, liveTable(rows, liveNow, 200), 200)[2]; !strings.HasPrefix(got, "   anthropic  home") {
		t.Errorf("of two providers: %q", got)
	}
	// Half a minute on everything has moved.
	if got := tableText(t, liveTable(liveRows(), liveNow.Add(30*time.Second), 200), 200)[1]; !strings.Contains(got, "rate-limited 0:45") ||
		!strings.Contains(got, "1:00 ") || !strings.Contains(got, "1:59:30") {
		t.Errorf("later: %q", got)
	}
}

func TestFrame(t *testing.T) {
	t.Parallel()
	rows := liveRows()
	for range 10 {
		rows = append(rows, rows[1])
	}
	for _, size := range [][2]int{{200, 50}, {80, 24}, {40, 10}, {20, 3}, {10, 1}, {0, 0}} {
		fr := &accountsFrame{
			f: &Factory{}, rows: rows, now: liveNow, width: size[0], height: size[1],
			below: "warning: " + strings.Repeat("a long word ", 30) + "\x1b[31m\nhint: kyoli doctor",
		}
		lines, err := fr.lines()
		if err != nil {
			t.Fatal(err)
		}
		if len(lines) > fr.height {
			t.Errorf("%v: %d lines", size, len(lines))
		}
		for _, line := range lines {
			if termtext.Width(line) > fr.width && fr.width > 20 || strings.Contains(line, "\x1b") {
				t.Errorf("%v: %d cells: %q", size, termtext.Width(line), line)
			}
		}
		all := strings.Join(lines, "\n")
		if size[1] == 10 && (!strings.Contains(all, "… and 9 more") || !strings.Contains(all, "hint: kyoli doctor")) {
			t.Errorf("%v: %s", size, all)
		}
	}
	fr := &accountsFrame{f: &Factory{}, now: liveNow}
	if lines, err := fr.lines(); err != nil || !strings.Contains(strings.Join(lines, "\n"), "no accounts yet") {
		t.Errorf("nothing to show: %q, %v", lines, err)
	}
}

// Lists that follow each other can be told apart.
func TestWatchedListsAreApart(t *testing.T) {
	t.Parallel()
	rows := liveRows()[1:]
	for format, between := range map[string]string{formatTSV: "\n", formatTable: "\n", formatJSON: "", formatYAML: "---\n"} {
		var out strings.Builder
		w := &accountsWatch{f: &Factory{Out: &out, opts: globalOptions{Format: format}}}
		if err := w.print(rows, true); err != nil {
			t.Fatal(err)
		}
		one := out.String()
		if err := w.print(rows, false); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(one+between+one, out.String()); d != "" {
			t.Errorf("%s: %s", format, d)
		}
		if format == formatJSON && strings.Count(one, "\n") != 1 {
			t.Errorf("a list is not one line: %q", one)
		}
	}
}

// Time alone is no reason to write a list again.
func TestContent(t *testing.T) {
	t.Parallel()
	of := func(at time.Duration, change func(*accountRow)) string {
		rows := liveRows()
		for i := range rows {
			rows[i].now = liveNow.Add(at)
		}
		change(&rows[0])
		text, err := content(rows)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	same := func(*accountRow) {}
	if of(0, same) != of(10*time.Second, same) {
		t.Error("ten seconds change the list")
	}
	if of(0, same) == of(10*time.Minute, same) {
		t.Error("the reset of a window changes nothing")
	}
	for name, change := range map[string]func(*accountRow){
		"status":  func(r *accountRow) { r.Status = manager.StatusReady },
		"holders": func(r *accountRow) { r.ClaimedBy = r.ClaimedBy[1:] },
		"usage":   func(r *accountRow) { r.Usage.SevenDay.Utilization = 41 },
		"active":  func(r *accountRow) { r.Active = false },
	} {
		if of(0, same) == of(0, change) {
			t.Errorf("%s changes nothing", name)
		}
	}
}
