//go:build unix

package executor

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// commandFD is the descriptor on which the played shell is told what to do.
const commandFD = 4

// playShell is a shell with job control, as far as one job needs it: it runs
// args in their own process group in the foreground of its terminal, and when
// the job stops it takes the terminal back and waits for fg, bg or cont.
func playShell(args []string) int {
	job, err := syscall.ForkExec(testExe(), append([]string{testExe(), roleKyoli}, args...), &syscall.ProcAttr{
		Env:   os.Environ(),
		Files: []uintptr{0, 1, 2, reportFD},
		Sys:   &syscall.SysProcAttr{Setpgid: true, Foreground: true, Ctty: 0},
	})
	if err != nil {
		say("shell %v", err)
		return 1
	}
	say("job %d", job)
	commands := bufio.NewScanner(os.NewFile(commandFD, "commands"))
	for {
		var status syscall.WaitStatus
		_, err := syscall.Wait4(job, &status, syscall.WUNTRACED, nil)
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil:
			say("shell %v", err)
			return 1
		case !status.Stopped():
			giveTerminal(os.Getpid())
			say("exit %d", status.ExitStatus())
			return 0
		}
		giveTerminal(os.Getpid())
		say("stopped")
		commands.Scan()
		switch commands.Text() {
		case "fg":
			giveTerminal(job)
			_ = syscall.Kill(-job, syscall.SIGCONT)
		case "bg":
			_ = syscall.Kill(-job, syscall.SIGCONT)
		case "cont": // continues kyoli alone
			giveTerminal(job)
			_ = syscall.Kill(job, syscall.SIGCONT)
		}
	}
}

// giveTerminal makes group the foreground one of terminal 0. TTOU is ignored
// only meanwhile, since children would inherit it.
func giveTerminal(group int) {
	signal.Ignore(syscall.SIGTTOU)
	defer signal.Reset(syscall.SIGTTOU)
	if err := unix.IoctlSetPointerInt(0, unix.TIOCSPGRP, group); err != nil {
		say("terminal: %v", err)
	}
}

// job is a played kyoli in a played shell on a real pseudo-terminal.
type job struct {
	*run
	terminal *os.File
	commands *os.File
	kyoli    int
	child    int
}

// startJob starts kyoli with a child of the given kind in a shell, and returns
// when the child is ready.
func startJob(t *testing.T, env []string, child ...string) *job {
	t.Helper()
	j := startShell(t, env, child...)
	numbers := j.numbers("job", "claim", "ready")
	j.kyoli, j.child = numbers["job"], numbers["claim"]
	if ready := numbers["ready"]; ready != j.child {
		t.Fatalf("pid %d was claimed, %d runs", j.child, ready)
	}
	return j
}

// startClaim is startJob up to the claim.
func startClaim(t *testing.T, env []string, child ...string) *job {
	t.Helper()
	j := startShell(t, env, child...)
	numbers := j.numbers("job", "claim")
	j.kyoli, j.child = numbers["job"], numbers["claim"]
	return j
}

func startShell(t *testing.T, env []string, child ...string) *job {
	t.Helper()
	orders, commands, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	j := &job{commands: commands}
	args := append([]string{roleShell, testExe(), roleChild}, child...)
	j.run = startRun(t, env, func(cmd *exec.Cmd) error {
		cmd.ExtraFiles = append(cmd.ExtraFiles, orders)
		j.terminal, err = pty.Start(cmd)
		return err
	}, args...)
	orders.Close()
	t.Cleanup(func() { commands.Close(); j.terminal.Close() })
	return j
}

// drain reads what the terminal shows, so that nothing blocks on it.
func (j *job) drain() { go func() { _, _ = io.Copy(io.Discard, j.terminal) }() }

func (j *job) key(c byte) {
	j.t.Helper()
	if _, err := j.terminal.Write([]byte{c}); err != nil {
		j.t.Fatal(err)
	}
}

func (j *job) order(what string) {
	j.t.Helper()
	if _, err := io.WriteString(j.commands, what+"\n"); err != nil {
		j.t.Fatal(err)
	}
}

func (j *job) signalKyoli(s syscall.Signal) {
	j.t.Helper()
	if err := syscall.Kill(j.kyoli, s); err != nil {
		j.t.Fatal(err)
	}
}

// expectAll reads as many lines as are wanted, in any order.
func (r *run) expectAll(want ...string) {
	r.t.Helper()
	missing := map[string]int{}
	for _, w := range want {
		missing[w]++
	}
	for range want {
		got := r.next()
		if missing[got]--; missing[got] < 0 {
			r.t.Fatalf("reported %q, which is not (any more) among %q", got, want)
		}
	}
}
