//go:build !linux && !darwin && !windows

package filelock

import "time"

func awake() time.Duration { return wallSinceStart() }

// uptime is not known here: a lock directory from before a restart then waits out its limit.
func uptime() (time.Duration, bool) { return 0, false }
