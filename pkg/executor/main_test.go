//go:build unix

package executor

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kyoli-gam/kyoli/pkg/executor/stub"
)

// The test binary also plays kyoli, its stub, its child and a shell, so that
// every test runs real processes. Who it plays is its first argument.
const (
	roleKyoli = "__kyoli" // runs the rest of its arguments as a Process
	roleChild = "__child" // reports on descriptor 3 what it gets, see playChild
	roleShell = "__shell" // a shell with job control, see playShell
)

// reportFD is the descriptor on which the played processes report. It is
// inherited through kyoli, as a shell's 3>file would be.
const reportFD = 3

func TestMain(m *testing.M) {
	if stub.Asked(os.Args) {
		os.Exit(stub.Run(os.Args, os.Environ()))
	}
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case roleKyoli, roleChild, roleShell:
			go endWithTest()
		}
		switch os.Args[1] {
		case roleKyoli:
			os.Exit(playKyoli(os.Args[2:]))
		case roleChild:
			os.Exit(playChild(os.Args[2:]))
		case roleShell:
			os.Exit(playShell(os.Args[2:]))
		}
	}
	heedSignals()
	os.Exit(m.Run())
}

// heedSignals catches what this process was started with as ignored, as it is in the background of a script or under
// nohup: the processes of the tests would inherit that.
func heedSignals() {
	for _, s := range passed {
		if signal.Ignored(s) {
			signal.Notify(make(chan os.Signal, 1), s)
		}
	}
}

func testExe() string {
	exe, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return exe
}

func stubOfTest() []string { return []string{testExe(), stub.Arg} }

// endWithTest ends a played process once nobody reads its reports any more: the
// test was killed, and nothing else would end a child that ignores signals.
func endWithTest() {
	report := []unix.PollFd{{Fd: reportFD}}
	for {
		if n, err := unix.Poll(report, -1); err == nil && n > 0 {
			break
		}
	}
	if report[0].Revents&(unix.POLLERR|unix.POLLHUP) != 0 {
		os.Exit(1)
	}
}

// say reports one line.
func say(format string, args ...any) {
	_, _ = syscall.Write(reportFD, fmt.Appendf(nil, format+"\n", args...))
}

// playKyoli runs args as kyoli would and reports what happens to it.
func playKyoli(args []string) int {
	path, err := LookPath(args[0], os.Environ())
	if err != nil {
		say("lookpath %v", err)
		return CodeNotFound
	}
	p := &Process{
		Path: path, Args: args, Env: os.Environ(), Stub: stubOfTest(),
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Claim: func(_ context.Context, pid int) error {
			say("claim %d", pid)
			if wait := os.Getenv("TEST_CLAIM_WAIT"); wait != "" {
				_, _ = os.ReadFile(wait) // a FIFO: blocks until the test writes to it
			}
			return nil
		},
		Pause: func(context.Context) (func(), error) {
			say("pause")
			if wait := os.Getenv("TEST_PAUSE_WAIT"); wait != "" {
				_, _ = os.ReadFile(wait)
				say("idle")
			}
			return func() { say("resume") }, nil
		},
	}
	if err := p.Start(context.Background()); err != nil {
		say("start %v", err)
		return CodeNotExecutable
	}
	exit, err := p.Wait()
	if err != nil {
		say("wait %v", err)
	}
	return exit.Code
}

// playChild reports "ready PID", then each signal that it gets; USR2 ends it with
// exit code 42. Ctrl-Z does nothing more, but for the kinds "default-stop" (does
// not catch it), "tidy-stop" (reports that it tidied up, then stops itself) and
// "reader" (as default-stop, and USR1 makes it read its stdin).
func playChild(args []string) int {
	kind := strings.Join(args, " ")
	sigs := make(chan os.Signal, 64)
	for s := syscall.Signal(1); s < 32; s++ {
		stops := s == syscall.SIGTSTP || s == syscall.SIGTTIN || s == syscall.SIGTTOU
		if s == syscall.SIGPIPE || stops && (kind == "default-stop" || kind == "reader") {
			continue
		}
		signal.Notify(sigs, s)
	}
	say("ready %d", os.Getpid())
	for s := range sigs {
		say("got %s", sigName(s))
		switch {
		case s == syscall.SIGUSR2:
			return 42
		case s == syscall.SIGUSR1 && kind == "reader":
			n, err := os.Stdin.Read(make([]byte, 16))
			say("read %d %v", n, err)
		case s == syscall.SIGTSTP && kind == "tidy-stop":
			say("tidied")
			_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		}
	}
	return 0
}

