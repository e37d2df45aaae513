//go:build unix

package screen

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// prepare has keys come at once, and not shown; Ctrl-C, Ctrl-Z and Ctrl-\ go on
// being signals, and output is processed as before.
func prepare(in, _ *os.File) (restore func(), err error) {
	fd := int(in.Fd())
	if !term.IsTerminal(fd) {
		return func() {}, nil
	}
	before, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return nil, os.NewSyscallError("tcgetattr", err)
	}
	now := *before
	now.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON
	now.Cc[unix.VMIN], now.Cc[unix.VTIME] = 1, 0
	return change(fd, before, &now)
}

// change has a terminal be as now says, until restore is called.
func change(fd int, before, now *unix.Termios) (restore func(), err error) {
	if err := unix.IoctlSetTermios(fd, setTermios, now); err != nil {
		return nil, os.NewSyscallError("tcsetattr", err)
	}
	return func() { _ = unix.IoctlSetTermios(fd, setTermios, before) }, nil
}

// Hide has what is typed not shown. It comes in lines, which the terminal edits;
// Ctrl-C and the like stay signals, and Ctrl-D where a line begins is the end.
func Hide(in *os.File) error {
	fd := int(in.Fd())
	now, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return os.NewSyscallError("tcgetattr", err)
	}
	now.Lflag &^= unix.ECHO | unix.ECHONL
	now.Lflag |= unix.ICANON | unix.ISIG
	now.Iflag |= unix.ICRNL
	return os.NewSyscallError("tcsetattr", unix.IoctlSetTermios(fd, setTermios, now))
}

// Resized tells that the terminal has another size, until stop is called.
func Resized() (resized <-chan os.Signal, stop func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGWINCH)
	return c, func() { signal.Stop(c) }
}

// Quit tells of Ctrl-\, which would end the process without giving the terminal
// back, until stop is called.
func Quit() (quit <-chan os.Signal, stop func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGQUIT)
	return c, func() { signal.Stop(c) }
}

// QuitCode is the exit code that a shell gives to a process that sig ended.
func QuitCode(sig os.Signal) int { return 128 + int(sig.(syscall.Signal)) }
