package main

import (
	"io"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// spin keeps all processors from going to sleep until stdin ends. It runs when nobody
// else wants to (SCHED_IDLE) and gives way at once: what a processor takes to wake up,
// which in a virtual machine is more than a proxy takes for a request, is left out of
// what is measured meanwhile.
func spin() error {
	n := runtime.NumCPU()
	runtime.GOMAXPROCS(n + 1) // one for who waits for the end
	ended := make(chan error, n+1)
	for range n {
		go func() {
			runtime.LockOSThread() // its policy is the thread's
			idle := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_IDLE}
			if err := unix.SchedSetAttr(0, &idle, 0); err != nil {
				ended <- err
				return
			}
			for { //nolint:revive,staticcheck // it is to spin
			}
		}()
	}
	go func() {
		_, err := io.Copy(io.Discard, os.Stdin)
		ended <- err
	}()
	return <-ended
}
