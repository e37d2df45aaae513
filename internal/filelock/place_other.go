//go:build !linux && !darwin

package filelock

// renameExclusive is not to be had here; the directory is made in place and then filled.
func renameExclusive(_, _ string) error { return errNoExclusiveRename }
