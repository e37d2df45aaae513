package executor

import (
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// stopHere stops this process and returns when it has been continued. The signal is for the thread that sends it, which
// takes it before it returns from the call: one for the process may be taken by any thread, and this one would go on
// until that is run, on a busy machine with a lock taken meanwhile.
func stopHere() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	_ = unix.Tgkill(os.Getpid(), unix.Gettid(), syscall.SIGSTOP)
}
