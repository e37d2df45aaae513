package procid

import (
	"errors"
	"math"
	"os"
	"runtime"
	"testing"
)

func TestSelfIsAliveAndComplete(t *testing.T) {
	me := Self()
	if me.PID != os.Getpid() {
		t.Errorf("PID = %d, want %d", me.PID, os.Getpid())
	}
	if me.Host == "" {
		t.Error("no host")
	}
	switch runtime.GOOS {
	case "linux":
		if me.StartTime == "" || me.BootID == "" || me.PIDNs == "" {
			t.Errorf("incomplete: %+v", me)
		}
	case "darwin", "windows":
		if me.StartTime == "" {
			t.Errorf("incomplete: %+v", me)
		}
	}
	if st := me.Alive(me); st != (State{Life: Alive}) {
		t.Errorf("we are %+v", st)
	}
}

func TestOfIsTheSameEveryTime(t *testing.T) {
	pid, _ := startSleeper(t)
	a, err := Of(pid)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Of(pid)
	if err != nil || a != b {
		t.Errorf("Of twice: %+v, then %+v (%v)", a, b, err)
	}
	if a.StartTime == Self().StartTime && runtime.GOOS != "linux" {
		t.Error("child and parent have one start time")
	}
}

func TestOfRefusesWhatIsNoPID(t *testing.T) {
	large := int64(1)<<32 + int64(os.Getpid()) // the kernel would take it for our own
	for _, pid := range []int{0, -1, -os.Getpid(), math.MaxInt32, int(large)} {
		if pid == os.Getpid() {
			continue // int has 32 bits
		}
		_, err := Of(pid)
		if g, ok := errors.AsType[*GoneError](err); !ok || g.PID != pid {
			t.Errorf("Of(%d) = %v", pid, err)
		}
	}
}

func TestDeadAfterItsEnd(t *testing.T) {
	pid, cmd := startSleeper(t)
	p, err := Of(pid)
	if err != nil {
		t.Fatal(err)
	}
	if st := p.Alive(Self()); st.Life != Alive {
		t.Fatalf("running child is %+v", st)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if st := p.Alive(Self()); st.Life != Dead || st.Why == "" {
		t.Errorf("reaped child is %+v", st)
	}
	if _, err := Of(pid); err == nil {
		t.Error("Of finds a reaped child")
	}
}

func TestAliveJudges(t *testing.T) {
	me := Self()
	me.BootID, me.PIDNs, me.Host = "boot", "ns", "host"
	with := func(f func(*Process)) Process { p := me; f(&p); return p }
	tests := []struct {
		name string
		p    Process
		self Process
		want State
	}{
		{"itself", me, me, State{Life: Alive}},
		{
			"a PID that was used again",
			with(func(p *Process) { p.StartTime += "9" }),
			me,
			State{Life: Dead, Why: "its process id belongs to a younger process"},
		},
		{
			"no start time was noted: the benefit of the doubt",
			with(func(p *Process) { p.StartTime = "" }),
			me,
			State{Life: Alive},
		},
		{
			"a reboot",
			with(func(p *Process) { p.BootID = "earlier" }),
			me,
			State{Life: Dead, Why: "the machine was restarted since"},
		},
		{
			"another host",
			with(func(p *Process) { p.BootID, p.Host = "other", "other" }),
			me,
			State{Why: "it runs on another host"},
		},
		{
			"another host, boots unknown",
			with(func(p *Process) { p.BootID, p.Host = "", "other" }),
			with(func(p *Process) { p.BootID = "" }),
			State{Why: "it runs on another host"},
		},
		{
			"the boot unknown on one side is no reboot",
			with(func(p *Process) { p.BootID = "" }),
			me,
			State{Life: Alive},
		},
		{
			"a host renamed since",
			with(func(p *Process) { p.Host = "old-name" }),
			me,
			State{Life: Alive},
		},
		{
			"a container on this kernel",
			with(func(p *Process) { p.PIDNs, p.Host = "other", "4f2a1c" }),
			me,
			State{Why: "it runs in another PID namespace", SameClock: true},
		},
		{
			"another namespace, boots unknown",
			with(func(p *Process) { p.PIDNs, p.BootID = "other", "" }),
			with(func(p *Process) { p.BootID = "" }),
			State{Why: "it runs in another PID namespace"},
		},
		{
			"no such process",
			with(func(p *Process) { p.PID = -5 }),
			me,
			State{Life: Dead, Why: "not a process id"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.p.Alive(tt.self); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestWords(t *testing.T) {
	for l, want := range map[Life]string{Alive: "alive", Dead: "dead", Unknown: "unknown"} {
		if got := l.String(); got != want {
			t.Errorf("%d = %q, want %q", l, got, want)
		}
	}
	if got := (&GoneError{PID: 7, Why: whyGone}).Error(); got != "process 7: its process is gone" {
		t.Error(got)
	}
	if got := reason(errors.New("other")); got != "other" {
		t.Error(got)
	}
}
