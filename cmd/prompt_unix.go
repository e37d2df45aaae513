//go:build !windows

package cmd

import "os"

func openTerminal() (terminal, error) {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	return osTerminal{in: tty, out: tty}, nil
}
