//go:build unix

package cmd

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/term"

	"github.com/kyoli-gam/kyoli/internal/fakeprovider"
)

// screenful is a program on a pseudo-terminal with an emulator behind it, which
// draws what comes and answers what it is asked.
type screenful struct {
	t      *testing.T
	cmd    *exec.Cmd
	master *os.File
	tty    *os.File // the program's side, to see how it is set
	before *term.State
	vt     *vt.SafeEmulator

	mu     sync.Mutex
	output strings.Builder
	ended  sync.WaitGroup
}

func (w *execWorld) menu(width, height int, args ...string) *screenful {
	w.t.Helper()
	return w.onScreen(width, height, w.command(append([]string{"menu"}, args...)...))
}

// onScreen runs a program in a session of its own.
func (w *execWorld) onScreen(width, height int, cmd *exec.Cmd) *screenful {
	w.t.Helper()
	s := &screenful{t: w.t, cmd: cmd, vt: vt.NewSafeEmulator(width, height)}
	s.cmd.Env = append(append([]string(nil), w.env...), "TERM=xterm-256color")
	var err error
	if s.master, s.tty, err = pty.Open(); err != nil {
		w.t.Fatal(err)
	}
	s.setSize(width, height)
	if s.before, err = term.GetState(int(s.tty.Fd())); err != nil {
		w.t.Fatal(err)
	}
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = s.tty, s.tty, s.tty
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := s.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	s.ended.Go(s.draw)
	s.ended.Go(func() { _, _ = io.Copy(s.master, s.vt) })
	w.t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		s.tty.Close()
		_ = s.vt.Close()
		s.master.Close()
		s.ended.Wait()
	})
	return s
}

