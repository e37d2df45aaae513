//go:build unix

package cmd

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/internal/fakeprovider"
	"github.com/kyoli-gam/kyoli/pkg/claims"
)

// playKyoli is the first argument that makes the test binary kyoli. That it is
// the stub of a child where exec asks for that is so wherever this package is.
const playKyoli = "__kyoli"

func init() {
	if len(os.Args) > 1 && os.Args[1] == playKyoli {
		os.Exit(Main("", os.Args[2:]))
	}
}

// execWorld is a provider on loopback, a home, and kyoli as a real process.
type execWorld struct {
	t        *testing.T
	dir      string
	provider *fakeprovider.Provider
	logins   []map[string]any
	env      []string
}

const execAccounts = "openai-multi-account-accounts.json"

// patience is how long a test waits for what only has to happen some time.
const patience = time.Minute

func newExecWorld(t *testing.T, names ...string) *execWorld {
	t.Helper()
	w := &execWorld{t: t, dir: t.TempDir(), provider: fakeprovider.New(fakeprovider.Options{})}
	server := httptest.NewServer(w.provider)
	t.Cleanup(server.Close)
	w.env = []string{
		"PATH=" + filepath.Join(w.dir, "bin") + ":" + os.Getenv("PATH"), "HOME=" + w.dir, "TERM=dumb",
		"XDG_DATA_HOME=" + filepath.Join(w.dir, "data"), "XDG_STATE_HOME=" + filepath.Join(w.dir, "state"),
		"KYOLI_CONFIG_DIR=" + filepath.Join(w.dir, "config"), "PROVIDER_URL=" + server.URL,
	}
	if zone, ok := os.LookupEnv("TZ"); ok { // times are local ones
		w.env = append([]string{"TZ=" + zone}, w.env...)
	}
	w.write("config/kyoli.yaml", "adapters:\n  openai: { token_url: \""+server.URL+"/oauth/token\", base_url: \""+server.URL+"/codex\" }\n")
	for _, name := range names {
		c := w.provider.AddAccount(fakeprovider.Account{ID: name, Email: name + "@example.com", Plan: "pro"})
		w.logins = append(w.logins, map[string]any{
			"uuid": name, "label": name, "email": name + "@example.com", "planTier": "pro", "accountId": name,
			"refreshToken": c.RefreshToken, "accessToken": c.AccessToken, "expiresAt": c.ExpiresAt.UnixMilli(),
			"addedAt": 1700000000000, "lastUsed": 1700000000000,
		})
	}
	w.save()
	return w
}

// set changes one field of one account in the file.
func (w *execWorld) set(account int, field string, value any) {
	w.t.Helper()
	w.logins[account][field] = value
	w.save()
}

// expire makes the account's access token one that has ended.
func (w *execWorld) expire(account int) {
	w.t.Helper()
	ended := w.provider.Expire(w.logins[account]["accessToken"].(string), time.Hour)
	w.set(account, "expiresAt", ended.UnixMilli())
}

func (w *execWorld) save() {
	w.t.Helper()
	if len(w.logins) == 0 {
		return
	}
	data, err := json.MarshalIndent(map[string]any{
		"version": 1, "accounts": w.logins, "activeAccountUuid": w.logins[0]["uuid"],
	}, "", "  ")
	if err != nil {
		w.t.Fatal(err)
	}
	w.write("config/"+execAccounts, string(data))
}

func (w *execWorld) path(name string) string { return filepath.Join(w.dir, name) }

func (w *execWorld) write(name, content string) {
	w.t.Helper()
	mode := os.FileMode(0o600)
	if strings.HasPrefix(content, "#!") {
		mode = 0o755
	}
	if err := os.MkdirAll(filepath.Dir(w.path(name)), 0o700); err != nil {
		w.t.Fatal(err)
	}
	syscall.ForkLock.RLock() // a process that is just being started must not have it open: "text file busy"
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(w.path(name), []byte(content), mode); err != nil {
		w.t.Fatal(err)
	}
}

func (w *execWorld) read(name string) string {
	w.t.Helper()
	data, err := os.ReadFile(w.path(name))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(data)
}

// refreshToken is the one that is stored now.
func (w *execWorld) refreshToken(account int) string {
	w.t.Helper()
	var file struct {
		Accounts []struct{ RefreshToken string }
	}
	if err := json.Unmarshal([]byte(w.read("config/"+execAccounts)), &file); err != nil {
		w.t.Fatal(err)
	}
	return file.Accounts[account].RefreshToken
}

func (w *execWorld) holders() map[string][]claims.Holder {
	w.t.Helper()
	view, err := claims.Open(w.path("config/"+execAccounts), claims.Options{}).View(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return view.Holders
}

// tokenRequests is how often the provider was asked for a token.
func (w *execWorld) tokenRequests() int {
	n := 0
	for _, r := range w.provider.Requests() {
		if r.Endpoint == "token" {
			n++
		}
	}
	return n
}

func (w *execWorld) command(args ...string) *exec.Cmd {
	exe, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	cmd := exec.Command(exe, append([]string{playKyoli}, args...)...)
	cmd.Env = w.env
	return cmd
}

// run runs kyoli to its end.
func (w *execWorld) run(args ...string) (code int, stdout, stderr string) {
	w.t.Helper()
	var out, errs bytes.Buffer
	cmd := w.command(args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		w.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// mustRun is run for what has to go well; it returns the output.
func (w *execWorld) mustRun(args ...string) string {
	w.t.Helper()
	code, out, errs := w.run(args...)
	if code != 0 {
		w.t.Fatalf("kyoli %q: exit code %d\n%s%s", args, code, out, errs)
	}
	return out
}

// session is a kyoli whose child reports lines and waits for its stdin.
type session struct {
	t    *testing.T
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	errs bytes.Buffer
}

// start runs kyoli exec with a shell script.
func (w *execWorld) start(script string) *session {
	w.t.Helper()
	return w.startCommand("sh", "-c", script)
}

func (w *execWorld) startCommand(command ...string) *session {
	w.t.Helper()
	return w.startExec(nil, command...)
}

// startExec runs kyoli exec with flags.
func (w *execWorld) startExec(flags []string, command ...string) *session {
	w.t.Helper()
	s := &session{t: w.t, cmd: w.command(append(append(append([]string{"exec"}, flags...), "--"), command...)...)}
	var err error
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		w.t.Fatal(err)
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	s.out = bufio.NewReader(out)
	s.cmd.Stderr = &s.errs
	if err := s.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = s.in.Close(); _ = s.cmd.Process.Kill(); _ = s.cmd.Wait() })
	return s
}

// line is the next line that the child writes, "" at the end.
func (s *session) line() string {
	s.t.Helper()
	text, err := s.out.ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		s.t.Fatal(err)
	}
	return strings.TrimSuffix(text, "\n")
}

// finish lets the child end and returns kyoli's exit code.
func (s *session) finish() int {
	s.t.Helper()
	_ = s.in.Close()
	if err := s.cmd.Wait(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		s.t.Fatal(err)
	}
	return s.cmd.ProcessState.ExitCode()
}
