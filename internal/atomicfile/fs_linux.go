package atomicfile

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// exchange swaps two files in one step.
func exchange(a, b string) error {
	return noExchange(unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE))
}

// place renames temp to path, where nothing may be.
func place(temp, path string) error {
	err := noExchange(unix.Renameat2(unix.AT_FDCWD, temp, unix.AT_FDCWD, path, unix.RENAME_NOREPLACE))
	if errors.Is(err, errNoExchange) {
		return placeByLink(temp, path)
	}
	return err
}

// allocate makes sure that there is room for size bytes. File systems that cannot do that are let be.
func allocate(f *os.File, size int64) error {
	if size == 0 {
		return nil
	}
	for {
		err := unix.Fallocate(int(f.Fd()), 0, 0, size)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(noExchange(err), errNoExchange):
			return nil
		}
		return err
	}
}
