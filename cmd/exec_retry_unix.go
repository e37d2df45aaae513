//go:build !windows

package cmd

import (
	"io"
	"os"
	"syscall"
	"time"
)

// drain passes on what is in a pipe already, without waiting for more; at most
// what a pipe can hold, for its writers may go on.
func drain(to io.Writer, pipe *os.File) error {
	if err := pipe.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	conn, err := pipe.SyscallConn()
	if err != nil {
		return err
	}
	b := make([]byte, 32<<10)
	for left := pipeMost; left > 0; {
		n := 0
		var readErr error
		err := conn.Read(func(fd uintptr) bool {
			for {
				n, readErr = syscall.Read(int(fd), b)
				if readErr != syscall.EINTR { //nolint:errorlint // a system call's own
					return true // also where there is nothing, instead of waiting
				}
			}
		})
		if err != nil || readErr != nil || n <= 0 {
			return err
		}
		left -= n
		if _, err := to.Write(b[:n]); err != nil {
			return err
		}
	}
	return nil
}
