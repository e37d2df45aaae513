package executor

import (
	"context"
	"errors"
	"os"
)

// Process is one child command. Fill the fields, then call Start and Wait once
// each.
type Process struct {
	// Path is the file to run, as LookPath found it.
	Path string
	// Args is the argument vector, with the command's name as Args[0].
	Args []string
	// Env is the child's whole environment, NAME=VALUE.
	Env []string
	// Stdin, Stdout and Stderr are handed to the child as they are; none may be
	// nil.
	Stdin, Stdout, Stderr *os.File
	// Stub is the command line, up to and with stub.Arg, that makes this program
	// call stub.Run. Windows does not use it.
	Stub []string
	// Claim is called with the child's pid before the child's first instruction.
	// When it fails, the child never runs and Start returns the error.
	Claim func(ctx context.Context, pid int) error
	// Pause waits until this process may be stopped (it holds no lock) and keeps
	// it so until resume is called; nil means that it always may. It is asked
	// before kyoli follows its child into a stop.
	Pause func(ctx context.Context) (resume func(), err error)

	child *child
}

// Exit tells how a child ended.
type Exit struct {
	// Code is what kyoli exits with: the child's exit code, or 128 plus the
	// number of the signal that ended it.
	Code int
	// Signal is the number of that signal, 0 where the child exited by itself.
	Signal int
}

// errNotStarted is returned by Wait without a successful Start.
var errNotStarted = errors.New("the command was not started")

// Start starts the child, has its pid claimed and lets it run. Errors: a
// *StartError for a command that cannot be run, what Claim returned, or an
// error of the operating system. After an error no child is left.
func (p *Process) Start(ctx context.Context) error {
	c, err := p.start(ctx)
	if err != nil {
		return err
	}
	p.child = c
	return nil
}

// Wait passes signals on and follows stops until the child has ended. It does
// not wait for the child's descendants, even where they keep its streams open.
func (p *Process) Wait() (Exit, error) {
	if p.child == nil {
		return Exit{}, errNotStarted
	}
	return p.child.wait()
}

// PID is the child's process id, 0 before Start.
func (p *Process) PID() int {
	if p.child == nil {
		return 0
	}
	return p.child.pid
}
