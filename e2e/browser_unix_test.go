//go:build unix

package e2e_test

import (
	"io"
	"os/exec"

	"github.com/creack/pty"
)

// startOnTerminal runs a command on a terminal of its own.
func startOnTerminal(cmd *exec.Cmd) (io.ReadWriter, error) {
	return pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 80})
}
