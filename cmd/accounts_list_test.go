package cmd

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/internal/procid"
	"github.com/kyoli-gam/kyoli/internal/termtext"
	"github.com/kyoli-gam/kyoli/pkg/claims"
)

// usage is a cachedUsage whose windows reset at now plus the durations.
func (w *accountsWorld) usage(five, seven float64, resets ...time.Duration) fields {
	at := func(d time.Duration) string { return w.now.Add(d).Format(time.RFC3339) }
	return fields{
		"five_hour":        fields{"utilization": five, "resets_at": at(resets[0])},
		"seven_day":        fields{"utilization": seven, "resets_at": at(resets[1])},
		"seven_day_sonnet": nil,
	}
}

func TestAccountsListForPeople(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	w.tty = true
	w.fill(openaiFile,
		w.entry("work", fields{"cachedUsage": w.usage(42, 7.6, 90*time.Minute, 80*time.Hour)}),
		w.entry("home", fields{"expiresAt": w.ms(-3 * time.Hour), "planTier": "pro"}),
		w.entry("spent", fields{"rateLimitResetAt": w.ms(40 * time.Minute), "cachedUsage": w.usage(100, 81, -time.Minute, time.Hour)}),
		w.entry("dead", fields{"isAuthDisabled": true, "authDisabledReason": "revoked", "planTier": ""}),
		w.entry("0123456789", fields{"label": nil, "email": nil, "enabled": false}),
	)
	w.claim("uuid-work", claims.Holder{ID: "sessionone", Command: "/usr/bin/opencode", Process: procid.Self()})
	stdout, stderr := w.must("accounts", "ls")
	// The widest cell of the last column depends on the process id, which ends the line.
	want := strings.TrimPrefix(`
   LABEL     E-MAIL             PLAN  STATUS             5H          7D          TOKEN   RESET   HELD BY
*  work      work@example.com   plus  ready              ██░░░  42%  █░░░░   8%  in 2h   in 2h   opencode PID
   home      home@example.com   pro   renews first       -           -           3h ago  -       -
   spent     spent@example.com  plus  rate-limited       -           ████░  81%  in 2h   in 40m  -
   dead      dead@example.com         needs a new login  -           -           in 2h   -       -
   uuid-012                     plus  disabled           -           -           in 2h   -       -
`, "\n")
	if d := cmp.Diff(want, strings.ReplaceAll(stdout, claimPID(), "PID")); d != "" || stderr != "" {
		t.Errorf("%s%s", stderr, d)
	}
}

func TestAccountsListLeavesOutWhatSaysNothing(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	w.tty = true
	w.fill(openaiFile, w.entry("work", fields{"email": nil, "planTier": ""}))
	stdout, _ := w.must("accounts", "list")
	if want := "   LABEL  STATUS  TOKEN\n*  work   ready   in 2h\n"; stdout != want {
		t.Errorf("got\n%s\nwant\n%s", stdout, want)
	}
	w.fill(anthropicFile, w.entry("claude", fields{"email": nil, "planTier": ""}))
	stdout, _ = w.must("accounts", "list")
	want := "   PROVIDER   LABEL   STATUS  TOKEN\n*  anthropic  claude  ready   in 2h\n*  openai     work    ready   in 2h\n"
	if stdout != want {
		t.Errorf("got\n%s\nwant\n%s", stdout, want)
	}
	if stdout, _ = w.must("accounts", "list", "--provider", "anthropic"); !strings.Contains(stdout, "claude") || strings.Contains(stdout, "work") {
		t.Errorf("one provider:\n%s", stdout)
	}
}

func TestAccountsListForPrograms(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	w.fill(openaiFile,
		w.entry("work", fields{"cachedUsage": w.usage(42, 7.5, 90*time.Minute, 80*time.Hour)}),
		w.entry("home", fields{"label": nil, "email": nil, "planTier": "", "accessToken": nil, "expiresAt": nil}),
	)
	w.claim("uuid-work", claims.Holder{ID: "sessionone"})
	stdout, stderr := w.must("accounts", "list")
	want := "work\twork@example.com\tplus\tready\t42\t7.5\t2026-05-01T14:00:00Z\t2026-05-01T13:30:00Z\tsessionone\tactive\topenai\tuuid-work\n" +
		"\t\t\texpired\t-\t-\t-\t-\t-\t\topenai\tuuid-home\n"
	if d := cmp.Diff(want, stdout); d != "" || stderr != "" {
		t.Errorf("%s%s", stderr, d)
	}
}

func TestAccountsListJSON(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	w.fill(openaiFile, w.entry("work", fields{
		"rateLimitResetAt": w.ms(time.Hour) + 250, "cachedUsageAt": w.ms(-time.Minute),
		"cachedUsage": w.usage(42, 170, 90*time.Minute, 80*time.Hour), "own": "field",
	}), w.entry("dead", fields{
		"label": nil, "isAuthDisabled": true, "authDisabledReason": "revoked", "rateLimitResetAt": w.ms(-time.Hour),
		"expiresAt": 8.64e15, "lastUsed": 0,
	}))
	w.claim("uuid-work", claims.Holder{ID: "sessionone", Command: "/usr/bin/opencode", Exclusive: true})
	stdout, _ := w.must("accounts", "list", "--json")
	var got []map[string]any
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatal(err)
	}
	want := []map[string]any{{
		"provider": "openai", "uuid": "uuid-work", "label": "work", "email": "work@example.com", "planTier": "plus",
		"status": "rate-limited", "usable": false, "active": true, "enabled": true,
		"expiresAt": "2026-05-01T14:00:00Z", "rateLimitResetAt": "2026-05-04T20:00:00Z", "lastUsed": "2026-05-01T11:59:00Z",
		"usage": map[string]any{
			"five_hour":        map[string]any{"utilization": 42.0, "resets_at": "2026-05-01T13:30:00Z"},
			"seven_day":        map[string]any{"utilization": 100.0, "resets_at": "2026-05-04T20:00:00Z"},
			"seven_day_sonnet": nil, "at": "2026-05-01T11:59:00Z",
		},
		"claimedBy": []any{map[string]any{
			"session": "sessionone", "pid": float64(os.Getpid()), "host": procid.Self().Host, "command": "opencode", "exclusive": true,
		}},
	}, {
		"provider": "openai", "uuid": "uuid-dead", "label": "", "email": "dead@example.com", "planTier": "plus",
		"status": "auth-disabled", "usable": false, "active": false, "enabled": true,
		"expiresAt": "9999-12-31T23:59:59Z", "rateLimitResetAt": nil, "lastUsed": nil, "usage": nil,
		"claimedBy": []any{}, "reason": "revoked",
	}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if stdout, _ := w.must("accounts", "list", "--provider", "anthropic", "--json"); stdout != "[]\n" {
		t.Errorf("none: %q", stdout)
	}
}

