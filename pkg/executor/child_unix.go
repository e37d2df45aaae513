//go:build unix

package executor

import (
	"context"
	"errors"
)

type child struct{ pid int }

func (p *Process) start(context.Context) (*child, error) { return nil, errors.ErrUnsupported }
func (c *child) wait() (Exit, error)                      { return Exit{}, errors.ErrUnsupported }

// RunStub is the stub: it waits until its pid is claimed and then becomes the
// command, with environ as its environment. It returns only when it does not,
// with the exit code to end with.
func RunStub(args, environ []string) int { _, _ = args, environ; return CodeNotExecutable }
