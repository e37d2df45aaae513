package migrate

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/kyoli-gam/kyoli/internal/atomicfile"
	"github.com/kyoli-gam/kyoli/internal/failpoint"
)

// errMoved says that the file changed between the observation and the rename.
var errMoved = errors.New("the file changed while it was being written")

// replace puts data in the place of what was seen at path, durably, and only
// if that is still there (else errMoved).
//
// A writer that had the old file open at the rename writes into a file that
// has no name any more. What it wrote is returned as lost, nil where there is
// no such thing.
func replace(ctx context.Context, path string, seen *glance, data []byte) (lost *AuthFile, err error) {
	failpoint.Hit("auth-json")
	o := atomicfile.Options{
		NoReplace:    !seen.exists,
		BeforeRename: func() error { return seen.stands(path) },
	}
	if seen.exists {
		o.Displaced = func(content []byte) error {
			if file, err := parseAuth(path, content); err == nil && !bytes.Equal(content, seen.data) {
				lost = file
			}
			return nil
		}
	}
	err = atomicfile.Write(path, data, o)
	if errors.Is(err, fs.ErrExist) {
		return nil, errMoved
	}
	if err != nil || lost != nil {
		return lost, err
	}
	return displaced(ctx, path, seen)
}

// stands tells whether path still has what was seen.
func (g *glance) stands(path string) error {
	now, err := look(path)
	if err != nil {
		return err
	}
	defer now.close()
	if !now.same(g) {
		return errMoved
	}
	return nil
}

// displaced is what was written into the replaced file after it was last
// looked at. A writer truncates when it opens, so one that opened the file
// before the rename shows at once, or settlePause later at the latest.
//
// On Windows an open file cannot be replaced, so none is held open, and none
// that a writer has open is replaced.
func displaced(ctx context.Context, path string, seen *glance) (*AuthFile, error) {
	if seen.inode == nil {
		return nil, nil
	}
	if err := pause(ctx, settlePause); err != nil {
		return nil, err
	}
	for range settleDamaged / settlePause {
		data, err := readOpen(seen.inode)
		if err != nil || bytes.Equal(data, seen.data) {
			return nil, err
		}
		if file, err := parseAuth(path, data); err == nil {
			return file, nil
		}
		if err := pause(ctx, settlePause); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// makeParent makes the directory of path, 0700, where it is missing.
func makeParent(path string) error { return atomicfile.MkdirPrivate(filepath.Dir(path)) }

// exists tells whether there is something at path, at the cost of one stat.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
