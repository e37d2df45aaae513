package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/kyoli-gam/kyoli/internal/failpoint"
)

// MkdirPrivate makes a directory and its missing parents, 0700 each and on the disk. What exists is left as it is.
func MkdirPrivate(dir string) error {
	info, err := os.Stat(dir)
	if err == nil {
		if !info.IsDir() {
			return &fs.PathError{Op: "mkdir", Path: dir, Err: errors.New("it is a file")}
		}
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	parent := filepath.Dir(dir)
	if parent == dir {
		return err
	}
	if err := MkdirPrivate(parent); err != nil {
		return err
	}
	failpoint.Hit("mkdir")
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := inheritDir(dir, parent); err != nil {
		return err
	}
	return SyncDir(parent)
}
