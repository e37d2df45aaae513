//go:build unix

package e2e_test

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// leaveSurroundings keeps from the programs that the tests start what these tests were started with: signals that are
// ignored, as in the background of a script and under nohup, and a terminal, on which kyoli would ask.
func leaveSurroundings() {
	for _, s := range []os.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP, syscall.SIGTERM, syscall.SIGPIPE} {
		if signal.Ignored(s) {
			signal.Notify(make(chan os.Signal, 1), s)
		}
	}
	if tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0); err == nil {
		_ = unix.IoctlSetInt(int(tty.Fd()), unix.TIOCNOTTY, 0)
		_ = tty.Close()
	}
}
