package nodump

import "golang.org/x/sys/unix"

// Set has the kernel write no core of this process, whatever its limits (prctl(2), PR_SET_DUMPABLE). As a consequence
// no debugger of the same user can attach to it. It ends with execve.
func Set() { _ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) } // a kernel that cannot has no dumps to prevent
