package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/internal/env"
	"github.com/kyoli-gam/kyoli/internal/procid"
	"github.com/kyoli-gam/kyoli/pkg/claims"
)

func TestClaimsOptions(t *testing.T) {
	t.Parallel()
	var got *claimsReleaseOptions
	cmd := newClaimsReleaseCmd(&Factory{}, func(_ context.Context, o *claimsReleaseOptions) error { got = o; return nil })
	cmd.SetArgs([]string{"one", "two"})
	if err := cmd.Execute(); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(&claimsReleaseOptions{Sessions: []string{"one", "two"}}, got); d != "" {
		t.Error(d)
	}
}

// claimsWorld is a directory of kyoli's with an account, and a clock that stands.
type claimsWorld struct {
	t   *testing.T
	dir string
	now time.Time
}

func newClaimsWorld(t *testing.T) *claimsWorld {
	t.Helper()
	w := &claimsWorld{t: t, dir: t.TempDir(), now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	w.write("openai-multi-account-accounts.json", `{"version":1,"accounts":[{"uuid":"uuid-work","label":"work",`+
		`"planTier":"","refreshToken":"secret-token","addedAt":1,"lastUsed":1,"enabled":true}]}`)
	return w
}

func (w *claimsWorld) write(name, content string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(content), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w *claimsWorld) store() *claims.Store {
	return claims.Open(filepath.Join(w.dir, "openai-multi-account-accounts.json"), claims.Options{
		Now: func() time.Time { return w.now },
	})
}

func (w *claimsWorld) claim(uuid string, h claims.Holder) {
	w.t.Helper()
	_, err := w.store().Select(w.t.Context(), h, func(claims.View) (claims.Choice, error) {
		return claims.Choice{UUID: uuid}, nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// run runs kyoli an hour and a bit after the claims were made.
func (w *claimsWorld) run(args ...string) (code int, stdout, stderr string) {
	w.t.Helper()
	var out, errs bytes.Buffer
	f := &Factory{
		In: strings.NewReader(""), Out: &out, Err: &errs, Version: "test",
		Now: func() time.Time { return w.now.Add(65 * time.Minute) },
		Env: env.Map(map[string]string{"HOME": w.dir, "KYOLI_CONFIG_DIR": w.dir}),
	}
	code = f.Run(w.t.Context(), args)
	return code, out.String(), errs.String()
}

// rebooted is a process of an earlier boot.
func rebooted() procid.Process {
	p := procid.Self()
	p.BootID += "earlier"
	p.PID = 4711
	return p
}

func (w *claimsWorld) fill() {
	w.claim("uuid-work", claims.Holder{ID: "sessionone", Command: "/usr/bin/opencode"})
	w.claim("uuid-gone", claims.Holder{ID: "sessiontwo", Command: "sh", Exclusive: true})
	// A claim is not made for the dead, so this one has died since.
	path := filepath.Join(w.dir, "openai-multi-account-claims.kyoli.json")
	text, err := os.ReadFile(path)
	if err != nil {
		w.t.Fatal(err)
	}
	var file map[string]any
	if err := json.Unmarshal(text, &file); err != nil {
		w.t.Fatal(err)
	}
	p := rebooted()
	file["holders"].(map[string]any)["uuid-dead"] = []any{map[string]any{
		"id": "sessionold", "pid": p.PID, "startTime": p.StartTime, "bootId": p.BootID, "pidNs": p.PIDNs,
		"host": p.Host, "command": "old", "since": w.now.UnixMilli(), "seen": w.now.UnixMilli(), "exclusive": false,
	}}
	file["tickets"] = []any{map[string]any{
		"id": "sessionnew", "pid": os.Getpid(), "startTime": procid.Self().StartTime, "bootId": procid.Self().BootID,
		"pidNs": procid.Self().PIDNs, "host": procid.Self().Host, "command": "next", "since": w.now.UnixMilli(),
		"seen": w.now.Add(65 * time.Minute).UnixMilli(), "exclusive": true, "wants": []string{"uuid-gone", "uuid-x"},
	}}
	text, err = json.Marshal(file)
	if err != nil {
		w.t.Fatal(err)
	}
	w.write(filepath.Base(path), string(text))
}

func TestClaimsList(t *testing.T) {
	t.Parallel()
	w := newClaimsWorld(t)
	w.fill()
	code, stdout, stderr := w.run("claims", "list", "--format", "table")
	pid := claimPID()
	want := [][]string{
		{"PROVIDER", "ACCOUNT", "SESSION", "PROCESS", "COMMAND", "SINCE", "SEEN", "STATE"},
		{"openai", "uuid-gone", "sessiontwo", pid, "sh", "1h", "ago", "1h", "ago", "live,", "exclusive"},
		{"openai", "work", "sessionone", pid, "opencode", "1h", "ago", "1h", "ago", "live"},
		{"openai", "one", "of", "2", "sessionnew", pid, "next", "1h", "ago", "now", "waiting"},
		{"openai", "uuid-dead", "sessionold", "4711", "old", "1h", "ago", "1h", "ago", "dead:", "the", "machine", "was", "restarted", "since"},
	}
	var got [][]string
	for line := range strings.Lines(stdout) {
		got = append(got, strings.Fields(line))
	}
	if d := cmp.Diff(want, got); d != "" || code != exitOK || stderr != "" {
		t.Errorf("exit %d, %q: %s", code, stderr, d)
	}
	if code, stdout, _ := w.run("claims", "list", "--provider", "anthropic"); code != exitOK || stdout != "" {
		t.Errorf("of another provider: %d, %q", code, stdout)
	}
}

func TestClaimsListJSON(t *testing.T) {
	t.Parallel()
	w := newClaimsWorld(t)
	w.fill()
	before, _ := os.ReadDir(w.dir)
	code, stdout, stderr := w.run("claims", "list", "--json")
	if code != exitOK || stderr != "" {
		t.Fatalf("exit %d, %q", code, stderr)
	}
	var rows []map[string]any
	if err := json.Unmarshal([]byte(stdout), &rows); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"provider": "openai", "uuid": "uuid-work", "account": "work", "session": "sessionone",
		"pid": float64(os.Getpid()), "host": procid.Self().Host, "command": "opencode",
		"since": "2026-05-01T12:00:00Z", "seen": "2026-05-01T12:00:00Z", "state": "live",
		"exclusive": false, "plugin": false,
	}
	if d := cmp.Diff(want, rows[1]); d != "" {
		t.Error(d)
	}
	if why := rows[3]["why"]; rows[3]["state"] != "dead" || why != "the machine was restarted since" {
		t.Errorf("%v", rows[3])
	}
	if d := cmp.Diff([]any{"uuid-gone", "uuid-x"}, rows[2]["wants"]); d != "" {
		t.Error(d)
	}
	if after, _ := os.ReadDir(w.dir); len(after) != len(before) {
		t.Errorf("listing made files: %v", after)
	}
	if _, stdout, _ := newClaimsWorld(t).run("claims", "list", "--json"); stdout != "[]\n" {
		t.Errorf("without claims: %q", stdout)
	}
}

func TestClaimsRelease(t *testing.T) {
	t.Parallel()
	w := newClaimsWorld(t)
	w.fill()
	code, stdout, stderr := w.run("claims", "release", "sessionone", "nobody")
	if code != exitGeneral || stdout != "sessionone\t1 claim\n" ||
		!strings.Contains(stderr, "kyoli: no such session: nobody\nhint: kyoli claims list\n") {
		t.Errorf("exit %d, %q, %q", code, stdout, stderr)
	}
	v, err := w.store().View(t.Context())
	if err != nil || v.Knows("sessionone") || !v.Knows("sessiontwo") {
		t.Errorf("left: %+v (%v)", v, err)
	}
	if code, stdout, _ := w.run("claims", "release", "sessionnew"); code != exitOK || stdout != "sessionnew\t0 claims\n" {
		t.Errorf("one that waits: %d, %q", code, stdout)
	}
	if code, _, _ := w.run("claims", "release"); code != exitUsage {
		t.Errorf("without a session: %d", code)
	}
}

func TestClaimsGC(t *testing.T) {
	t.Parallel()
	w := newClaimsWorld(t)
	w.fill()
	code, stdout, stderr := w.run("claims", "gc", "--json")
	var rows []claimRow
	if err := json.Unmarshal([]byte(stdout), &rows); err != nil || code != exitOK || stderr != "" {
		t.Fatalf("exit %d, %q (%v)", code, stderr, err)
	}
	if len(rows) != 1 || rows[0].Session != "sessionold" || rows[0].Why == "" {
		t.Errorf("%+v", rows)
	}
	code, stdout, stderr = w.run("claims", "gc")
	if code != exitOK || stdout != "" || stderr != "no dead claims\n" {
		t.Errorf("again: %d, %q, %q", code, stdout, stderr)
	}
}

func TestClaimsOfADamagedFile(t *testing.T) {
	t.Parallel()
	w := newClaimsWorld(t)
	w.write("openai-multi-account-claims.kyoli.json", "{")
	w.write("openai-multi-account-accounts.json", "{")
	code, stdout, stderr := w.run("claims", "list")
	if code != exitOK || stdout != "" || !strings.Contains(stderr, "openai-multi-account-claims.kyoli.json is damaged") {
		t.Errorf("exit %d, %q, %q", code, stdout, stderr)
	}
}

// What a later kyoli has written is neither read nor touched, as with accounts.
func TestClaimsOfALaterVersion(t *testing.T) {
	t.Parallel()
	w := newClaimsWorld(t)
	w.write("openai-multi-account-claims.kyoli.json", `{"version":2}`)
	for _, args := range [][]string{{"claims", "list"}, {"claims", "gc"}, {"exec", "--", "true"}} {
		code, stdout, stderr := w.run(args...)
		if code != exitDamaged || stdout != "" || !strings.Contains(stderr, "has version 2") ||
			!strings.Contains(stderr, "\nhint: go install github.com/kyoli-gam/kyoli@latest\n") {
			t.Errorf("%q: exit %d, %q, %q", args, code, stdout, stderr)
		}
	}
	if text, _ := os.ReadFile(filepath.Join(w.dir, "openai-multi-account-claims.kyoli.json")); string(text) != `{"version":2}` {
		t.Errorf("the file is %q", text)
	}
}

func TestClaimsCompletion(t *testing.T) {
	t.Parallel()
	w := newClaimsWorld(t)
	w.fill()
	code, stdout, _ := w.run("__complete", "claims", "release", "")
	want := "sessiontwo\tsh\nsessionone\topencode work\nsessionnew\tnext\nsessionold\told\n"
	if code != exitOK || !strings.HasPrefix(stdout, want) {
		t.Errorf("exit %d, %q", code, stdout)
	}
}

func claimPID() string { return claimRow{PID: os.Getpid()}.process() }
