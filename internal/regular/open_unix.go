//go:build unix

package regular

import "syscall"

// noWait keeps the open of a FIFO from waiting for who writes to it. Reading a file takes no notice of it.
const noWait = syscall.O_NONBLOCK