func TestAccountsListStatus(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	w.write("kyoli.yaml", "soft_quota_threshold_percent: 90\n")
	all := fields{
		"enabled": false, "isAuthDisabled": true, "rateLimitResetAt": w.ms(time.Hour),
		"cachedUsage": w.usage(95, 0, time.Hour, time.Hour), "expiresAt": w.ms(-time.Hour),
	}
	// Each lacks one more of the reasons, in their order.
	var entries []fields
	for i, without := range []string{"", "enabled", "isAuthDisabled", "rateLimitResetAt", "cachedUsage", "expiresAt"} {
		delete(all, without)
		change := fields{}
		for key, value := range all {
			change[key] = value
		}
		entries = append(entries, w.entry(string(rune('a'+i)), change))
	}
	w.fill(openaiFile, entries...)
	stdout, _ := w.must("accounts", "list")
	var got []string
	for line := range strings.Lines(stdout) {
		got = append(got, strings.Split(line, "\t")[3])
	}
	if d := cmp.Diff([]string{"disabled", "auth-disabled", "rate-limited", "over-quota", "expired", "ready"}, got); d != "" {
		t.Error(d)
	}
	s := claims.Open(w.path(openaiFile), claims.Options{Now: func() time.Time { return w.now.Add(-29 * time.Second) }})
	if err := s.Mark429(t.Context(), "uuid-d"); err != nil {
		t.Fatal(err)
	}
	if got := w.show("d")["status"]; got != "cooling-down" {
		t.Errorf("29 s after a 429 it is %v", got)
	}
	for status, words := range statusWords {
		if words.Text == "" || status == "" {
			t.Errorf("%q has no words", status)
		}
	}
}

func TestAccountsListOfNone(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	for _, args := range [][]string{{"accounts", "list"}, {"accounts", "list", "--provider", "openai"}} {
		stdout, stderr := w.must(args...)
		if stdout != "" || !strings.Contains(stderr, "hint: kyoli login") {
			t.Errorf("%v: %q, %q", args, stdout, stderr)
		}
	}
	if stdout, stderr := w.must("accounts", "list", "-q"); stdout+stderr != "" {
		t.Errorf("quiet: %q, %q", stdout, stderr)
	}
	if entries, err := os.ReadDir(w.dir); err != nil || len(entries) > 0 {
		t.Errorf("listing made %v (%v)", entries, err)
	}
}

// Names that come from a server or a file must not act on the terminal, in any
// format and whatever is said of them.
func TestHarmfulNamesAreShownHarmlessly(t *testing.T) {
	t.Parallel()
	harmful := map[string]string{
		"escape": "a\x1b[31mred", "title": "a\x1b]0;owned\x07b", "link": "\x1b]8;;http://x/\x1b\\b\x1b]8;;\x1b\\",
		"return": "a\rb\nc\td", "bidi": "a\u202eb\u2066c", "c1": "a\u009b31mb", "long": strings.Repeat("x", 10_000), "zero": "a\u200bb\ufeffc",
	}
	for name, label := range harmful {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newAccountsWorld(t)
			w.fill(openaiFile, w.entry("first", fields{"label": label, "email": label, "planTier": label, "isAuthDisabled": true, "authDisabledReason": label}),
				w.entry("second", fields{"label": label}))
			w.tty, w.answers = true, "n\n"
			for _, args := range [][]string{
				{"list", "--format", "table"},
				{"list", "--format", "tsv"},
				{"list", "--json"},
				{"list", "--format", "yaml"},
				{"show", "uuid-first"},
				{"show", "uuid-first", "--json"},
				{"show", label},
				{"show", label, "--json"},
				{"use", "uuid-first"},
				{"disable", "uuid-first"},
				{"label", "uuid-first", "second@example.com"},
				{"rm", "uuid-first"},
				{"rm", "--all"},
				{"export", "--to", w.path("out.json"), "--force"},
			} {
				_, stdout, stderr := w.run(append([]string{"accounts"}, args...)...)
				for _, text := range []string{stdout, stderr, w.terminal.String()} {
					if i := strings.IndexFunc(text, func(r rune) bool { return r != '\n' && r != '\t' && termtext.Harmful(r) }); i >= 0 {
						t.Errorf("%q: %q", args, text[max(0, i-20):i+10])
					}
				}
				w.terminal.Reset()
			}
			_, stdout, _ := w.run("__complete", "accounts", "show", "")
			for line := range strings.Lines(stdout) {
				if strings.ContainsFunc(strings.TrimSuffix(line, "\n"), func(r rune) bool { return r != '\t' && termtext.Harmful(r) }) {
					t.Errorf("completion: %q", line)
				}
			}
		})
	}
}
