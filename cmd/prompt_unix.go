//go:build !windows

package cmd

import (
	"io"
	"os"
)

func openTerminal() (terminal, error) {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	return osTerminal{in: tty, out: tty}, nil
}

// ReadSecret reads a line that is not shown. x/term's ReadPassword would take a
// Ctrl-D for nothing at all and read on.
func (t osTerminal) ReadSecret() (string, error) { return readLine(t.in) }

// readLine reads up to the end of a line and no further: what was typed ahead is
// the next question's.
func readLine(r io.Reader) (string, error) {
	var line []byte
	for b := make([]byte, 1); ; {
		n, err := r.Read(b)
		if n == 1 && b[0] == '\n' {
			return string(line), nil
		}
		line = append(line, b[:n]...)
		if err != nil {
			return string(line), err
		}
	}
}
