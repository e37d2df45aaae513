package screen

import (
	"os"

	"golang.org/x/sys/windows"
)

// prepare has the console obey control sequences, and keys come at once.
func prepare(in, out *os.File) (restore func(), err error) {
	var before, keys uint32
	screen, keyboard := windows.Handle(out.Fd()), windows.Handle(in.Fd())
	if err := windows.GetConsoleMode(screen, &before); err != nil {
		return nil, os.NewSyscallError("GetConsoleMode", err)
	}
	const obey = windows.ENABLE_PROCESSED_OUTPUT | windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING
	if err := windows.SetConsoleMode(screen, before|obey); err != nil {
		return nil, os.NewSyscallError("SetConsoleMode", err)
	}
	if windows.GetConsoleMode(keyboard, &keys) != nil { // stdin is something else
		return func() { _ = windows.SetConsoleMode(screen, before) }, nil
	}
	const lines = windows.ENABLE_LINE_INPUT | windows.ENABLE_ECHO_INPUT
	if err := windows.SetConsoleMode(keyboard, keys&^lines); err != nil {
		_ = windows.SetConsoleMode(screen, before)
		return nil, os.NewSyscallError("SetConsoleMode", err)
	}
	return func() {
		_ = windows.SetConsoleMode(keyboard, keys)
		_ = windows.SetConsoleMode(screen, before)
	}, nil
}

// Hide has what is typed not shown.
func Hide(in *os.File) error {
	var keys uint32
	keyboard := windows.Handle(in.Fd())
	if err := windows.GetConsoleMode(keyboard, &keys); err != nil {
		return os.NewSyscallError("GetConsoleMode", err)
	}
	return os.NewSyscallError("SetConsoleMode", windows.SetConsoleMode(keyboard, keys&^windows.ENABLE_ECHO_INPUT))
}

// Resized tells nothing: a console sends no signal.
func Resized() (resized <-chan os.Signal, stop func()) { return nil, func() {} }

// Quit tells nothing: there is no such signal.
func Quit() (quit <-chan os.Signal, stop func()) { return nil, func() {} }

// QuitCode is not asked for.
func QuitCode(os.Signal) int { return 1 }
