//go:build unix

package executor

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
)

const ctrlC, ctrlBackslash, ctrlZ = 3, 28, 26

// startPlain starts kyoli with a child, without a terminal of their own.
func startPlain(t *testing.T, env []string, child ...string) (*run, int) {
	t.Helper()
	args := append([]string{roleKyoli, testExe(), roleChild}, child...)
	r := startRun(t, env, plainStart, args...)
	r.number("claim")
	return r, r.number("ready")
}

func TestSignalsArePassedOnOnce(t *testing.T) {
	r, _ := startPlain(t, nil)
	for _, s := range []syscall.Signal{
		syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGUSR1,
		syscall.SIGWINCH, syscall.SIGCONT, syscall.SIGTSTP, syscall.SIGTERM,
	} {
		// SIGURG and SIGCHLD are for kyoli itself: the child would report them.
		r.signal(syscall.SIGURG)
		r.signal(syscall.SIGCHLD)
		r.signal(s)
		r.expect("got " + sigName(s))
	}
	// The child has ignored TERM twice, and kyoli is still there.
	r.signal(syscall.SIGUSR2)
	r.expect("got USR2", "")
	if code := r.exitCode(); code != 42 {
		t.Errorf("exit code %d, want the child's 42", code)
	}
}

func TestDeathBySignalGivesItsCode(t *testing.T) {
	r, child := startPlain(t, nil)
	if err := syscall.Kill(child, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if code := r.exitCode(); code != 137 {
		t.Errorf("exit code %d, want 137", code)
	}
}

func TestChildOutlivesKyoli(t *testing.T) {
	r, child := startPlain(t, nil)
	r.signal(syscall.SIGKILL)
	if code := r.exitCode(); code != -1 {
		t.Fatalf("kyoli ended with %d, not by the signal", code)
	}
	for _, s := range []syscall.Signal{syscall.SIGUSR1, syscall.SIGUSR2} {
		if err := syscall.Kill(child, s); err != nil {
			t.Fatalf("the child did not outlive kyoli: %v", err)
		}
		r.expect("got " + sigName(s))
	}
	r.expect("")
}

func TestStubDiesWithKyoli(t *testing.T) {
	fifo := newFIFO(t)
	r := startRun(t, []string{"TEST_CLAIM_WAIT=" + fifo}, plainStart, roleKyoli, testExe(), roleChild)
	r.number("claim")
	r.signal(syscall.SIGKILL)
	r.expect("") // nobody holds the pipe any more, and no child was ready
}

func TestStopOfTheChildAloneDoesNotStopKyoli(t *testing.T) {
	r, child := startPlain(t, nil, "default-stop")
	if err := syscall.Kill(child, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	r.signal(syscall.SIGUSR1) // pending in the child until it goes on
	if err := syscall.Kill(child, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	r.expectAll("got USR1", "got CONT")
	r.signal(syscall.SIGUSR2)
	r.expect("got USR2", "")
}

func TestTerminalSignalsComeOnce(t *testing.T) {
	j := startJob(t, nil)
	j.drain()
	for _, tt := range []struct {
		want string
		do   func()
	}{
		{"INT", func() { j.key(ctrlC) }},
		{"QUIT", func() { j.key(ctrlBackslash) }},
		{"WINCH", func() {
			if err := pty.Setsize(j.terminal, &pty.Winsize{Rows: 7, Cols: 77}); err != nil {
				t.Fatal(err)
			}
		}},
		// This child takes TSTP and does not stop, so neither does kyoli.
		{"TSTP", func() { j.key(ctrlZ) }},
	} {
		tt.do()
		j.expect("got " + tt.want)
		// kyoli looks at its signals in order: had it passed the one before on,
		// the child would have it before this one.
		j.signalKyoli(syscall.SIGUSR1)
		j.expect("got USR1")
	}
	j.signalKyoli(syscall.SIGUSR2)
	j.expect("got USR2", "exit 42", "")
}

func TestStopAsInAShell(t *testing.T) {
	for _, tt := range []struct {
		name, child string
		before      []string
	}{
		{"child without a handler", "default-stop", nil},
		{"child that tidies up first", "tidy-stop", []string{"got TSTP", "tidied"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := startJob(t, nil, tt.child)
			j.drain()
			for range 2 { // the second time shows that nothing is left of the first
				j.key(ctrlZ)
				j.expect(tt.before...)
				j.expect("pause", "stopped")
				j.order("fg")
				j.expectAll("resume", "got CONT")
				j.signalKyoli(syscall.SIGUSR1)
				j.expect("got USR1")
			}
			j.key(ctrlC)
			j.expect("got INT")
			j.signalKyoli(syscall.SIGUSR2)
			j.expect("got USR2", "exit 42", "")
		})
	}
}

// With a lock held, kyoli stops only after it has been given back.
func TestStopWaitsForLocks(t *testing.T) {
	fifo := newFIFO(t)
	j := startJob(t, []string{"TEST_PAUSE_WAIT=" + fifo}, "default-stop")
	j.drain()
	j.key(ctrlZ)
	j.expect("pause")
	writeFIFO(t, fifo)
	j.expect("idle", "stopped")
	j.order("fg")
	j.expectAll("resume", "got CONT")
	j.signalKyoli(syscall.SIGUSR2)
	j.expect("got USR2", "exit 42")
}

// A child that is continued while kyoli still waits for its lock: kyoli does
// not stop any more.
func TestStopIsGivenUp(t *testing.T) {
	fifo := newFIFO(t)
	j := startJob(t, []string{"TEST_PAUSE_WAIT=" + fifo}, "default-stop")
	j.drain()
	j.key(ctrlZ)
	j.expect("pause")
	if err := syscall.Kill(j.child, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	j.expect("got CONT")
	j.signalKyoli(syscall.SIGUSR1)
	j.expect("got USR1")
	writeFIFO(t, fifo)
	j.expect("idle", "resume")
	j.signalKyoli(syscall.SIGUSR2)
	j.expect("got USR2", "exit 42")
}

func TestContinuingKyoliContinuesTheChild(t *testing.T) {
	j := startJob(t, nil, "default-stop")
	j.drain()
	j.key(ctrlZ)
	j.expect("pause", "stopped")
	j.order("cont") // kyoli alone, not its group
	j.expectAll("resume", "got CONT")
	j.signalKyoli(syscall.SIGUSR2)
	j.expect("got USR2", "exit 42")
}

// A child that reads the terminal in the background is stopped with its whole
// group, and goes on once it is in the foreground.
func TestBackgroundReaderIsStopped(t *testing.T) {
	j := startJob(t, nil, "reader")
	j.drain()
	j.key(ctrlZ)
	j.expect("pause", "stopped")
	j.order("bg")
	j.expectAll("resume", "got CONT")
	j.signalKyoli(syscall.SIGUSR1)
	j.expect("got USR1", "pause", "stopped")
	j.order("fg")
	j.expect("resume")
	if _, err := j.terminal.Write([]byte("line\n")); err != nil {
		t.Fatal(err)
	}
	j.expectAll("got CONT", "read 5 <nil>")
	j.signalKyoli(syscall.SIGUSR2)
	j.expect("got USR2", "exit 42")
}

// The runtime may hand kyoli the TSTP of a Ctrl-Z only when the stop that it led to is over, and the job in the
// background. It must not stop the child again; the next one must.
func TestLateStopIsNotPassedOn(t *testing.T) {
	cmd := exec.Command("cat")
	// A group of its own: the kernel drops TSTP in an orphaned one, which the test's may be.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	c := &child{pid: cmd.Process.Pid, tty: terminal{fd: -1}}
	c.resumed(true)
	c.pass(syscall.SIGTSTP)
	if _, err := io.WriteString(in, "on\n"); err != nil {
		t.Fatal(err)
	}
	if err := out.(*os.File).SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 3)); err != nil {
		t.Fatalf("the late stop was passed on: %v", err)
	}
	c.pass(syscall.SIGTSTP)
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(c.pid, &status, syscall.WUNTRACED, nil); err != nil || !status.Stopped() {
		t.Errorf("the next stop was not passed on: %v %v", status, err)
	}
	c.stopSeen = true // as when the terminal's TSTP is read in time
	c.resumed(true)
	if c.isLate() {
		t.Error("a stop that was read is awaited once more")
	}
}

// In the background the terminal sends us nothing, so what comes was sent to
// kyoli alone.
func TestBackgroundJobGetsWhatIsSentToKyoli(t *testing.T) {
	j := startJob(t, nil, "default-stop")
	j.drain()
	j.key(ctrlZ)
	j.expect("pause", "stopped")
	j.order("bg")
	j.expectAll("resume", "got CONT")
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGWINCH} {
		j.signalKyoli(s)
		j.expect("got " + sigName(s))
	}
	j.signalKyoli(syscall.SIGUSR2)
	j.expect("got USR2", "exit 42")
}

func newFIFO(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// writeFIFO lets the reader of a FIFO go on.
func writeFIFO(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, []byte("go\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}
