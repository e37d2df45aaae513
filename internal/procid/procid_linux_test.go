package procid

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// waitFor waits until /proc shows what is awaited, for the kernel takes its time to end a process
// and its threads.
func waitFor(t *testing.T, pid int, ok func(stat) bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for time.Now().Before(deadline) {
		b, err := os.ReadFile("/proc/" + itoa(pid) + "/stat")
		if err != nil {
			t.Fatal(err)
		}
		if s, err := parseStat(b); err == nil && ok(s) {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("process %d never got there", pid)
}

func TestZombieIsDead(t *testing.T) {
	pid, cmd := startSleeper(t)
	p, err := Of(pid)
	if err != nil {
		t.Fatal(err)
	}
	_ = cmd.Process.Kill() // and not reaped before the end of the test
	waitFor(t, pid, func(s stat) bool { return s.state == 'Z' && s.threads == "1" })
	if err := syscall.Kill(pid, 0); err != nil {
		t.Fatalf("the zombie is gone, so this test shows nothing: %v", err)
	}
	if st := p.Alive(Self()); st.Life != Dead || st.Why != whyZombie {
		t.Errorf("a zombie is %+v", st)
	}
}

func TestStoppedIsAlive(t *testing.T) {
	pid, _ := startSleeper(t)
	p, _ := Of(pid)
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	waitFor(t, pid, func(s stat) bool { return s.state == 'T' })
	if st := p.Alive(Self()); st.Life != Alive {
		t.Errorf("a stopped process is %+v", st)
	}
}

// nobody is a user that we are not.
const nobody = 65534

// forAll is a copy of a program that every user can run.
func forAll(t *testing.T, path string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "procid")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	binary, err := os.ReadFile(path)
	program := filepath.Join(dir, "program")
	if err := errors.Join(err, os.WriteFile(program, binary, 0o700), os.Chmod(program, 0o755), os.Chmod(dir, 0o755)); err != nil {
		t.Fatal(err)
	}
	return program
}

// judge runs the helper that looks at p from elsewhere.
func judge(t *testing.T, p Process, attr *syscall.SysProcAttr) (verdict, error) {
	t.Helper()
	cmd := helper(t, "judge")
	in, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdin = strings.NewReader(string(in))
	cmd.SysProcAttr = attr
	cmd.Dir = "/"
	if attr.Credential != nil {
		cmd.Path = forAll(t, cmd.Path)
	}
	out, err := cmd.Output()
	var v verdict
	if err == nil {
		err = json.Unmarshal(out, &v)
	}
	return v, err
}

func TestSomebodyElsesIsAlive(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root to become another user")
	}
	v, err := judge(t, Self(), &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}})
	if err != nil {
		t.Fatal(err)
	}
	if v.State.Life != Alive {
		t.Errorf("for another user we are %+v", v.State)
	}
}

// TestEPERMIsAlive asks the kernel only, as where /proc hides other people's processes.
func TestEPERMIsAlive(t *testing.T) {
	pid, cmd := startSleeper(t)
	if os.Geteuid() != 0 {
		pid = 1
	}
	var asked error
	var why string
	var other sync.WaitGroup
	other.Go(func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with this goroutine, and its user with it
		if os.Geteuid() == 0 {
			if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, nobody, nobody, nobody); errno != 0 {
				t.Errorf("becoming another user: %v", errno)
			}
		}
		asked, why = unix.Kill(pid, 0), signal0(pid)
	})
	other.Wait()
	if !errors.Is(asked, unix.EPERM) || why != "" {
		t.Errorf("the kernel says %v, and so somebody else's process is %q", asked, why)
	}
	pid = cmd.Process.Pid
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if why := signal0(pid); why != whyGone {
		t.Errorf("a reaped child is %q", why)
	}
}

func TestOtherPIDNamespaceIsUnknown(t *testing.T) {
	v, err := judge(t, Self(), &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID})
	if err != nil {
		v, err = judge(t, Self(), &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWUSER})
	}
	if err != nil {
		t.Skipf("no PID namespaces here: %v", err)
	}
	if v.Self.PIDNs == Self().PIDNs || v.Self.PIDNs == "" {
		t.Errorf("namespace inside %q, outside %q", v.Self.PIDNs, Self().PIDNs)
	}
	if v.Self.PID != 1 {
		t.Errorf("PID inside is %d", v.Self.PID)
	}
	// /proc still shows our namespace there; its process 1 is another one.
	if v.Self.StartTime != "" {
		t.Errorf("took the start time %q out of a foreign /proc", v.Self.StartTime)
	}
	if v.State.Life != Unknown || !v.State.SameClock {
		t.Errorf("from inside we are %+v", v.State)
	}
	if st := v.Self.Alive(Self()); st.Life != Unknown || !st.SameClock {
		t.Errorf("from outside it is %+v", st)
	}
}

func TestParseStat(t *testing.T) {
	rest := " 1 2 3 0 -1 4194304 1 0 0 0 5 6 0 0 20 0 THREADS 0 987654 1 2 3"
	line := func(comm, state, threads string) string {
		return "12 (" + comm + ") " + state + strings.ReplaceAll(rest, "THREADS", threads)
	}
	tests := []struct {
		name, in, start, gone string
		bad                   bool
	}{
		{name: "plain", in: line("cat", "S", "1"), start: "987654"},
		{name: "brackets and blanks in the name", in: line(") Z 1 (x y)", "R", "1"), start: "987654"},
		{name: "line feed in the name", in: line("a\nb", "R", "1"), start: "987654"},
		{name: "zombie", in: line("x", "Z", "1"), start: "987654", gone: whyZombie},
		{name: "first thread ended, others run", in: line("x", "Z", "4"), start: "987654"},
		{name: "dead", in: line("x", "X", "1"), start: "987654", gone: whyGone},
		{name: "cut off", in: "12 (cat) S 1 2 3", bad: true},
		{name: "empty", in: "", bad: true},
		{name: "no number", in: strings.ReplaceAll(line("x", "S", "1"), "987654", "abc"), bad: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseStat([]byte(tt.in))
			if (err != nil) != tt.bad {
				t.Fatalf("err = %v", err)
			}
			if got.start != tt.start || (err == nil && got.gone() != tt.gone) {
				t.Errorf("got %+v (%q)", got, got.gone())
			}
		})
	}
}

func FuzzParseStat(f *testing.F) {
	own, _ := os.ReadFile("/proc/self/stat")
	f.Add(own)
	f.Add([]byte("1 (a) b) S 1 2 3 0 -1 4194304 1 0 0 0 5 6 0 0 20 0 1 0 55 1 2 3"))
	f.Add([]byte(")"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := parseStat(b)
		if err != nil {
			return
		}
		if s.start == "" || strings.Trim(s.start, "0123456789") != "" {
			t.Errorf("start time %q", s.start)
		}
	})
}

func itoa(n int) string {
	b, _ := json.Marshal(n)
	return string(b)
}
