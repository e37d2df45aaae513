// Package stub is what a child of exec is before it is the command: it waits on
// a pipe until its pid has been claimed, and then becomes the command, which
// thereby has the same pid and start time. It promises to run nothing unless it
// is told to, to leave no descriptor of its own behind, and to cost little: it
// needs nothing but the smallest packages of the standard library, so that it can
// run before all others are initialised.
package stub

// Arg is the first argument that turns kyoli into the stub. It is no command and
// no flag, so nobody types it by chance.
const Arg = "__kyoli-exec-stub"

// Exit codes of a command that could not be started, as in sh and env.
const (
	// CodeNotExecutable: the file is there and cannot be run.
	CodeNotExecutable = 126
	// CodeNotFound: there is no such file.
	CodeNotFound = 127
)

// Asked tells whether args (a program's whole argument vector) ask for the stub.
func Asked(args []string) bool { return len(args) > 1 && args[1] == Arg }
