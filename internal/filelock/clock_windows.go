package filelock

import (
	"time"

	"golang.org/x/sys/windows"
)

// awake counts the machine's sleep too (GetTickCount64).
func awake() time.Duration { return windows.DurationSinceBoot() }

// uptime is the time since this machine was started.
func uptime() (time.Duration, bool) { return windows.DurationSinceBoot(), true }
