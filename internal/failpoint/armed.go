//go:build failpoint

package failpoint

import (
	"os"
	"strconv"
)

// The variables are no user's: they exist only in builds for tests. KYOLI_FAILPOINT is the step at which to die, from
// 1, and KYOLI_FAILPOINT_LOG a file that gets the name of each step, a line each, before the step is made.
func init() {
	//nolint:forbidigo // see above
	step, log := os.Getenv("KYOLI_FAILPOINT"), os.Getenv("KYOLI_FAILPOINT_LOG")
	// What kyoli starts is to run to its end.
	_, _ = os.Unsetenv("KYOLI_FAILPOINT"), os.Unsetenv("KYOLI_FAILPOINT_LOG")
	n, err := strconv.ParseInt(step, 10, 64)
	if err != nil || n < 1 {
		return
	}
	kill := KillAt(n)
	Set(func(name string) error {
		note(log, name)
		return kill(name)
	})
}

// note adds a line to a file, in one write. Where it cannot, the test misses it.
func note(path, name string) {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	defer f.Close()
	_, _ = f.WriteString(name + "\n")
}
