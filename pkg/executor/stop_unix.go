//go:build unix

package executor

import (
	"context"
	"syscall"
	"time"
)

// pendingStop is a stop of our own that waits until no lock is held.
type pendingStop struct {
	// paused gets one value once we may stop: what to call after it.
	paused chan func()
	abort  context.CancelFunc
}

// cancel gives the stop up. A pause that came in the meantime is undone.
func (p *pendingStop) cancel() {
	if p.abort == nil {
		return
	}
	p.abort()
	go func(paused chan func()) {
		if resume := <-paused; resume != nil {
			resume()
		}
	}(p.paused)
	*p = pendingStop{}
}

// stopped follows the child into its stop, so that the shell that waits for us
// sees the job stopped: not when the signal came, since the child may first put
// the terminal in order, or ignore it, but when the child stopped.
func (c *child) stopped(s syscall.Signal) {
	c.stopSignal = s
	if s == syscall.SIGSTOP && !c.tty.foreground() {
		// Somebody stopped the child alone and will continue it alone; no shell
		// waits for the terminal.
		return
	}
	c.stop.cancel()
	ctx, cancel := context.WithCancel(context.Background())
	paused := make(chan func(), 1)
	c.stop = pendingStop{paused: paused, abort: cancel}
	go func() {
		resume := func() {}
		if c.pause != nil {
			var err error
			if resume, err = c.pause(ctx); err != nil {
				resume = nil
			}
		}
		paused <- resume
	}()
}

// wentOn notes that the child runs again.
func (c *child) wentOn() {
	c.stopSignal, c.continuedAt, c.nudge = 0, time.Now(), nil
	c.stop.cancel()
}

// stopSelf stops this process and returns when it has been continued. It is by
// SIGSTOP, whatever stopped the child: once Go has caught TSTP, TTIN or TTOU, it
// cannot give them their default action back.
func (c *child) stopSelf(resume func()) {
	c.stop.abort()
	c.stop = pendingStop{}
	if resume == nil {
		return
	}
	defer resume()
	foreground := c.tty.foreground()
	stopHere()
	c.resumed(foreground)
}

// resumed notes that we go on; foreground is where we were before the stop.
func (c *child) resumed(foreground bool) {
	c.lateStop = foreground && !c.stopSeen
	c.stopSeen, c.resumedAt = false, time.Now()
}

// lateStopComes is how long after a stop its own TSTP may still be read.
const lateStopComes = time.Second

// isLate tells whether a TSTP is the one that led to the stop we have just come back from. Ctrl-Z stops the child at
// once, and we follow it when we see that; the Go runtime may hand us our own TSTP only after that. The child has had
// it, and would be stopped again by it.
func (c *child) isLate() bool {
	late := c.lateStop && time.Since(c.resumedAt) < lateStopComes
	c.lateStop = false
	return late
}
