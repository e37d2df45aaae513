package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// busyFor bounds the wait for a program that has the file open without sharing it, such as a virus scanner.
const busyFor = 2 * time.Second

// replace renames temp over path.
func replace(temp, path string) error { return move(temp, path, windows.MOVEFILE_REPLACE_EXISTING) }

// place renames temp to path, where nothing may be.
func place(temp, path string) error { return move(temp, path, 0) }

func move(temp, path string, flags uint32) error {
	from, err := windows.UTF16PtrFromString(temp)
	if err != nil {
		return err
	}
	to, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return err
	}
	for wait := time.Millisecond; ; wait *= 2 {
		err = windows.MoveFileEx(from, to, flags|windows.MOVEFILE_WRITE_THROUGH)
		busy := errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_ACCESS_DENIED)
		if !busy || wait > busyFor {
			return err
		}
		time.Sleep(wait)
	}
}

// exchange is not to be had on Windows: the rename replaces.
func exchange(_, _ string) error { return errNoExchange }

// SyncDir does nothing on Windows, where MOVEFILE_WRITE_THROUGH does it.
func SyncDir(string) error { return nil }

// allocate does nothing on Windows: a full disk shows when the file is written.
func allocate(_ *os.File, _ int64) error { return nil }

// owner is nobody: on Windows access follows the directory's lists.
type owner struct{}

func ownerFor(string) (*owner, error) { return nil, nil } //nolint:nilnil // nobody, and no error

func othersMay(fs.FileInfo) bool { return false }

func (o *owner) give(*os.File) error { return nil }

func inheritDir(_, _ string) error { return nil }

// isDead is never sure on Windows, where ids are used again at once: the age decides.
func isDead(int) bool { return false }
