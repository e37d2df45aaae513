package cmd

import (
	"os"

	"golang.org/x/term"
)

func openTerminal() (terminal, error) {
	in, err := os.OpenFile("CONIN$", os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	out, err := os.OpenFile("CONOUT$", os.O_RDWR, 0)
	if err != nil {
		in.Close()
		return nil, err
	}
	return osTerminal{in: in, out: out}, nil
}

// ReadSecret reads a line that is not shown.
func (t osTerminal) ReadSecret() (string, error) {
	line, err := term.ReadPassword(int(t.in.Fd()))
	return string(line), err
}