func (s *screenful) draw() {
	b := make([]byte, 4096)
	for {
		n, err := s.master.Read(b)
		_, _ = s.vt.Write(b[:n])
		s.mu.Lock()
		s.output.Write(b[:n])
		s.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (s *screenful) setSize(width, height int) {
	s.t.Helper()
	if err := pty.Setsize(s.tty, &pty.Winsize{Cols: uint16(width), Rows: uint16(height)}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *screenful) resize(width, height int) {
	s.t.Helper()
	s.vt.Resize(width, height)
	s.setSize(width, height)
	if err := s.cmd.Process.Signal(syscall.SIGWINCH); err != nil { // the terminal is not ours to tell it by itself
		s.t.Fatal(err)
	}
}

// written is all that came out, with its control sequences.
func (s *screenful) written() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.output.String()
}

// picture is what is on the screen, to the last line in which there is something.
func (s *screenful) picture() string {
	var lines []string
	for line := range strings.SplitSeq(s.vt.String(), "\n") {
		lines = append(lines, strings.TrimRight(line, " \r"))
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

func (s *screenful) await(what string, ok func() bool) {
	s.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			s.t.Fatalf("never shown: %s; now:\n%s\n%q", what, s.picture(), s.written()[max(0, len(s.written())-300):])
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (s *screenful) shows(texts ...string) {
	s.t.Helper()
	for _, text := range texts {
		s.await(text, func() bool { return strings.Contains(s.picture(), text) })
	}
}

func (s *screenful) types(keys ...string) {
	s.t.Helper()
	for _, key := range keys {
		if _, err := s.master.WriteString(key); err != nil {
			s.t.Fatal(err)
		}
	}
}

// Keys, as a terminal sends them.
const (
	keyUp, keyDown, keyEnd  = "\x1b[A", "\x1b[B", "\x1b[F"
	keyEnter, keyEsc        = "\r", "\x1b"
	keyCtrlC, keyCtrlZ      = "\x03", "\x1a"
	takesScreen, givesIt    = "\x1b[?1049h", "\x1b[?1049l"
	hidesCursor, showsIt    = "\x1b[?25l", "\x1b[?25h"
	bracketsPaste, asBefore = "\x1b[?2004h", "\x1b[?2004l"
)

// choose types a filter and chooses what it finds first.
func (s *screenful) choose(filter, then string) {
	s.t.Helper()
	s.types("/", filter)
	s.shows("/" + filter)
	s.types(keyEnter)
	s.shows(then)
}

// isGivenBack holds the terminal against what it was.
func (s *screenful) isGivenBack() {
	s.t.Helper()
	now, err := term.GetState(int(s.tty.Fd()))
	if err != nil {
		s.t.Fatal(err)
	}
	if d := cmp.Diff(s.before, now, cmp.Exporter(func(reflect.Type) bool { return true })); d != "" {
		s.t.Errorf("keys are read otherwise than before: %s", d)
	}
	all := s.written()
	for on, off := range map[string]string{takesScreen: givesIt, hidesCursor: showsIt, bracketsPaste: asBefore} {
		if strings.LastIndex(all, on) > strings.LastIndex(all, off) {
			s.t.Errorf("%q is not undone: %q", on, all[max(0, len(all)-500):])
		}
	}
}

// ends waits for the end.
func (s *screenful) ends() syscall.WaitStatus {
	s.t.Helper()
	if err := s.cmd.Wait(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		s.t.Fatal(err)
	}
	s.await("the terminal as it was", func() bool {
		all := s.written()
		return strings.LastIndex(all, givesIt) > strings.LastIndex(all, takesScreen)
	})
	s.isGivenBack()
	return s.cmd.ProcessState.Sys().(syscall.WaitStatus)
}

var countdowns = regexp.MustCompile(`\b[0-9]+:[0-9][0-9](:[0-9][0-9])?\b`)

// golden collects pictures, and holds them against a file. KYOLI_GOLDEN_UPDATE
// writes it.
type golden struct {
	file string
	all  strings.Builder
}

func (g *golden) take(s *screenful, name string) {
	picture := countdowns.ReplaceAllStringFunc(s.picture(), func(time string) string {
		return regexp.MustCompile("[0-9]").ReplaceAllString(time, "9")
	})
	fmt.Fprintf(&g.all, "== %s (%d×%d)\n%s\n", name, s.vt.Width(), s.vt.Height(), picture)
}

func (g *golden) check(t *testing.T) {
	t.Helper()
	if os.Getenv("KYOLI_GOLDEN_UPDATE") != "" {
		if err := os.WriteFile(g.file, []byte(g.all.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(g.file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), g.all.String()); d != "" {
		t.Errorf("%s (KYOLI_GOLDEN_UPDATE=1 writes it): %s", g.file, d)
	}
}

// The whole way through the menu, as it looks.
func TestMenuOnAScreen(t *testing.T) {
	t.Parallel()
	w := newExecWorld(t, "work", "home", "evil")
	for i := range 3 { // times that take the same room however long this takes
		w.set(i, "expiresAt", time.Now().Add(5*time.Hour+30*time.Minute).UnixMilli())
	}
	w.limited(1, 2*time.Hour+30*time.Minute)
	w.set(2, "label", "e\x1b[31mvi\u202el\x1b]0;title\a")
	g := &golden{file: "testdata/menu.golden"}
	s := w.menu(80, 24)
	s.shows("2 of 3 accounts usable", "rate-limited")
	g.take(s, "first page")

	s.types("/", "hom")
	s.shows("/hom")
	g.take(s, "filter")
	s.types(keyEnter)
	s.shows("Change its label")
	g.take(s, "account")
	s.choose("label", "label (- for none): home")
	s.types("\x15", "büro 山")
	s.shows("büro 山")
	g.take(s, "question")
	s.types(keyEnter)
	s.shows("its label is büro 山")
	s.choose("disable", "disabled")
	g.take(s, "disabled")
	s.choose("delete", "Yes, delete it")
	g.take(s, "confirmation")
	s.types(keyDown, keyEnter)
	s.shows("deleted büro 山", "2 of 2 accounts usable")
	g.take(s, "deleted")

	s.choose("strategy", "all providers")
	s.types(keyEnter)
	s.shows("round-robin")
	g.take(s, "strategy")
	s.types(keyDown, keyDown, keyEnter)
	s.shows("account_selection_strategy = hybrid")
	s.types(keyEsc)
	s.shows("Add an account")
	s.choose("pools", "Create a pool")
	s.types(keyEnter)
	s.shows("name of the pool:")
	s.types("team", keyEnter)
	s.shows("Add accounts to it")
	s.types(keyEnter)
	s.shows("Add accounts to team")
	s.types(keyEnter)
	s.shows("work is in it now")
	s.types(keyEsc)
	s.shows("PLACE")
	g.take(s, "pool")
	s.types(keyEsc)
	s.shows("Create a pool")
	s.types(keyEsc)
	s.shows("1 pool", "hybrid")

	s.resize(40, 10)
	s.await("a small picture", func() bool {
		return len(strings.Split(s.picture(), "\n")) <= 10 && strings.Contains(s.picture(), "> Pools")
	})
	s.types(keyEnd)
	s.shows("> ")
	s.await("the last account", func() bool { return strings.Contains(s.picture(), ">    evil") })
	g.take(s, "small")
	s.resize(100, 30)
	s.await("a large picture", func() bool { return len(strings.Split(s.picture(), "\n")) == 30 })
	s.types("q")
	if status := s.ends(); status.ExitStatus() != 0 {
		t.Errorf("it ended with %v", status)
	}
	g.check(t)
	if text := s.written(); strings.Contains(text, "title") || strings.Contains(text, "\u202e") || strings.Contains(text, "\x1b[31mvi") {
		t.Error("a name did harm")
	}
	stdout := w.mustRun("pools", "show", "team")
	if !strings.Contains(stdout, "work") || !strings.Contains(w.read("config/kyoli.yaml"), "account_selection_strategy: hybrid") {
		t.Errorf("%s\n%s", stdout, w.read("config/kyoli.yaml"))
	}
}

// What other processes do is shown, and no lock is held while the menu waits.
func TestMenuFollowsOthers(t *testing.T) {
	t.Parallel()
	w := newExecWorld(t, "work", "home")
	s := w.onScreen(80, 24, w.command()) // kyoli alone
	s.shows("2 of 2 accounts usable")
	w.mustRun("accounts", "disable", "work", "--lock-timeout", "2s")
	s.shows("1 of 2 accounts usable", "disabled")
	s.choose("home", "Delete it")
	s.choose("delete", "Yes, delete it")
	w.mustRun("accounts", "rm", "--yes", "home", "--lock-timeout", "2s")
	s.shows("the account is not there any more", "0 of 1 account usable")
	w.mustRun("config", "set", "account_selection_strategy", "hybrid")
	s.shows("hybrid")
	w.mustRun("pools", "create", "team", "work")
	s.shows("1 pool")
	w.write("config/"+execAccounts, "{")
	s.shows("warning: ", "hint: ")
	w.save()
	s.await("mended", func() bool { return !strings.Contains(s.picture(), "warning: ") })
	s.types("q")
	s.ends()
}

// Whatever ends it, the terminal is as it was.
func TestMenuGivesTheTerminalBack(t *testing.T) {
	t.Parallel()
	by := func(sig syscall.Signal) func(*screenful) {
		return func(s *screenful) { _ = s.cmd.Process.Signal(sig) }
	}
	keys := func(keys ...string) func(*screenful) { return func(s *screenful) { s.types(keys...) } }
	for name, tt := range map[string]struct {
		end    func(*screenful)
		signal syscall.Signal
		code   int
	}{
		"q":      {end: keys("q")},
		"Esc":    {end: keys(keyEsc)},
		"Ctrl-C": {end: keys(keyCtrlC), signal: syscall.SIGINT},
		"INT":    {end: by(syscall.SIGINT), signal: syscall.SIGINT},
		"TERM":   {end: by(syscall.SIGTERM), signal: syscall.SIGTERM},
		"HUP":    {end: by(syscall.SIGHUP), signal: syscall.SIGHUP},
		"QUIT":   {end: by(syscall.SIGQUIT), code: 131},
		"TERM in a question": {signal: syscall.SIGTERM, end: func(s *screenful) {
			s.choose("work", "Change its label")
			s.choose("label", "label (- for none)")
			by(syscall.SIGTERM)(s)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newExecWorld(t, "work")
			s := w.menu(80, 24)
			s.t = t
			s.shows("1 of 1 account usable")
			tt.end(s)
			status := s.ends()
			if status.Signaled() != (tt.signal != 0) || status.Signaled() && status.Signal() != tt.signal || status.Exited() && status.ExitStatus() != tt.code {
				t.Errorf("it ended with %d, signal %v", status.ExitStatus(), status.Signal())
			}
			if all := s.written(); strings.Contains(all, "goroutine") || strings.Contains(all, "kyoli:") {
				t.Errorf("it says %q", all)
			}
		})
	}
}

// loginAdapter has the provider take logins in a browser, at any free port.
func (w *execWorld) loginAdapter() {
	w.t.Helper()
	server := strings.TrimPrefix(w.env[len(w.env)-1], "PROVIDER_URL=")
	w.write("config/kyoli.yaml", `adapters:
  openai:
    token_url: "`+server+`/oauth/token"
    authorize_url: "`+server+`/oauth/authorize"
    redirect_url: "http://127.0.0.1/auth/callback"
    base_url: "`+server+`/codex"
    usage_url: "`+server+`/usage"
    profile_url: "`+server+`/profile"
`)
}

// logInAs is the browser of somebody who logs in.
func (w *execWorld) logInAs(address, who string) {
	w.t.Helper()
	answer, err := http.Get(address + "&as=" + who)
	if err != nil {
		w.t.Fatal(err)
	}
	answer.Body.Close()
}

func cutLast(text, sep string) (before, after string) {
	i := max(strings.LastIndex(text, sep), 0)
	return text[:i], text[i:]
}

// browse is where a login waits for the browser.
func (s *screenful) browse() (callback string) {
	s.t.Helper()
	s.shows("/authorize?")
	var text string
	s.await("the whole address", func() bool {
		_, text = cutLast(strings.ReplaceAll(s.written(), "\r\n", "\n"), givesIt)
		return strings.Contains(text, "http://") && strings.Contains(text, "waiting for the browser")
	})
	address, _, _ := strings.Cut(text[strings.Index(text, "http://"):], "\n")
	return strings.TrimSpace(address)
}

// A login has the terminal for itself. Ctrl-C cancels it and comes back, and so
// does its end.
func TestMenuLogsIn(t *testing.T) {
	t.Parallel()
	w := newExecWorld(t, "work")
	w.loginAdapter()
	s := w.menu(80, 24)
	s.shows("1 of 1 account usable")
	s.choose("add", "Log in at")
	s.choose("openai", "/authorize?")
	s.browse()
	s.isGivenBack()
	s.types(keyCtrlC)
	s.shows("cancelled", "Take over OpenCode's login")

	s.types(keyEnter)
	s.await("a second login", func() bool { return strings.Count(s.written(), givesIt) == 2 })
	w.logInAs(s.browse(), "home")
	s.shows("2 of 2 accounts usable", "added home@example.com")

	s.choose("work", "Log in again")
	s.choose("again", "/authorize?")
	w.logInAs(s.browse(), "home")
	s.shows("Log in again", "hint: ")
	s.types("q")
	if status := s.ends(); status.ExitStatus() != 0 {
		t.Errorf("it ended with %v", status)
	}
}

// A quota check says what it does, takes what it finds into the list, and is
// cancelled by Ctrl-C.
func TestMenuChecksQuotas(t *testing.T) {
	t.Parallel()
	w := newExecWorld(t, "work", "home")
	w.loginAdapter()
	hold := make(chan struct{})
	w.provider.Behave(fakeprovider.Behaviour{Endpoint: "usage", Times: 2, Until: hold})
	s := w.menu(100, 24)
	s.shows("2 of 2 accounts usable")
	s.types("/", "quotas", keyEnter)
	s.shows("checking quotas …", "asking openai: 0 of 2", "Ctrl-C cancels")
	w.mustRun("accounts", "label", "home", "at home", "--lock-timeout", "2s")
	s.shows("at home")
	s.types("q", keyCtrlC)
	s.shows("cancelled", "Enter chooses")
	close(hold)
	s.types(keyEnter)
	s.shows("‹ Quotas", "AS OF")
	s.types(keyEsc)
	s.shows("2 of 2 accounts usable", "5H", "%")
	s.types("q")
	if status := s.ends(); status.ExitStatus() != 0 {
		t.Errorf("it ended with %v", status)
	}
}

// A token that is being renewed when the menu is ended is saved nevertheless.
func TestMenuSavesATokenAtItsEnd(t *testing.T) {
	t.Parallel()
	w := newExecWorld(t, "work")
	w.loginAdapter()
	w.expire(0)
	before := w.refreshToken(0)
	asked, hold := make(chan struct{}), make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		close(asked)
		<-hold
		w.provider.ServeHTTP(rw, r)
	}))
	t.Cleanup(slow.Close)
	config := w.read("config/kyoli.yaml")
	w.write("config/kyoli.yaml", regexp.MustCompile(`token_url: "http://[^/]*`).ReplaceAllString(config, `token_url: "`+slow.URL))
	s := w.menu(80, 24)
	s.shows("1 of 1 account usable")
	s.types("/", "quotas", keyEnter)
	s.shows("checking quotas …")
	select {
	case <-asked:
	case <-time.After(30 * time.Second):
		t.Fatal("no token was asked for")
	}
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.await("the terminal given back", func() bool { return strings.Contains(s.written(), givesIt) })
	close(hold)
	if status := s.ends(); status.Signal() != syscall.SIGTERM {
		t.Errorf("it ended with %v", status)
	}
	if after := w.refreshToken(0); after == before {
		t.Error("the new token is lost")
	}
	if w.tokenRequests() != 1 {
		t.Errorf("%d token requests", w.tokenRequests())
	}
}

// Ctrl-Z gives the terminal back to the shell, and fg takes it again.
func TestMenuIsStoppedAndGoesOn(t *testing.T) {
	t.Parallel()
	w := newExecWorld(t, "work")
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	shell := exec.Command("sh", "-c", `set -m; "$0" `+playKyoli+` menu; echo stopped $?; read x; fg >/dev/null; echo ended $?; read x`, exe)
	s := w.onScreen(80, 24, shell)
	s.shows("1 of 1 account usable")
	s.types(keyCtrlZ)
	s.shows("stopped ")
	s.isGivenBack()
	if strings.Contains(s.picture(), "stopped 0") {
		t.Error("it ended instead")
	}
	s.types("\n")
	s.shows("1 of 1 account usable", "Enter chooses")
	w.mustRun("accounts", "disable", "work")
	s.shows("0 of 1 account usable")
	s.types(keyDown, "q")
	s.shows("ended 0")
	s.isGivenBack()
	s.types("\n")
	s.ends()
}

// A terminal without a shell is nobody's to wait at.
func TestMenuWithoutAShellIsNotStopped(t *testing.T) {
	t.Parallel()
	w := newExecWorld(t, "work")
	s := w.menu(80, 24)
	s.shows("1 of 1 account usable")
	s.types(keyCtrlZ)
	w.mustRun("accounts", "disable", "work")
	s.shows("0 of 1 account usable")
	s.types("q")
	s.ends()
}
