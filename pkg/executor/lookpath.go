package executor

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
)

var (
	errNotFound      = errors.New("command not found")
	errIsDirectory   = errors.New("it is a directory")
	errNotExecutable = errors.New("permission denied")
)

// LookPath finds the file that a shell would run for name, along the PATH of
// env (NAME=VALUE), which is the child's. A name with a slash is taken as it is.
// The error is a *StartError: CodeNotFound, or CodeNotExecutable where the only
// files of that name cannot be run.
func LookPath(name string, env []string) (string, error) {
	if name == "" {
		return "", &StartError{Command: name, Code: CodeNotFound, Err: errNotFound}
	}
	if hasDir(name) {
		path, err := runnable(name, env)
		if err != nil {
			return "", lookError(name, err)
		}
		return path, nil
	}
	failure := errNotFound
	for _, dir := range filepath.SplitList(searchPath(env)) {
		if dir == "" {
			dir = "." // what an empty element means to every shell
		}
		path, err := runnable(dir+string(filepath.Separator)+name, env)
		if err == nil {
			return path, nil
		}
		switch {
		case errors.Is(err, errIsDirectory):
			failure = errIsDirectory
		case errors.Is(err, fs.ErrPermission), errors.Is(err, errNotExecutable):
			failure = errNotExecutable
		}
	}
	return "", lookError(name, failure)
}

func lookError(name string, err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNotFound) {
		return &StartError{Command: name, Code: CodeNotFound, Err: errNotFound}
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err // the message has the name already
	}
	return &StartError{Command: name, Code: CodeNotExecutable, Err: err}
}

// searchPath is the value of PATH in env.
func searchPath(env []string) string {
	if path, ok := lookup(env, "PATH"); ok {
		return path
	}
	return defaultPath
}

// lookup is the value of a variable in a list, the last one of several.
func lookup(env []string, name string) (string, bool) {
	for i := len(env) - 1; i >= 0; i-- {
		if n, value, ok := cutVar(env[i]); ok && sameName(n, name) {
			return value, true
		}
	}
	return "", false
}

// cutVar splits NAME=VALUE. A leading "=" belongs to the name (Windows keeps the
// current directory of each drive in =C:).
func cutVar(entry string) (name, value string, ok bool) {
	if entry == "" {
		return "", "", false
	}
	i := strings.IndexByte(entry[1:], '=')
	if i < 0 {
		return "", "", false
	}
	return entry[:i+1], entry[i+2:], true
}
