package executor

import "errors"

// LookPath finds the file that a shell would run for name, along the PATH of
// env (NAME=VALUE), which is the child's. The error is a *StartError.
func LookPath(name string, env []string) (string, error) {
	_ = env
	return "", &StartError{Command: name, Code: CodeNotFound, Err: errors.ErrUnsupported}
}
