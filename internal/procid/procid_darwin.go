package procid

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// zombie is SZOMB of sys/proc.h.
const zombie = 5

// platformHere has no PID namespace: macOS has none. kern.bootsessionuuid stays the same however
// the clock is set; kern.boottime moves with it and so is no substitute. Without it the boot is
// unknown, and the start time, which is wall-clock time with microseconds, tells boots apart.
func platformHere() Process {
	id, err := unix.Sysctl("kern.bootsessionuuid")
	if err != nil {
		return Process{}
	}
	return Process{BootID: id}
}

// look returns the start time of a live process, or why there is none. Processes of others can be
// looked at too; where sysctl says nothing the kernel is asked with signal 0.
func look(pid int) (start, gone string) {
	k, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil || int(k.Proc.P_pid) != pid {
		if err := unix.Kill(pid, 0); errors.Is(err, unix.ESRCH) {
			return "", whyGone
		}
		return "", ""
	}
	if k.Proc.P_stat == zombie {
		return "", whyZombie
	}
	return fmt.Sprintf("%d.%06d", k.Proc.P_starttime.Sec, k.Proc.P_starttime.Usec), ""
}
