//go:build unix

package filelock

import "syscall"

// noWait keeps a FIFO in the place of a lock's file from blocking whoever opens it. A lock can be had on one all the same.
const noWait = syscall.O_NONBLOCK
