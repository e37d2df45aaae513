//go:build unix && !linux

package executor

import (
	"os"
	"syscall"
	"time"
)

// stopSettles is how long a stop that we sent ourselves may take to reach all
// threads. The clock goes on meanwhile, so it costs nothing after a real stop.
const stopSettles = 20 * time.Millisecond

// stopHere stops this process and returns when it has been continued.
func stopHere() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
	// The stop may reach another thread first; this one must not go on before.
	time.Sleep(stopSettles)
}
