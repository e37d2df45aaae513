package executor

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/pkg/executor/stub"
)

// What the child inherits is what it would have without kyoli: descriptors
// (with those that kyoli's parent meant for it), ignored and blocked signals.
func TestChildInheritsWhatItWouldWithoutKyoli(t *testing.T) {
	const look = `ls -l /proc/self/fd | sed 's/.*:.. //; s/pipe:.*/pipe/; s,/proc/[0-9]*,/proc/PID,'; grep ^Sig[BI] /proc/self/status; ulimit -n; umask; pwd; ps -o pgid= $$ >/dev/null`
	for _, tt := range []struct{ name, prefix string }{
		{"plain", ""},
		{"descriptors 4 and 9 open", `exec 4</dev/null 9>/dev/zero; `},
		{"HUP and INT ignored, as by nohup", `trap "" HUP INT; `},
		{"few descriptors", `ulimit -Sn 64; `},
	} {
		t.Run(tt.name, func(t *testing.T) {
			direct := shOutput(t, tt.prefix+`exec "$@"`, "/bin/sh", "-c", look)
			through := shOutput(t, tt.prefix+`exec "$@"`, testExe(), roleKyoli, "/bin/sh", "-c", look)
			if direct != through {
				t.Errorf("without kyoli:\n%s\nwith it:\n%s", direct, through)
			}
		})
	}
}

// shOutput runs a shell script with a pipe as descriptor 3 and returns its
// output.
func shOutput(t *testing.T, script string, args ...string) string {
	t.Helper()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	reports, tell, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reports.Close() // not before: the played kyoli ends once nobody can read its reports
	defer tell.Close()
	p, err := os.StartProcess("/bin/sh", append([]string{"sh", "-c", script, "sh"}, args...), &os.ProcAttr{
		Env: os.Environ(), Files: []*os.File{null, null, out, tell},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Wait(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestArgumentsAndVariablesAreExact(t *testing.T) {
	p := sh(`cat /proc/$$/cmdline; echo; cat /proc/$$/environ`, "", "a b", "line\nbreak", "\xff\xfe", "--", "$HOME")
	p.Env = []string{"A=1", "EMPTY=", "B=x=y", "C=line\nbreak", "D=\xff"}
	out, exit, err := runHere(t, p)
	if err != nil || exit.Code != 0 {
		t.Fatalf("%+v, %v", exit, err)
	}
	want := strings.Join(p.Args, "\x00") + "\x00\n" + strings.Join(p.Env, "\x00") + "\x00"
	if out != want {
		t.Errorf("got %q\nwant %q", out, want)
	}
}

// The start time, by which claims tell a process from a later one of the same
// pid, does not change when the stub becomes the command.
func TestStartTimeStays(t *testing.T) {
	p := sh(`cat /proc/$$/stat`)
	var claimed []string
	p.Claim = func(_ context.Context, pid int) error {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		claimed = strings.Fields(string(stat))
		return err
	}
	out, _, err := runHere(t, p)
	if err != nil {
		t.Fatal(err)
	}
	now := strings.Fields(out)
	const pidField, startField = 0, 21
	if now[pidField] != claimed[pidField] || now[startField] != claimed[startField] {
		t.Errorf("claimed pid %s started at %s, the command is pid %s started at %s",
			claimed[pidField], claimed[startField], now[pidField], now[startField])
	}
}

// The stub's arguments hold the command's, and nothing else; its variables are
// those of the command.
func TestStubShowsNoMoreThanTheCommand(t *testing.T) {
	p := sh("exit 0")
	p.Env = []string{"KYOLI_ACCESS_TOKEN=at-secret"}
	p.Claim = func(_ context.Context, pid int) error {
		args := stubArgs(t, pid)
		if bytes.Contains(args, []byte("at-secret")) {
			t.Errorf("a variable's value is in the arguments: %q", args)
		}
		if !bytes.HasSuffix(args, []byte("sh\x00-c\x00exit 0\x00sh\x00")) {
			t.Errorf("arguments of the stub: %q", args)
		}
		env := ""
		awaitFile(t, fmt.Sprintf("/proc/%d/environ", pid), func(text string) bool {
			env = text
			return text != ""
		})
		if env != "KYOLI_ACCESS_TOKEN=at-secret\x00" {
			t.Errorf("variables of the stub: %q", env)
		}
		return nil
	}
	if _, _, err := runHere(t, p); err != nil {
		t.Fatal(err)
	}
}

func TestKeysReachTheStub(t *testing.T) {
	for _, tt := range []struct {
		name string
		key  byte
		code int
	}{{"INT", ctrlC, 130}, {"QUIT", ctrlBackslash, 131}} {
		t.Run(tt.name, func(t *testing.T) {
			fifo := newFIFO(t)
			j := startClaim(t, []string{"TEST_CLAIM_WAIT=" + fifo}, "default-stop")
			stub := j.child
			shown := make(chan string, 1)
			go func() { text, _ := io.ReadAll(j.terminal); shown <- string(text) }()
			awaitStub(t, stub)
			j.key(tt.key)
			awaitZombie(t, stub)
			writeFIFO(t, fifo)
			j.expect(fmt.Sprintf("exit %d", tt.code), "")
			if text := <-shown; strings.Contains(text, "goroutine") {
				t.Errorf("the stub showed its stacks:\n%s", text)
			}
		})
	}
}

// awaitStub waits until the stub listens: it then has closed its end of the
// pipe to the command (close-on-exec).
func awaitStub(t *testing.T, pid int) {
	t.Helper()
	fields := strings.Split(string(stubArgs(t, pid)), "\x00")
	fd := fields[slices.Index(fields, stub.Arg)+1]
	awaitFile(t, fmt.Sprintf("/proc/%d/fdinfo/%s", pid, fd), func(text string) bool {
		_, flags, _ := strings.Cut(text, "flags:")
		return strings.HasPrefix(strings.TrimSpace(flags), "02")
	})
}

// stubArgs is the argument vector of a new process. The kernel shows none for
// the last moment of an exec.
func stubArgs(t *testing.T, pid int) (args []byte) {
	t.Helper()
	awaitFile(t, fmt.Sprintf("/proc/%d/cmdline", pid), func(text string) bool {
		args = []byte(text)
		return text != ""
	})
	return args
}

func awaitZombie(t *testing.T, pid int) {
	t.Helper()
	awaitFile(t, fmt.Sprintf("/proc/%d/stat", pid), func(text string) bool {
		return strings.Contains(text, ") Z ")
	})
}

// awaitFile looks at a file until it is as it should be.
func awaitFile(t *testing.T, path string, ok func(string) bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		text, err := os.ReadFile(path)
		if err == nil && ok(string(text)) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s did not become what it should: %q, %v", path, text, err)
		}
		time.Sleep(time.Millisecond)
	}
}
