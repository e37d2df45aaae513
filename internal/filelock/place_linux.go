package filelock

import (
	"errors"

	"golang.org/x/sys/unix"
)

// renameExclusive renames without replacing anything, an empty directory included, which plain rename would. It
// returns errNoExclusiveRename where the kernel or the file system cannot.
func renameExclusive(from, to string) error {
	err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) {
		return errNoExclusiveRename
	}
	return err
}
