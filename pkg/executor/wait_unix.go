//go:build unix

package executor

import (
	"errors"
	"fmt"
	"syscall"
	"time"
)

// groupCont is how long a continued child may still get its own SIGCONT from
// the shell (which sends it to the whole group) before kyoli passes one on.
const groupCont = 50 * time.Millisecond

// wait is the loop of a running child. Everything happens in it, one thing at a
// time: what the child did is looked at before any signal is passed on.
func (c *child) wait() (Exit, error) {
	defer c.close()
	var caught syscall.Signal
	for {
		exit, done, err := c.reap()
		if done || err != nil {
			return exit, err
		}
		if caught != 0 {
			c.pass(caught)
			caught = 0
		}
		select {
		case <-c.sigs.child:
		case s := <-c.sigs.other:
			caught, _ = s.(syscall.Signal)
		case resume := <-c.stop.paused:
			c.stopSelf(resume)
		case <-c.nudge:
			c.nudge = nil
			if c.stopSignal != 0 {
				c.kill(syscall.SIGCONT)
			}
		}
	}
}

// reap takes in every change of the child's state that has not been seen yet.
func (c *child) reap() (Exit, bool, error) {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(c.pid, &status, syscall.WNOHANG|syscall.WUNTRACED|syscall.WCONTINUED, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case err != nil:
			return Exit{}, false, fmt.Errorf("waiting for the command (pid %d): %w", c.pid, err)
		case pid == 0:
			return Exit{}, false, nil
		}
		if exit, done := c.changed(uint32(status)); done {
			return exit, true, nil
		}
	}
}

// changed takes in one wait status. It is decoded here because Go's BSD flavour
// reads a stop by SIGSTOP as "continued", and Darwin's real "continued" (a stop
// by SIGCONT) as a stop.
func (c *child) changed(status uint32) (Exit, bool) {
	const continued, stopped = 0xffff, 0x7f
	low, high := status&0x7f, syscall.Signal(status>>8&0xff)
	switch {
	case status&continued == continued, low == stopped && high == syscall.SIGCONT:
		c.wentOn()
	case low == stopped:
		c.stopped(high)
	case low == 0:
		return Exit{Code: int(high)}, true
	default:
		return Exit{Code: 128 + int(low), Signal: int(low)}, true
	}
	return Exit{}, false
}

// kill sends the child a signal. It is our unreaped child, so the pid is right;
// that it may not be signalled (it has become another user) is its own affair.
func (c *child) kill(s syscall.Signal) {
	_ = syscall.Kill(c.pid, s)
}
