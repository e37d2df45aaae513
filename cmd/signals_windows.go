package cmd

import (
	"os"
	"syscall"
)

// stopSignal does not exist on Windows.
const stopSignal = syscall.Signal(-1)

var watchedSignals = []os.Signal{os.Interrupt, syscall.SIGTERM}

// dieOf ends the process where it cannot end by itself. Windows has no death by
// signal; exit code 1 is what TerminateProcess gives.
func dieOf(syscall.Signal) {
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill()
	}
}

// raise does nothing: the exit code says it.
func raise(syscall.Signal) {}

func stopUnlocked(func() (resume func())) {}

func stopJob() {}
