// Package regular reads the files that kyoli and other programs keep their state in. It promises that whatever lies in
// a file's place is told from one at once: a FIFO, a device or a socket is an error and never waited for; and that no
// more is read than the caller has room for, however fast the file grows.
package regular

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// ErrNotRegular says that what lies there is no file: a directory, a FIFO, a device, a socket.
var ErrNotRegular = errors.New("it is not a regular file")

// TooLongError says that a file is longer than whoever reads it expects.
type TooLongError struct {
	Limit int64 // bytes
}

func (e *TooLongError) Error() string {
	if e.Limit >= 1<<20 {
		return fmt.Sprintf("it is larger than %d MiB", e.Limit>>20)
	}
	return fmt.Sprintf("it is larger than %d KiB", e.Limit>>10)
}

// Open opens a regular file to be read. Errors are *fs.PathError; one for anything else than a file wraps
// [ErrNotRegular].
func Open(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|noWait, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "read", Path: path, Err: ErrNotRegular}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Read returns the content of a regular file of limit bytes at most, not nil. Errors are those of [Open] and of the
// system, and *fs.PathError with a *[TooLongError].
func Read(path string, limit int64) ([]byte, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ReadFrom(f, limit)
}

// ReadFrom is Read of a file that is open, from where it stands.
func ReadFrom(f *os.File, limit int64) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	tooLong := &fs.PathError{Op: "read", Path: f.Name(), Err: &TooLongError{limit}}
	if info.Mode().IsRegular() && info.Size() > limit {
		return nil, tooLong
	}
	buf := bytes.NewBuffer(make([]byte, 0, min(info.Size(), limit)+bytes.MinRead))
	if _, err := buf.ReadFrom(io.LimitReader(f, limit+1)); err != nil {
		return nil, err
	}
	if int64(buf.Len()) > limit {
		return nil, tooLong
	}
	return buf.Bytes(), nil
}
