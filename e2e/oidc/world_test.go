package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kyoli-gam/kyoli/e2e/oidc/issuer"
)

// world is a new user's home, and an OpenID provider on loopback.
type world struct {
	t      *testing.T
	home   string
	issuer string
	opened chan string // the pages that kyoli opened
	env    []string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, home: t.TempDir(), opened: make(chan string, 1)}
	var op http.Handler
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { op.ServeHTTP(rw, r) }))
	t.Cleanup(srv.Close)
	op = issuer.New(mustParse(t, srv.URL))
	w.issuer = srv.URL
	hand := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		page, _ := io.ReadAll(r.Body)
		w.opened <- string(page)
		rw.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(hand.Close)
	w.env = []string{
		"HOME=" + w.home, "PATH=" + binDir + string(os.PathListSeparator) + os.Getenv("PATH"),
		"DISPLAY=:0", // what is opened is the stand-in
		handoff + "=" + hand.URL,
	}
	return w
}

// fakeProvider starts the provider of the other tests, and returns its URL.
func (w *world) fakeProvider() string {
	w.t.Helper()
	cmd := exec.CommandContext(w.t.Context(), filepath.Join(binDir, "fakeprovider"))
	stdin, err := cmd.StdinPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = stdin.Close(); _ = cmd.Wait() })
	url, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.TrimSpace(url)
}

// run is a program under way.
type run struct {
	w              *world
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
}

func (w *world) start(name string, args ...string) *run {
	w.t.Helper()
	r := w.prepare(name, args...)
	r.begin()
	return r
}

func (w *world) prepare(name string, args ...string) *run {
	r := &run{w: w, cmd: exec.CommandContext(w.t.Context(), name, args...)}
	r.cmd.Env, r.cmd.Dir, r.cmd.Stdout, r.cmd.Stderr = w.env, w.home, &r.stdout, &r.stderr
	return r
}

func (r *run) begin() {
	r.w.t.Helper()
	if err := r.cmd.Start(); err != nil {
		r.w.t.Fatal(err)
	}
}

func (w *world) kyoli(args ...string) *run {
	w.t.Helper()
	return w.start(filepath.Join(binDir, "kyoli"), args...)
}

// ends waits for it, and holds its exit code and words on stderr against what they
// have to be.
func (r *run) ends(code int, words string) {
	r.w.t.Helper()
	_ = r.cmd.Wait() // the code says it
	if got := r.cmd.ProcessState.ExitCode(); got != code || !strings.Contains(r.stderr.String(), words) {
		r.w.t.Fatalf("%v: exit %d, want %d with %q\n%s%s", r.cmd.Args, got, code, words, &r.stdout, &r.stderr)
	}
}

// ok runs kyoli, which has to go well.
func (w *world) ok(args ...string) string {
	w.t.Helper()
	r := w.kyoli(args...)
	r.ends(0, "")
	return r.stdout.String()
}

// page is the one that kyoli opened. It fails where the program has ended without.
func (r *run) page() string {
	r.w.t.Helper()
	select {
	case page := <-r.w.opened:
		return page
	case <-r.w.t.Context().Done():
		r.w.t.Fatalf("%v opened no page: %s", r.cmd.Args, &r.stderr)
		return ""
	}
}

type account struct {
	Provider, Email, AccountID, Status string
}

func (w *world) accounts() []account {
	w.t.Helper()
	var list []account
	if err := json.Unmarshal([]byte(w.ok("accounts", "list", "--json")), &list); err != nil {
		w.t.Fatal(err)
	}
	return list
}

// noAccount holds that nothing was stored, not even half.
func (w *world) noAccount() {
	w.t.Helper()
	if list := w.accounts(); len(list) > 0 {
		w.t.Errorf("there are accounts: %+v", list)
	}
	files, _ := filepath.Glob(filepath.Join(w.home, ".config", "opencode", "*accounts.json*", "*"))
	for _, file := range files {
		w.t.Errorf("%s is left", file)
	}
}

// example is a world with an adapter for its provider.
func example(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.ok("providers", "add", "example", "--from-discovery", w.issuer, "--client-id", issuer.ClientID)
	return w
}
