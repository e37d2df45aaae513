//go:build !windows

package cmd

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

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
// holder would make everyone wait. It is by SIGSTOP, since Go cannot give TSTP its
// default action back once it has caught it; so it is for us to spare a process
// that no shell would ever continue. suspend, which may be nil, gives the terminal
// back before.
func stopUnlocked(suspend func() (resume func())) {
	if !hasShell() {
		return
	}
	resume, err := filelock.Pause(context.Background())
	if err != nil {
		return
	}
	defer resume()
	if suspend != nil {
		takeBack := suspend()
		defer takeBack()
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
	time.Sleep(100 * time.Millisecond) // it may reach another thread first
}

// stopJob asks the process and its job to stop, as the terminal does at Ctrl-Z.
func stopJob() { _ = syscall.Kill(0, syscall.SIGTSTP) }

// hasShell tells whether somebody of our session watches over our process group.
// Nobody does over an orphaned one (POSIX 3.264), which TSTP does not stop: that of
// a session's first process, or of one whose parent is gone.
func hasShell() bool {
	session, err := unix.Getsid(0)
	if err != nil {
		return false
	}
	parents, err := unix.Getsid(os.Getppid())
	return err == nil && parents == session && unix.Getpgrp() != session
}
