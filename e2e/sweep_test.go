//go:build unix

package e2e_test

import (
	"errors"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// fewSteps is the number of kill points below which an operation has to say why.
const fewSteps = 20

// A kyoli that is killed with -9 at its first step to the disk, its second and so on to its last leaves files that are
// whole, loses no token, and is in nobody's way. A refresh has one moment that nobody can save: when the provider has
// rotated the token and its answer is in kyoli's memory only.
func TestFaultKilledAtEachStep(t *testing.T) {
	for _, d := range deeds {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			d.killAtEach(t)
		})
	}
}

func (d deed) killAtEach(t *testing.T) {
	var lost []string
	_, whole := crowdRounds(t)
	for n := 1; ; n++ {
		if !whole && d.skips(n) {
			continue
		}
		s, killed, steps := d.killAt(t, n)
		if steps == nil {
			t.Fatal("no fail point was reached")
		}
		if d.check(s) {
			lost = append(lost, steps[len(steps)-1])
		}
		if left := s.leftOver(func() { s.next(d.sweep...) }); len(left) > 0 {
			t.Errorf("left over: %q", left)
		}
		if t.Failed() {
			t.Fatalf("killed at step %d of %q", n, steps)
		}
		if killed {
			continue
		}
		t.Logf("%s: %d kill points: %s", d.name, len(steps), strings.Join(steps, ", "))
		if (len(steps) < fewSteps) != (d.few != "") {
			t.Errorf("%d kill points", len(steps))
		}
		break
	}
	if !slices.Equal(lost, d.losesAt) && (whole || len(lost) > 0) {
		t.Errorf("a token was lost at %q, want %q", lost, d.losesAt)
	}
}

// skips leaves out three steps of four where the crowds do not come whole either.
func (deed) skips(n int) bool { return n%4 != 2 }

// killAt does the deed in a new home, killed at its n-th step. It returns the steps begun.
func (d deed) killAt(t *testing.T, n int) (s *swept, killed bool, steps []string) {
	t.Helper()
	s = newSwept(t)
	if d.prepare != nil {
		d.prepare(s)
	}
	cmd := d.command(s, doomed(t))
	log := s.path("steps")
	cmd.Env = append(cmd.Env, "KYOLI_FAILPOINT="+strconv.Itoa(n), "KYOLI_FAILPOINT_LOG="+log)
	killed = wasKilled(t, cmd)
	steps = strings.Fields(strings.ReplaceAll(s.read("steps"), " ", "·"))
	for i := range steps {
		steps[i] = strings.ReplaceAll(steps[i], "·", " ")
	}
	if err := os.Remove(log); err != nil {
		t.Fatal(err)
	}
	return s, killed, steps
}

func (d deed) command(s *swept, kyoli string) *exec.Cmd {
	cmd := s.command(kyoli, d.args...)
	if d.stdin != nil {
		cmd.Stdin = strings.NewReader(d.stdin(s))
	}
	return cmd
}

// wasKilled runs a command that is to end well or by SIGKILL.
func wasKilled(t *testing.T, cmd *exec.Cmd) bool {
	t.Helper()
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL {
		return true
	}
	if err != nil {
		t.Fatalf("%v: %v: %s", cmd.Args, err, out)
	}
	return false
}
