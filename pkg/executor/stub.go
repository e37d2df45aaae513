package executor

// StubArg is the first argument that turns this program into the stub of a
// child: see IsStub. It is no command and no flag, so nobody types it by chance.
const StubArg = "__kyoli-exec-stub"

// IsStub tells whether args (without the program's name) ask for the stub. Ask
// before anything else is done: the child waits for it.
func IsStub(args []string) bool {
	return len(args) > 0 && args[0] == StubArg
}
