//go:build unix

package executor

import (
	"os"
	"os/signal"
	"syscall"
	"time"
)

// passed are the signals that are passed on to the child. SIGCHLD and SIGURG
// are not among them: the first is about our child, the second is the Go
// runtime's own.
var passed = []os.Signal{
	syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGHUP,
	syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH, syscall.SIGCONT,
	syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU,
}

// signals are the channels on which this process gets its signals while a child
// runs.
type signals struct {
	child chan os.Signal
	other chan os.Signal
}

// catchSignals takes over every signal of passed that this process does not
// ignore: what was ignored (nohup) has to stay so in the child, too.
func catchSignals() *signals {
	s := &signals{
		// One is enough: it says "look again", and is there until somebody looks.
		child: make(chan os.Signal, 1),
		other: make(chan os.Signal, 64),
	}
	signal.Notify(s.child, syscall.SIGCHLD)
	for _, sig := range passed {
		if !signal.Ignored(sig) {
			signal.Notify(s.other, sig)
		}
	}
	return s
}

func (s *signals) release() {
	signal.Stop(s.child)
	signal.Stop(s.other)
}

// pass acts on a signal that this process got.
//
// The kernel sends what the terminal makes (INT, QUIT, TSTP, WINCH) to the whole
// foreground group, so when that is ours the child has it already; else somebody
// sent it to kyoli alone. TTIN and TTOU always go to the whole group.
func (c *child) pass(s syscall.Signal) {
	switch s {
	case syscall.SIGTTIN, syscall.SIGTTOU:
	case syscall.SIGTSTP:
		if c.isLate() {
			return
		}
		c.stopSeen = true
		if !c.tty.foreground() {
			c.kill(s)
		}
	case syscall.SIGINT, syscall.SIGQUIT, syscall.SIGWINCH:
		if !c.tty.foreground() {
			c.kill(s)
		}
	case syscall.SIGCONT:
		c.passCont()
	default:
		c.kill(s)
	}
}

// passCont makes sure that the child goes on when kyoli does. A shell continues
// the whole group, so a stopped child gets a moment in which that may arrive,
// and one that has just gone on needs no second one.
func (c *child) passCont() {
	switch {
	case c.stopSignal != 0:
		c.nudge = time.After(groupCont)
	case time.Since(c.continuedAt) > time.Second:
		c.kill(syscall.SIGCONT)
	}
}
