//go:build unix

package store

import "syscall"

// openFlags keep a FIFO in the file's place from blocking.
const openFlags = syscall.O_NONBLOCK
