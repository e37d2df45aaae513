//go:build unix

package cmd

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

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
	w.mustRun("accounts", "disable", "work", "--lock-timeout", "20s")
	s.shows("1 of 2 accounts usable", "disabled")
	s.choose("home", "Delete it")
	s.choose("delete", "Yes, delete it")
	w.mustRun("accounts", "rm", "--yes", "home", "--lock-timeout", "20s")
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
