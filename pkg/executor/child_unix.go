//go:build unix

package executor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// child is a started command and what kyoli knows of its state. Only the
// goroutine that is in Start or wait uses it, so a signal can never be sent to a
// pid that has already been reaped.
type child struct {
	pid   int
	pause func(context.Context) (func(), error)
	sigs  *signals
	tty   terminal

	stopSignal  syscall.Signal // 0 while the child runs
	continuedAt time.Time      // when the child last went on after a stop
	stop        pendingStop    // our own stop, while it waits for our locks
	nudge       <-chan time.Time

	stopSeen  bool      // a TSTP was read since we last went on
	lateStop  bool      // the TSTP of the terminal that led to our last stop was not read before it
	resumedAt time.Time // when we last went on after a stop
}

// forkMu keeps two Starts from handing each other's pipes to their children:
// the ends meant for a stub are inheritable for the moment of its fork.
var forkMu sync.Mutex

// start forks the stub, has it claimed and tells it to become the command.
// Signals are caught from before the fork, so none is lost between the two.
func (p *Process) start(ctx context.Context) (_ *child, err error) {
	c := &child{pause: p.Pause, sigs: catchSignals(), tty: openTerminal()}
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	control, report, err := c.forkStub(p)
	if err != nil {
		return nil, err
	}
	defer report.Close()
	if p.Claim != nil {
		if err := p.Claim(ctx, c.pid); err != nil {
			control.Close() // end of file: the stub exits
			c.discard()
			return nil, err
		}
	}
	// A failed write means that the stub is dead, which wait will tell.
	_, _ = control.Write([]byte{1})
	control.Close()
	if err := readReport(report, p); err != nil {
		c.discard()
		return nil, err
	}
	return c, nil
}

// forkStub starts the stub. It returns the end of the pipe on which the stub
// waits and the end on which it reports why it could not become the command.
// Their descriptor numbers are free ones, so those that kyoli inherited for the
// child (a shell's 3<file) stay what they are.
func (c *child) forkStub(p *Process) (control, report *os.File, err error) {
	wait, control, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	defer wait.Close()
	report, tell, err := os.Pipe()
	if err != nil {
		control.Close()
		return nil, nil, err
	}
	defer tell.Close()

	// Fd puts a pipe into blocking mode, which is what the stub reads in.
	waitFD, tellFD := int(wait.Fd()), int(tell.Fd())
	argv := append(append([]string{}, p.Stub...), strconv.Itoa(waitFD), strconv.Itoa(tellFD), p.Path)
	argv = append(argv, p.Args...)
	attr := &syscall.ProcAttr{
		Env:   p.Env,
		Files: []uintptr{p.Stdin.Fd(), p.Stdout.Fd(), p.Stderr.Fd()},
	}
	forkMu.Lock()
	defer forkMu.Unlock()
	if err = inheritable(waitFD, tellFD); err == nil {
		c.pid, err = syscall.ForkExec(p.Stub[0], argv, attr)
	}
	if err != nil {
		control.Close()
		report.Close()
		return nil, nil, forkError(p, err)
	}
	return control, report, nil
}

// forkError is about the stub, not the command, but for too long a list of
// arguments or variables, which the command would have met as well.
func forkError(p *Process, err error) error {
	if errors.Is(err, syscall.E2BIG) {
		return startError(p, err)
	}
	return fmt.Errorf("starting the command: %w", err)
}

// inheritable lets the next forked process keep fds. Ours are closed soon after.
func inheritable(fds ...int) error {
	for _, fd := range fds {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, 0); err != nil {
			return fmt.Errorf("pipe to the command: %w", err)
		}
	}
	return nil
}

// readReport waits until the stub has become the command (end of file, since
// the pipe is closed by that) or has said with which error it could not.
func readReport(report io.Reader, p *Process) error {
	text, err := io.ReadAll(io.LimitReader(report, 16))
	if err != nil {
		return fmt.Errorf("pipe from the command: %w", err)
	}
	if len(text) == 0 {
		return nil
	}
	errno, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return fmt.Errorf("pipe from the command: %w", err)
	}
	return startError(p, syscall.Errno(errno))
}

// discard reaps a stub that ends without having become the command.
func (c *child) discard() {
	var status syscall.WaitStatus
	for {
		_, err := syscall.Wait4(c.pid, &status, 0, nil)
		if err != syscall.EINTR { //nolint:errorlint // Wait4 returns a bare Errno
			return
		}
	}
}

func (c *child) close() {
	c.stop.cancel()
	c.sigs.release()
	c.tty.close()
}
