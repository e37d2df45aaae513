package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/kyoli-gam/kyoli/internal/failpoint"
	"github.com/kyoli-gam/kyoli/internal/regular"
)

// Options of Write. The zero value writes a 0600 file.
type Options struct {
	// Perm are the new file's permissions; zero is 0600. The old file's are not kept.
	Perm fs.FileMode
	// NoReplace makes Write fail with an error that is fs.ErrExist where the file exists.
	NoReplace bool
	// NoSync leaves out what brings the file to the disk, for content that a power cut makes worthless anyway. A
	// crash of the process still leaves the old content or the new.
	NoSync bool
	// BeforeRename is called when all but the rename is done. Its error is returned as it is, and nothing changes.
	BeforeRename func() error
	// AfterRename is called after the rename and before the fsync of the directory. Its error is returned as it is,
	// when the rest is done.
	AfterRename func() error
	// Displaced is called with the content that was replaced, which may be other than what the caller read before.
	// It is called only where the system can exchange two files in one step (Linux, macOS) and there was a file. Its
	// error is returned as it is.
	Displaced func(content []byte) error
}

// Error is returned when a step failed. It names the file that was to be written, not the temporary one.
type Error struct {
	Path string
	Step string // create, allocate, write, fsync, close, rename, fsync of the directory
	Err  error  // the system's, without a path
}

func (e *Error) Error() string { return fmt.Sprintf("write %s: %s: %v", e.Path, e.Step, e.Err) }

// Unwrap returns the system's error.
func (e *Error) Unwrap() error { return e.Err }

// ErrForeign is wrapped by the error of a Write that would take a file from the user it belongs to.
var ErrForeign = errors.New("the file belongs to another user")

// Write replaces the content of the file at path, or creates it. A symlink is followed and its target replaced.
// Where root writes, the file goes on belonging to its owner, or a new one to the directory's. The error is *Error,
// or one of the callbacks'.
func Write(path string, data []byte, o Options) error {
	target, err := Resolve(path)
	if err != nil {
		return &Error{Path: path, Step: "resolve", Err: bare(err)}
	}
	w := &writer{path: target, o: o}
	if w.o.Perm == 0 {
		w.o.Perm = 0o600
	}
	if err := w.prepare(data); err != nil {
		w.discard()
		return err
	}
	if err := w.commit(); err != nil {
		w.discard()
		return err
	}
	return w.finish()
}

type writer struct {
	path      string
	o         Options
	temp      string // to be removed, or empty
	exchanged bool   // temp holds the old content
}

func (w *writer) fail(step string, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Path: w.path, Step: step, Err: bare(err)}
}

// prepare writes the temporary file and brings it to the disk.
func (w *writer) prepare(data []byte) error {
	// A link may lead to a device: as root the rename would put a file in its place.
	if info, err := os.Lstat(w.path); err == nil && !info.Mode().IsRegular() {
		return w.fail("create", regular.ErrNotRegular)
	}
	own, err := ownerFor(w.path)
	if err != nil {
		return w.fail("create", err)
	}
	f, err := w.create()
	if err != nil {
		return w.fail("create", err)
	}
	defer f.Close()
	steps := []struct {
		name string
		do   func() error
	}{
		{"create", func() error { return errors.Join(f.Chmod(w.o.Perm), own.give(f)) }},
		{"allocate", func() error { return allocate(f, int64(len(data))) }},
		{"write", func() error { _, err := f.Write(data); return err }},
		{"fsync", f.Sync},
		{"close", f.Close},
	}
	for _, s := range steps {
		if w.o.NoSync && s.name == "fsync" {
			continue
		}
		if err := w.step(s.name, s.do); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) create() (*os.File, error) {
	if err := failpoint.Err("temp"); err != nil {
		return nil, err
	}
	name, err := tempName(w.path)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		w.temp = name
	}
	return f, err
}

func (w *writer) step(name string, do func() error) error {
	if err := failpoint.Err(name); err != nil {
		return w.fail(name, err)
	}
	return w.fail(name, do())
}

// commit moves the temporary file to its place.
func (w *writer) commit() error {
	if w.o.BeforeRename != nil {
		if err := w.o.BeforeRename(); err != nil {
			return err
		}
	}
	return w.step("rename", w.rename)
}

func (w *writer) rename() error {
	if w.o.NoReplace {
		return w.moved(place(w.temp, w.path))
	}
	if w.o.Displaced != nil {
		err := exchange(w.temp, w.path)
		if err == nil {
			w.exchanged = true
			return nil
		}
		if !errors.Is(err, errNoExchange) && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return w.moved(replace(w.temp, w.path))
}

func (w *writer) moved(err error) error {
	if err == nil {
		w.temp = ""
	}
	return err
}

// finish brings the rename to the disk and looks at what was replaced.
func (w *writer) finish() error {
	defer w.discard()
	var after error
	if w.o.AfterRename != nil {
		after = w.o.AfterRename()
	}
	var synced error
	if !w.o.NoSync {
		synced = w.step("fsync of the directory", func() error { return SyncDir(filepath.Dir(w.path)) })
	}
	return errors.Join(after, synced, w.displaced())
}

// maxDisplaced bounds what is read of a content that took the place of the one that was read: as much as any file of
// kyoli's may have.
const maxDisplaced = 64 << 20

func (w *writer) displaced() error {
	if !w.exchanged {
		return nil
	}
	old, err := regular.Read(w.temp, maxDisplaced)
	if err != nil {
		return w.fail("read what was replaced", err)
	}
	return w.o.Displaced(old)
}

func (w *writer) discard() {
	if w.temp != "" {
		failpoint.Hit("remove")
		_ = os.Remove(w.temp)
		w.temp = ""
	}
}

// bare takes the path and the operation off a system error, which would name the temporary file.
func bare(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	var link *os.LinkError
	if errors.As(err, &link) {
		return link.Err
	}
	return err
}
