package e2e_test

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// needStrace skips where strace is missing, or may not trace. .ci/run installs it.
func needStrace(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("strace is not installed (package strace)")
	}
	if out, err := exec.Command("strace", "-o", os.DevNull, "true").CombinedOutput(); err != nil {
		t.Skipf("no right to trace a process (ptrace): %v: %s", err, out)
	}
}

// mutating are the system calls by which the shipped kyoli changes a disk.
var mutating = []string{
	"write", "pwrite64", "fsync", "fdatasync", "renameat", "renameat2", "unlinkat", "mkdirat", "ftruncate", "fallocate", "linkat",
}

// straced is a command run under strace.
func straced(cmd *exec.Cmd, options ...string) *exec.Cmd {
	args := append(append([]string{"-f", "-qq"}, options...), cmd.Args...)
	traced := exec.Command("strace", args...)
	traced.Env, traced.Dir, traced.Stdin = append(cmd.Env, "GOMAXPROCS=1"), cmd.Dir, cmd.Stdin
	return traced
}

// syscallLine is a system call that succeeded.
type syscallLine struct {
	name string
	args []string // strings and paths as they are; a descriptor as "<path>"
	ret  string
}

// trace runs the deed's command under strace and returns what it did to the disk, in the order in which it was done.
func (d deed) trace(s *swept) []syscallLine {
	s.t.Helper()
	log := filepath.Join(s.t.TempDir(), "trace")
	cmd := straced(d.command(s, shipped(s.t)), "-y", "-xx", "-s", "8388608", "-o", log, "-e", "signal=none",
		"-e", "trace=openat,"+strings.Join(mutating, ","))
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("%v: %v: %s", d.args, err, out)
	}
	f, err := os.Open(log)
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	calls, err := parseTrace(bufio.NewReader(f))
	if err != nil {
		s.t.Fatal(err)
	}
	return calls
}

var (
	escapes    = regexp.MustCompile(`(\\x[0-9a-f]{2})+`)
	unfinished = " <unfinished ...>"
	resumed    = regexp.MustCompile(`^<\.\.\. \w+ resumed>`)
)

// parseTrace puts together the halves of calls that others came between, by thread. A call counts where it ends.
func parseTrace(r *bufio.Reader) ([]syscallLine, error) {
	var calls []syscallLine
	halves := map[string]string{}
	for {
		line, err := r.ReadString('\n')
		if line == "" {
			return calls, nil
		}
		if err != nil {
			return nil, err
		}
		pid, text, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		text = strings.TrimLeft(text, " ")
		if strings.HasSuffix(text, unfinished) {
			halves[pid] = strings.TrimSuffix(text, unfinished)
			continue
		}
		if head := resumed.FindString(text); head != "" {
			text = halves[pid] + strings.TrimPrefix(text, head)
		}
		call, ok, err := parseCall(text)
		if err != nil {
			return nil, errors.Join(errors.New(line), err)
		}
		if ok {
			calls = append(calls, call)
		}
	}
}

func parseCall(text string) (call syscallLine, ok bool, err error) {
	name, rest, found := strings.Cut(text, "(")
	end := strings.LastIndex(rest, " = ")
	if !found || end < 0 {
		return call, false, nil // an exit
	}
	call.name, call.ret = name, rest[end+3:]
	if strings.HasPrefix(call.ret, "-") || strings.HasPrefix(call.ret, "?") {
		return call, false, nil
	}
	args := strings.TrimSuffix(strings.TrimRight(rest[:end], " "), ")")
	for _, arg := range strings.Split(args, ", ") {
		if i := strings.IndexByte(arg, '<'); i >= 0 {
			arg = arg[i:]
		}
		arg = strings.Trim(arg, `"`)
		call.args = append(call.args, escapes.ReplaceAllStringFunc(arg, func(s string) string {
			b, e := hex.DecodeString(strings.ReplaceAll(s, `\x`, ""))
			err = errors.Join(err, e)
			return string(b)
		}))
	}
	return call, true, err
}

// fd is the path of a descriptor.
func (c syscallLine) fd(i int) string { return strings.Trim(c.args[i], "<>") }

// at is the path that a directory's descriptor and a name make.
func (c syscallLine) at(i int) string {
	if filepath.IsAbs(c.args[i+1]) {
		return c.args[i+1]
	}
	return filepath.Join(c.fd(i), c.args[i+1])
}

func (c syscallLine) number(i int) int {
	n, _ := strconv.Atoi(c.args[i])
	return n
}

// A kyoli as it is shipped, killed by strace at its n-th system call of each kind that changes a disk, for every n.
// strace counts the calls of each thread for itself, so a point may be hit twice and another not; the power cuts below
// leave out none.
func TestFaultKilledFromOutside(t *testing.T) {
	needStrace(t)
	_, whole := crowdRounds(t)
	for _, d := range deeds {
		if !whole && d.name != "refresh" {
			continue
		}
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			points, kinds := 0, d.kinds(t)
			for _, call := range mutating {
				for n := 1; d.killFromOutside(t, call, n); n++ {
					points++
					delete(kinds, call)
					if t.Failed() {
						t.Fatalf("killed at %s number %d", call, n)
					}
					if !whole && n > 2 {
						break
					}
				}
			}
			t.Logf("%s: killed at %d system calls", d.name, points)
			if points == 0 || len(kinds) > 0 { // how many there are of a kind is a matter of threads
				t.Errorf("killed at %d system calls, and at none of %v", points, kinds)
			}
		})
	}
}

// kinds are the kinds of system calls by which the deed changes a disk when nobody kills it.
func (d deed) kinds(t *testing.T) map[string]bool {
	s := newSwept(t)
	if d.prepare != nil {
		d.prepare(s)
	}
	kinds := map[string]bool{}
	for _, call := range d.trace(s) {
		if slices.Contains(mutating, call.name) {
			kinds[call.name] = true
		}
	}
	return kinds
}

func (d deed) killFromOutside(t *testing.T, call string, n int) bool {
	s := newSwept(t)
	if d.prepare != nil {
		d.prepare(s)
	}
	log := filepath.Join(t.TempDir(), "trace")
	cmd := straced(d.command(s, shipped(t)), "-o", log, "-e", "trace="+call, "-e", "inject="+call+":signal=KILL:when="+strconv.Itoa(n))
	killed := wasKilled(t, cmd)
	if d.check(s) && !killed {
		t.Error("a token was lost without a kill")
	}
	if trace, err := os.ReadFile(log); err != nil || killed != bytes.Contains(trace, []byte("killed by SIGKILL")) {
		t.Errorf("killed: %v; the trace: %v:\n%s", killed, err, trace)
	}
	return killed
}