var sigNames = map[os.Signal]string{
	syscall.SIGINT: "INT", syscall.SIGQUIT: "QUIT", syscall.SIGTERM: "TERM", syscall.SIGHUP: "HUP",
	syscall.SIGUSR1: "USR1", syscall.SIGUSR2: "USR2", syscall.SIGWINCH: "WINCH", syscall.SIGCONT: "CONT",
	syscall.SIGTSTP: "TSTP", syscall.SIGTTIN: "TTIN", syscall.SIGTTOU: "TTOU",
}

func sigName(s os.Signal) string {
	if name, ok := sigNames[s]; ok {
		return name
	}
	return s.String()
}

// run is a started process of a test and what is reported on its descriptor 3.
type run struct {
	t      *testing.T
	cmd    *exec.Cmd
	lines  chan string
	waited sync.Once
	err    error
}

// startRun starts the test binary in a role, with a pipe for its reports. Go
// processes preempt themselves with SIGURG; that is off, so that one that comes
// from outside can be seen.
func startRun(t *testing.T, env []string, start func(*exec.Cmd) error, args ...string) *run {
	t.Helper()
	reports, tell, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(testExe(), args...)
	cmd.Env = append(os.Environ(), "GODEBUG=asyncpreemptoff=1")
	cmd.Env = append(cmd.Env, env...)
	cmd.ExtraFiles = []*os.File{tell}
	r := &run{t: t, cmd: cmd, lines: make(chan string, 1024)}
	if err := start(cmd); err != nil {
		t.Fatal(err)
	}
	tell.Close()
	go func() {
		defer reports.Close()
		scan := bufio.NewScanner(reports)
		for scan.Scan() {
			r.lines <- scan.Text()
		}
		close(r.lines)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = r.wait()
	})
	return r
}

// plainStart starts a process without a terminal, also where the test has one.
func plainStart(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd.Start()
}

const patience = 30 * time.Second

// next is the next reported line, "" at the end.
func (r *run) next() string {
	r.t.Helper()
	select {
	case line := <-r.lines:
		return line
	case <-time.After(patience):
		r.t.Fatal("nothing was reported for too long")
		return ""
	}
}

// expect reads the next lines and compares them.
func (r *run) expect(want ...string) {
	r.t.Helper()
	for _, w := range want {
		if got := r.next(); got != w {
			r.t.Fatalf("reported %q, want %q", got, w)
		}
	}
}

// number reads a line "NAME N" and returns N.
func (r *run) number(name string) int {
	r.t.Helper()
	return r.numbers(name)[name]
}

// numbers reads a line "NAME N" for each name, in any order.
func (r *run) numbers(names ...string) map[string]int {
	r.t.Helper()
	got := map[string]int{}
	for range names {
		line := r.next()
		name, value, _ := strings.Cut(line, " ")
		n, err := strconv.Atoi(value)
		if err != nil || !slices.Contains(names, name) {
			r.t.Fatalf("reported %q, want one of %q and a number", line, names)
		}
		got[name] = n
	}
	return got
}

func (r *run) signal(s syscall.Signal) {
	r.t.Helper()
	if err := r.cmd.Process.Signal(s); err != nil {
		r.t.Fatal(err)
	}
}

func (r *run) wait() error {
	r.waited.Do(func() { r.err = r.cmd.Wait() })
	return r.err
}

// exitCode waits for the process.
func (r *run) exitCode() int {
	r.t.Helper()
	done := make(chan struct{})
	go func() { _ = r.wait(); close(done) }()
	select {
	case <-done:
		return r.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		r.t.Fatal("the process did not end")
		return -1
	}
}

// runHere runs a command as a Process of this process, and returns what it
// wrote to stdout.
func runHere(t *testing.T, p *Process) (string, Exit, error) {
	t.Helper()
	dir := t.TempDir()
	out, err := os.Create(filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	p.Stdin, p.Stdout, p.Stderr, p.Stub = null, out, out, stubOfTest()
	if p.Env == nil {
		p.Env = os.Environ()
	}
	if err := p.Start(t.Context()); err != nil {
		return "", Exit{}, err
	}
	exit, err := p.Wait()
	if _, serr := out.Seek(0, io.SeekStart); serr != nil {
		t.Fatal(serr)
	}
	text, rerr := io.ReadAll(out)
	if rerr != nil {
		t.Fatal(rerr)
	}
	return string(text), exit, err
}

// sh is a Process that runs a shell script.
func sh(script string, args ...string) *Process {
	return &Process{Path: "/bin/sh", Args: append([]string{"sh", "-c", script, "sh"}, args...)}
}
