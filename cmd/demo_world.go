package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/kyoli-gam/kyoli/internal/fakeprovider"
	"github.com/kyoli-gam/kyoli/internal/regular"
)

const demoProvider = "openai"

// demo is a provider on loopback and the directory of one demonstration.
type demo struct {
	f        *Factory
	dir, url string
	exe      string
	provider *fakeprovider.Provider
	server   *http.Server
}

// demoState is what `demo --serve` needs to go on.
type demoState struct {
	Addr     string          `json:"addr"`
	Provider json.RawMessage `json:"provider"`
}

func newDemo(f *Factory, dir string) (*demo, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	d := &demo{f: f, dir: dir, exe: exe, provider: fakeprovider.New(fakeprovider.Options{Now: f.now})}
	if err := os.MkdirAll(d.configDir(), 0o700); err != nil {
		return nil, err
	}
	if err := d.listen("127.0.0.1:0"); err != nil {
		return nil, err
	}
	return d, os.WriteFile(filepath.Join(d.configDir(), "kyoli.yaml"), []byte(d.settings()), 0o600)
}

func (d *demo) listen(addr string) error {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	d.url = "http://" + ln.Addr().String()
	d.server = &http.Server{Handler: d.provider, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = d.server.Serve(ln) }() // returns when close is called
	return nil
}

// close stops the provider and, where the directory stays, saves its state.
func (d *demo) close() error {
	if err := d.server.Close(); err != nil {
		return err
	}
	if _, err := os.Stat(d.dir); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	saved, err := d.provider.Save()
	if err != nil {
		return err
	}
	state, err := json.Marshal(demoState{Addr: strings.TrimPrefix(d.url, "http://"), Provider: saved})
	if err != nil {
		return err
	}
	return os.WriteFile(d.statePath(), state, 0o600)
}

func (d *demo) configDir() string { return filepath.Join(d.dir, "config") }
func (d *demo) statePath() string { return filepath.Join(d.dir, "provider.json") }

func (d *demo) settings() string {
	return fmt.Sprintf(`# The demo's provider in place of the real one.
adapters:
  %s:
    authorize_url: %[2]s/oauth/authorize
    redirect_url: http://127.0.0.1/auth/callback
    device_url: %[2]s/deviceauth/usercode
    device_token_url: %[2]s/deviceauth/token
    device_verification_url: %[2]s/device
    token_url: %[2]s/oauth/token
    base_url: %[2]s/codex
    usage_url: %[2]s/usage
`, demoProvider, d.url)
}

type demoLogin struct {
	label string
	json  []byte // as `kyoli accounts add` reads it
}

func (d *demo) logins() []demoLogin {
	now := d.f.now()
	reset := now.Add(2 * time.Hour)
	limited := d.login("limited", 100, 61, nil)
	d.provider.Limit("limited", reset)
	limited["rateLimitResetAt"] = reset.UnixMilli()
	return []demoLogin{
		{"limited", mustJSON(limited)},
		{"expired", mustJSON(d.login("expired", 23, 40, func(c *fakeprovider.Credential) {
			c.ExpiresAt = d.provider.Expire(c.AccessToken, time.Hour)
		}))},
		{"fresh", mustJSON(d.login("fresh", 4, 12, nil))},
	}
}

// login is an account of the account file, usage included.
func (d *demo) login(id string, primary, secondary float64, change func(*fakeprovider.Credential)) map[string]any {
	c := d.provider.AddAccount(fakeprovider.Account{ID: id, Email: id + "@example.com", Plan: "pro", Primary: primary, Secondary: secondary})
	if change != nil {
		change(&c)
	}
	now := d.f.now()
	window := func(percent float64, ahead time.Duration) map[string]any {
		return map[string]any{"utilization": percent, "resets_at": now.Add(ahead).UTC().Format(time.RFC3339)}
	}
	return map[string]any{
		"email": id + "@example.com", "planTier": "pro", "accountId": id,
		"refreshToken": c.RefreshToken, "accessToken": c.AccessToken, "expiresAt": c.ExpiresAt.UnixMilli(),
		"cachedUsage": map[string]any{
			"five_hour": window(primary, 2*time.Hour), "seven_day": window(secondary, 72*time.Hour),
		},
		"cachedUsageAt": now.UnixMilli(),
	}
}

// kyoli shows and runs one command; kyoliWith gives it stdin and does not show it.
func (d *demo) kyoli(ctx context.Context, args ...string) error {
	shown := make([]string, len(args))
	for i, arg := range args {
		shown[i] = strings.Replace(arg, d.exe, "kyoli", 1)
	}
	d.say("$ kyoli %s", strings.Join(shown, " "))
	c := d.command(ctx, args)
	c.Stdin, c.Stdout, c.Stderr = nil, d.f.Out, d.f.Err
	return d.run(c, args)
}

func (d *demo) kyoliWith(ctx context.Context, stdin []byte, args ...string) error {
	c := d.command(ctx, args)
	c.Stdin = strings.NewReader(string(stdin))
	c.Stdout, c.Stderr = d.f.Out, d.f.Err
	return d.run(c, args)
}

func (d *demo) run(c *exec.Cmd, args []string) error {
	if err := c.Run(); err != nil {
		return fmt.Errorf("kyoli %s: %w", args[0], err)
	}
	return nil
}

// command is kyoli itself, shut off from the user's own files.
func (d *demo) command(ctx context.Context, args []string) *exec.Cmd {
	if !d.f.outTTY() && (args[0] == "accounts" || args[0] == "refresh") {
		args = append([]string{"--format", formatTable}, args...)
	}
	c := exec.CommandContext(ctx, d.exe, args...)
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	for _, v := range d.f.Env.Environ() {
		if !strings.HasPrefix(v, "KYOLI_") && !strings.HasPrefix(v, "OPENCODE_") {
			c.Env = append(c.Env, v)
		}
	}
	c.Env = append(c.Env,
		"HOME="+d.dir, "USERPROFILE="+d.dir, "KYOLI_CONFIG_DIR="+d.configDir(),
		"XDG_STATE_HOME="+filepath.Join(d.dir, "state"), "XDG_DATA_HOME="+filepath.Join(d.dir, "data"))
	return c
}

// serveDemo runs the provider of a kept demo again.
func serveDemo(ctx context.Context, f *Factory, dir string) (err error) {
	d := &demo{f: f, dir: dir, provider: fakeprovider.New(fakeprovider.Options{Now: f.now})}
	data, err := regular.Read(d.statePath(), maxInput)
	if err != nil {
		return withHint(fmt.Errorf("no kept demo: %w", err), "kyoli demo --keep")
	}
	var state demoState
	if err := json.Unmarshal(data, &state); err != nil {
		return fmt.Errorf("%s: %w", d.statePath(), err)
	}
	if err := d.provider.Restore(state.Provider); err != nil {
		return fmt.Errorf("%s: %w", d.statePath(), err)
	}
	if err := d.listen(state.Addr); err != nil {
		return err
	}
	f.Note("the demo's provider is listening on %s; Ctrl-C ends it", d.url)
	<-ctx.Done()
	return d.close()
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // maps of strings and numbers always marshal
	}
	return b
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
