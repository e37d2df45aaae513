//go:build unix && !linux && !darwin

package atomicfile

import "os"

// exchange is not to be had on these systems: the rename replaces.
func exchange(_, _ string) error { return errNoExchange }

// place renames temp to path, where nothing may be.
func place(temp, path string) error { return placeByLink(temp, path) }

// allocate does nothing on these systems: a full disk shows when the file is written.
func allocate(_ *os.File, _ int64) error { return nil }
