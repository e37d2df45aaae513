//go:build unix

package executor

import (
	"golang.org/x/sys/unix"
)

// terminal is the controlling terminal of this process, if it has one.
type terminal struct{ fd int }

// openTerminal opens the controlling terminal, whatever the standard streams
// are: Ctrl-C in it reaches our group even when none of them is the terminal.
func openTerminal() terminal {
	fd, err := unix.Open("/dev/tty", unix.O_RDONLY|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return terminal{fd: -1}
	}
	return terminal{fd: fd}
}

// foreground tells whether our process group is the terminal's foreground one.
func (t terminal) foreground() bool {
	if t.fd < 0 {
		return false
	}
	group, err := unix.IoctlGetInt(t.fd, unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

func (t terminal) close() {
	if t.fd >= 0 {
		unix.Close(t.fd)
	}
}
