package atomicfile

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// exchange swaps two files in one step.
func exchange(a, b string) error { return noExchange(unix.RenamexNp(a, b, unix.RENAME_SWAP)) }

// place renames temp to path, where nothing may be.
func place(temp, path string) error {
	err := noExchange(unix.RenamexNp(temp, path, unix.RENAME_EXCL))
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
	store := unix.Fstore_t{Flags: unix.F_ALLOCATEALL, Posmode: unix.F_PEOFPOSMODE, Length: size}
	if err := unix.FcntlFstore(f.Fd(), unix.F_PREALLOCATE, &store); errors.Is(err, unix.ENOSPC) {
		return err
	}
	return nil
}
