package filelock

import "time"

var started = time.Now().Round(0) // without the monotonic part

// wallSinceStart is the stated fallback where the system has no clock that counts sleep: the wall clock. Setting the
// clock forward then looks like sleep, and a holder reads again, which is harmless.
func wallSinceStart() time.Duration { return time.Now().Round(0).Sub(started) }
