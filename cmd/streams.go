package cmd

import (
	"os"
	"time"

	"golang.org/x/term"

	"github.com/kyoli-gam/kyoli/internal/env"
)

// newOSFactory is the factory of the real process.
func newOSFactory(version string) *Factory {
	return &Factory{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		InTTY:    isTerminal(os.Stdin),
		OutTTY:   isTerminal(os.Stdout),
		ErrTTY:   isTerminal(os.Stderr),
		Width:    terminalWidth,
		Terminal: openTerminal,
		Env:      env.OS(),
		Version:  resolveVersion(version),
		Now:      time.Now,
	}
}

func isTerminal(file *os.File) func() bool {
	return func() bool { return term.IsTerminal(int(file.Fd())) }
}

func terminalWidth() int {
	width, _, err := term.GetSize(int(os.Stdout.Fd()))
	if err != nil {
		return 0
	}
	return width
}
