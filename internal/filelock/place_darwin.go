package filelock

import (
	"errors"

	"golang.org/x/sys/unix"
)

// renameExclusive renames without replacing anything. It returns errNoExclusiveRename where the file system cannot.
func renameExclusive(from, to string) error {
	err := unix.RenamexNp(from, to, unix.RENAME_EXCL)
	if errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		return errNoExclusiveRename
	}
	return err
}
