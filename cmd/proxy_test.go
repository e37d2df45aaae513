package cmd

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/internal/env"
)

func TestProxyOptions(t *testing.T) {
	const grace = 30 * time.Second
	for name, tt := range map[string]struct {
		args []string
		want proxyOptions
	}{
		"bare":     {nil, proxyOptions{Listen: defaultListen, Grace: grace}},
		"a port":   {[]string{"--listen", "[::1]:0"}, proxyOptions{Listen: "[::1]:0", ListenGiven: true, Grace: grace}},
		"a socket": {[]string{"--unix", "/run/s"}, proxyOptions{Unix: "/run/s", Grace: grace}},
		"both":     {[]string{"--unix", "/run/s", "--listen", "localhost:1"}, proxyOptions{Unix: "/run/s", Listen: "localhost:1", ListenGiven: true, Grace: grace}},
		"remote": {
			[]string{"--listen", ":443", "--allow-remote", "--tls-cert", "c", "--tls-key", "k", "--grace", "1m", "--max-wait", "5m", "--pool", "p"},
			proxyOptions{
				Listen: ":443", ListenGiven: true, AllowRemote: true, TLSCert: "c", TLSKey: "k", Grace: time.Minute, MaxWait: 5 * time.Minute,
				Wish: wish{Pool: "p"},
			},
		},
	} {
		var got *proxyOptions
		cmd := newProxyCmd(&Factory{}, func(_ context.Context, o *proxyOptions) error { got = o; return nil })
		cmd.SetArgs(tt.args)
		if err := cmd.Execute(); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(&tt.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestProxyOptionsRefused(t *testing.T) {
	for _, tt := range []struct {
		want string
		args []string
	}{
		{"is open to the network", []string{"--listen", "0.0.0.0:1"}},
		{"192.0.2.1:1 is open", []string{"--listen", "192.0.2.1:1"}},
		{":1 is open", []string{"--listen", ":1"}},
		{"example.com:1 is open", []string{"--listen", "example.com:1", "--tls-cert", "c", "--tls-key", "k"}},
		{"needs --tls-cert", []string{"--listen", ":1", "--allow-remote"}},
		{"go together", []string{"--tls-cert", "c"}},
		{"want HOST:PORT", []string{"--listen", "4780"}},
		{"want an address", []string{"--listen", ""}},
		{"--grace -1s", []string{"--grace", "-1s"}},
		{"--max-wait -1s", []string{"--max-wait", "-1s"}},
		{"exclude each other", []string{"--pool", "p", "--chain", "c"}},
		{"unknown command", []string{"tokens"}},
	} {
		r := settingsRun{t, t.TempDir()}
		code, _, errs := r.run(append([]string{"proxy"}, tt.args...)...)
		if code != exitUsage || !strings.Contains(errs, tt.want) {
			t.Errorf("%v: exit %d, %s", tt.args, code, errs)
		}
	}
}

func TestProxyTokens(t *testing.T) {
	dir := t.TempDir()
	run := func(args ...string) (int, string, string) {
		t.Helper()
		var out, errs strings.Builder
		f := &Factory{
			In: strings.NewReader(""), Out: &out, Err: &errs,
			Env: env.Map(map[string]string{"KYOLI_CONFIG_DIR": dir, "HOME": dir, "XDG_STATE_HOME": filepath.Join(dir, "state")}),
			Now: func() time.Time { return time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC) },
		}
		code := f.Run(t.Context(), args)
		return code, out.String(), errs.String()
	}
	code, out, errs := run("proxy", "token", "add", "ci")
	if code != 0 || !strings.HasPrefix(out, "kyr_") || errs != "" {
		t.Fatalf("exit %d, %q, %q", code, out, errs)
	}
	file, err := os.ReadFile(filepath.Join(dir, "state", "kyoli", "proxy-tokens.json"))
	if err != nil || strings.Contains(string(file), strings.TrimSpace(out)) {
		t.Errorf("%s, %v", file, err)
	}
	var made map[string]string
	if _, out, _ = run("proxy", "token", "add", "laptop", "--json"); json.Unmarshal([]byte(out), &made) != nil || made["name"] != "laptop" || !strings.HasPrefix(made["token"], "kyr_") {
		t.Errorf("%s", out)
	}
	if _, out, _ = run("proxy", "token", "list"); out != "ci\t2026-05-01T12:00:00Z\nlaptop\t2026-05-01T12:00:00Z\n" {
		t.Errorf("%q", out)
	}
	if code, _, errs := run("proxy", "token", "add", "ci"); code != exitUsage || !strings.Contains(errs, `there is a token named "ci" already`) {
		t.Errorf("exit %d, %s", code, errs)
	}
	if code, _, errs := run("proxy", "token", "rm", "ci"); code != exitCancelled || !strings.Contains(errs, "--yes") {
		t.Errorf("without --yes: exit %d, %s", code, errs)
	}
	if code, _, errs := run("proxy", "token", "rm", "ci", "--yes"); code != 0 {
		t.Errorf("exit %d, %s", code, errs)
	}
	if code, _, errs := run("proxy", "token", "rm", "ci", "--yes"); code != exitGeneral || !strings.Contains(errs, "hint: kyoli proxy token list") {
		t.Errorf("exit %d, %s", code, errs)
	}
	if _, out, _ := run("__complete", "proxy", "token", "rm", ""); !strings.HasPrefix(out, "laptop\n") {
		t.Errorf("completion %q", out)
	}
	if err := os.WriteFile(filepath.Join(dir, "state", "kyoli", "proxy-tokens.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := run("proxy", "--listen", "127.0.0.1:0"); code != exitDamaged || !strings.Contains(errs, "proxy-tokens.json") {
		t.Errorf("exit %d, %s", code, errs)
	}
}
