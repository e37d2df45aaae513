//go:build unix

package eventlog

import (
	"os"
	"syscall"
)

const (
	// nonBlocking keeps a pipe in the log's place from holding up whoever opens it.
	nonBlocking = syscall.O_NONBLOCK
	hasModes    = true
)

// unlinked tells whether the file has no name any more.
func unlinked(f *os.File) bool {
	info, err := f.Stat()
	if err != nil {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && st.Nlink == 0
}
