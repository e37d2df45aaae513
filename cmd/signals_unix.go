//go:build !windows

package cmd

import (
	"os"
	"syscall"
)

var endSignals = []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP}
