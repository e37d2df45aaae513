package filelock

import (
	"time"

	"golang.org/x/sys/unix"
)

// awake counts the machine's sleep too.
func awake() time.Duration {
	up, _ := uptime()
	return up
}

// uptime is the time since this machine was started. macOS moves kern.boottime with the clock, so that the difference
// is right after the clock was set.
func uptime() (time.Duration, bool) {
	boot, err := unix.SysctlTimeval("kern.boottime")
	if err != nil {
		return wallSinceStart(), false
	}
	return time.Since(time.Unix(boot.Unix())), true
}
