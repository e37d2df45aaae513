package stub

// Run is not used on Windows, which has no exec: there the child is created
// suspended.
func Run(_, _ []string) int { return CodeNotExecutable }
