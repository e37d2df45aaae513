package filelock

import (
	"time"

	"golang.org/x/sys/unix"
)

// awake counts the machine's sleep too (CLOCK_BOOTTIME), and is not moved by setting the clock.
func awake() time.Duration {
	up, _ := uptime()
	return up
}

// uptime is the time since this machine was started.
func uptime() (time.Duration, bool) {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return wallSinceStart(), false
	}
	return time.Duration(ts.Nano()), true
}
