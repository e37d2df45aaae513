package eventlog

import (
	"errors"
	"io/fs"
	"os"
	"slices"

	"github.com/kyoli-gam/kyoli/internal/atomicfile"
)

// Reader reads a log, the rotated one first. It takes no lock.
type Reader struct {
	// Skipped is how many lines were no events, or only the remains of one.
	Skipped int

	path string // as it was given, links and all
	fn   func(Event) error
}

// NewReader returns a reader that calls fn for each event, in the order of the file. An error of fn
// ends reading and is returned as it is.
func NewReader(path string, fn func(Event) error) *Reader {
	return &Reader{path: path, fn: fn}
}

// Read reads what there is. A log that is not there yet is empty.
func (r *Reader) Read() error {
	files, err := r.openBoth()
	defer closeAll(files)
	for _, l := range files {
		if err == nil {
			err = l.readTo(l.opened, r.line)
		}
		if err == nil {
			err = l.flush(r.line) // the last line of a file that was cut off may be whole
		}
	}
	return err
}

// openBoth opens the log and before it the one before, as far as they are there. A rotation in
// between is noticed: then both are one.
func (r *Reader) openBoth() (files []*lines, err error) {
	path, err := atomicfile.Resolve(r.path)
	if err != nil {
		return nil, err
	}
	for range attempts {
		var now, old *lines
		if now, err = openLines(path); err != nil {
			return nil, err
		}
		if old, err = openLines(path + ".1"); err != nil {
			closeAll([]*lines{now})
			return nil, err
		}
		files = slices.DeleteFunc([]*lines{old, now}, func(l *lines) bool { return l == nil })
		if len(files) < 2 || !old.same(now) {
			break
		}
		closeAll(files)
		files = nil
	}
	return files, nil
}

// openLines opens a file to be read; nil where there is none.
func openLines(path string) (*lines, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|nonBlocking, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		f.Close()
		if err == nil {
			err = &fs.PathError{Op: "read", Path: path, Err: errNotRegular}
		}
		return nil, err
	}
	return &lines{file: f, opened: info.Size()}, nil
}

// same tells whether two are the same file, by whatever names.
func (l *lines) same(o *lines) bool {
	x, err := l.file.Stat()
	if err != nil {
		return false
	}
	y, err := o.file.Stat()
	return err == nil && os.SameFile(x, y)
}

func closeAll(files []*lines) {
	for _, l := range files {
		if l != nil {
			l.close()
		}
	}
}

// line takes one line, nil for one that is too long.
func (r *Reader) line(b []byte) error {
	e, torn, err := Parse(b)
	if err != nil || torn {
		r.Skipped++
	}
	if err != nil {
		return nil
	}
	return r.fn(e)
}
