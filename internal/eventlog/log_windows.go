package eventlog

import "os"

const (
	nonBlocking = 0
	hasModes    = false
)

// unlinked is always false: an open file cannot be renamed or removed here.
func unlinked(*os.File) bool { return false }
