package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/kyoli-gam/kyoli/internal/failpoint"
)

// Create creates a file (0600) with room for size bytes, which read as zeros where the file system can allocate, and
// opens it for reading and writing. What root makes belongs to the directory's owner. The file must not exist; it is
// removed again where a step fails. Neither it nor its name is on the disk yet: fsync the file, and SyncDir. The error
// is *Error.
func Create(path string, size int64) (*os.File, error) {
	f, step, err := create(path, path, size)
	if err != nil {
		return nil, &Error{Path: path, Step: step, Err: bare(err)}
	}
	return f, nil
}

// create makes a file that belongs to whom target belongs to.
func create(path, target string, size int64) (_ *os.File, step string, err error) {
	own, err := ownerFor(target)
	if err != nil {
		return nil, "create", err
	}
	if err := failpoint.Err("create"); err != nil {
		return nil, "create", err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, "create", err
	}
	step, err = "create", errors.Join(f.Chmod(0o600), own.give(f))
	if err == nil {
		step, err = "allocate", errors.Join(failpoint.Err("allocate"), allocate(f, size))
	}
	if err != nil {
		_ = f.Close()
		_ = os.Remove(path)
		return nil, step, err
	}
	return f, "", nil
}

// Reservation keeps room on the disk for a later Write.
type Reservation struct {
	file *os.File
	name string
}

// Reserve sets room for size bytes aside beside the file at path, which need not exist, and so also tells whether that
// could be written at all. Free it directly before the Write. What a process leaves that dies is removed by Sweep. The
// error is *Error.
func Reserve(path string, size int64) (*Reservation, error) {
	target, err := Resolve(path)
	if err != nil {
		return nil, &Error{Path: path, Step: "resolve", Err: bare(err)}
	}
	name, err := tempName(target)
	if err != nil {
		return nil, &Error{Path: target, Step: "create", Err: bare(err)}
	}
	f, step, err := create(name, target, size)
	if err != nil {
		return nil, &Error{Path: target, Step: step, Err: bare(err)}
	}
	return &Reservation{file: f, name: name}, nil
}

// Free gives the room back. It may be called twice, and on nil.
func (r *Reservation) Free() {
	if r == nil || r.file == nil {
		return
	}
	_ = r.file.Close()
	_ = os.Remove(r.name)
	r.file = nil
}

// PrivateDir makes a directory as MkdirPrivate does, or takes everybody else's permissions from the one that is there,
// and says whether it had to. A directory of another user is refused with ErrForeign, unless root asks.
func PrivateDir(dir string) (tightened bool, err error) {
	if err := MkdirPrivate(dir); err != nil {
		return false, &Error{Path: dir, Step: "create the directory", Err: bare(err)}
	}
	info, err := os.Stat(dir)
	if err != nil {
		return false, &Error{Path: dir, Step: "create the directory", Err: bare(err)}
	}
	if _, err := ownerFor(dir); err != nil {
		return false, &Error{Path: dir, Step: "create the directory", Err: err}
	}
	if !othersMay(info) {
		return false, nil
	}
	if err := os.Chmod(dir, 0o700); err != nil { //nolint:gosec // a directory has to be entered
		return false, &Error{Path: dir, Step: "chmod", Err: bare(err)}
	}
	return true, nil
}

// SweepDir removes the temporary files of all files in a directory, as Sweep does those of one.
func SweepDir(dir string) error {
	left, err := LeftOvers(dir)
	if err != nil {
		return err
	}
	var errs []error
	for _, file := range left {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// LeftOvers are the paths of what SweepDir would remove. A missing directory has none.
func LeftOvers(dir string) ([]string, error) {
	names, err := readNames(dir)
	if err != nil {
		return nil, err
	}
	var left []string
	for _, name := range names {
		if rest, ok := restOfTempName(name); ok && leftOver(filepath.Join(dir, name), rest, sweepDeadAge) {
			left = append(left, filepath.Join(dir, name))
		}
	}
	slices.Sort(left)
	return left, nil
}
