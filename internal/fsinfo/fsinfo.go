// Package fsinfo tells what a file or a directory stands on, and whose it is, without changing anything: what `kyoli
// doctor` looks at, because locks and renames are worth only as much as the file system below them. It promises to say
// nothing about what the system does not tell.
package fsinfo

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// FileSystem is what a path is on.
type FileSystem struct {
	// Name is its type in words, "" where the system does not tell.
	Name string
	// Network is one on which another machine's processes may work at the same time.
	Network bool
}

// Of returns the file system of path, or of the nearest directory above it that exists.
func Of(path string) (FileSystem, error) {
	for {
		found, err := fileSystem(path)
		parent := filepath.Dir(path)
		if !errors.Is(err, fs.ErrNotExist) || parent == path {
			return found, err
		}
		path = parent
	}
}

// Writable says whether files can be made in a directory: nil, or the system's error.
func Writable(dir string) error { return writable(dir) }

// Owner returns the numeric id of the user that a file belongs to; false where the system has no such ids.
func Owner(info os.FileInfo) (uid int, ok bool) { return owner(info) }

// Loose are the permissions of a file that it should not have: those of group and others. Zero where the system has no
// such permissions.
func Loose(info os.FileInfo) fs.FileMode { return loose(info) }
