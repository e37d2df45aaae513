//go:build unix

package executor

import (
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// defaultPath is searched where PATH is not set, as execvp(3) does.
const defaultPath = "/bin:/usr/bin"

func hasDir(name string) bool { return strings.Contains(name, "/") }

func sameName(a, b string) bool { return a == b }

// runnable returns path where it can be executed.
func runnable(path string, _ []string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.IsDir() {
		return "", errIsDirectory
	}
	if err := unix.Faccessat(unix.AT_FDCWD, path, unix.X_OK, unix.AT_EACCESS); err != nil {
		return "", errNotExecutable
	}
	return path, nil
}
