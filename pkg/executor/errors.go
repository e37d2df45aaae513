package executor

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/kyoli-gam/kyoli/internal/shellquote"
	"github.com/kyoli-gam/kyoli/pkg/executor/stub"
)

// Exit codes of a command that could not be started, as in sh and env.
const (
	// CodeNotExecutable: the file is there and cannot be run.
	CodeNotExecutable = stub.CodeNotExecutable
	// CodeNotFound: there is no such file.
	CodeNotFound = stub.CodeNotFound
)

// StartError is returned for a command that cannot be run.
type StartError struct {
	// Command is the command as it was asked for.
	Command string
	// Code is CodeNotExecutable or CodeNotFound.
	Code int
	// Err is the reason.
	Err error
}

// Error names the command and the reason.
func (e *StartError) Error() string {
	return fmt.Sprintf("cannot run %q: %v", e.Command, e.Err)
}

// Unwrap returns the reason.
func (e *StartError) Unwrap() error { return e.Err }

// Hint is a command that mends it, or shows why.
func (e *StartError) Hint() string {
	name := shellquote.Word(e.Command)
	switch {
	case !strings.ContainsRune(e.Command, filepath.Separator):
		return "command -v " + name
	case errors.Is(e.Err, errNotExecutable):
		return "chmod +x " + name
	}
	return "ls -ld " + name
}

// ExitCode is the exit code that exec ends with.
func (e *StartError) ExitCode() int { return e.Code }

// startError turns what the operating system said of p into a *StartError.
func startError(p *Process, err error) error {
	name := p.Path
	if len(p.Args) > 0 {
		name = p.Args[0]
	}
	if errors.Is(err, fs.ErrNotExist) {
		// LookPath has seen the file, so it is the interpreter in its first line
		// (or its loader) that is missing.
		return &StartError{Command: name, Code: CodeNotFound, Err: errNoInterpreter}
	}
	return &StartError{Command: name, Code: CodeNotExecutable, Err: err}
}

var errNoInterpreter = errors.New("it, or the interpreter that it names, does not exist")
