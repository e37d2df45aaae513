//go:build !windows

package cmd

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/kyoli-gam/kyoli/internal/filelock"
)

const stopSignal = syscall.SIGTSTP

var watchedSignals = []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, stopSignal}

// dieOf ends the process by sig's default action.
func dieOf(sig syscall.Signal) {
	signal.Reset(sig)
	if syscall.Kill(os.Getpid(), sig) == nil {
		time.Sleep(time.Second) // it may reach another thread first
	}
}

// raise is dieOf once everything is done.
func raise(sig syscall.Signal) { dieOf(sig) }

// stopUnlocked stops the process as Ctrl-Z does, once it holds no lock: a stopped
// holder would make everyone wait. It is the signal's own default action, since
// that spares a process whose shell is gone.
func stopUnlocked(signals chan<- os.Signal) {
	resume, err := filelock.Pause(context.Background())
	if err != nil {
		return
	}
	defer resume()
	signal.Reset(stopSignal)
	defer signal.Notify(signals, stopSignal)
	_ = syscall.Kill(os.Getpid(), stopSignal)
	time.Sleep(100 * time.Millisecond) // it may reach another thread first
}
