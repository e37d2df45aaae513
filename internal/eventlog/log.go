package eventlog

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/kyoli-gam/kyoli/internal/atomicfile"
	"github.com/kyoli-gam/kyoli/internal/failpoint"
)

// MaxSize is the size in bytes at which a log is rotated.
const MaxSize = 5 << 20

// errNotEvent is returned for a line that is no event.
var errNotEvent = errors.New("not an event")

// errNotRegular is returned for a path that leads to a directory, a pipe and the like.
var errNotRegular = errors.New("not a regular file")

// Options say where and how a [Log] writes. Path is required.
type Options struct {
	// Path is the log; its directory is made where it is missing. The log before it is Path + ".1".
	Path string
	// MaxSize is the size at which it is rotated, in bytes; 0 = MaxSize.
	MaxSize int64
	// Command is kyoli's command, for events that name none.
	Command string
	// Now is the clock; nil = time.Now.
	Now func() time.Time
	// OnError is told the first time that the log cannot be written. It may be nil.
	OnError func(error)
}

// Log appends events. It holds nothing open, does no I/O before the first event, and is safe for
// concurrent use. A nil Log takes events and forgets them.
type Log struct {
	o    Options
	told sync.Once
}

// Open returns a log.
func Open(o Options) *Log {
	if o.MaxSize == 0 {
		o.MaxSize = MaxSize
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Log{o: o}
}

// Append writes an event down. That it cannot be is told once, and stops nothing.
func (l *Log) Append(e Event) {
	if l == nil {
		return
	}
	if e.Time.IsZero() {
		e.Time.Time = l.o.Now()
	}
	if e.PID == 0 {
		e.PID = os.Getpid()
	}
	if e.Command == "" {
		e.Command = l.o.Command
	}
	e.tidy()
	line, err := e.JSON()
	if err == nil {
		err = l.write(append(line, '\n'))
	}
	if err != nil {
		l.told.Do(func() {
			if l.o.OnError != nil {
				l.o.OnError(err)
			}
		})
	}
}

// attempts bounds how often something begins again because the log was rotated away meanwhile. For a
// line that takes two rotations between opening and writing.
const attempts = 5

func (l *Log) write(line []byte) error {
	path, err := atomicfile.Resolve(l.o.Path)
	if err != nil {
		return err
	}
	for range attempts {
		gone, err := l.append(path, line)
		if err != nil || !gone {
			return err
		}
	}
	return nil
}

// append adds a line with one write. gone tells that the file has been removed meanwhile, and the
// line with it.
func (l *Log) append(path string, line []byte) (gone bool, err error) {
	f, size, err := open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	if size > 0 && size+int64(len(line)) > l.o.MaxSize && rotate(path, l.o.MaxSize-int64(len(line))) {
		f.Close()
		if f, size, err = open(path); err != nil {
			return false, err
		}
		defer f.Close()
	}
	if size > 0 && !endsLine(f, size) {
		line = append([]byte{'\n'}, line...) // after the remains of one that died while it wrote
	}
	failpoint.Hit("event")
	n, err := f.Write(line)
	if err != nil && n > 0 {
		_, _ = f.Write([]byte{'\n'}) // a full disk; what follows shall not hang on to it
	}
	if err != nil {
		return false, err
	}
	return unlinked(f), nil
}

// open opens a log for appending, and makes it and its directory where they are missing.
func open(path string) (f *os.File, size int64, err error) {
	for range attempts {
		f, err = os.OpenFile(path, os.O_RDWR|os.O_APPEND|nonBlocking, 0)
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
		if err := create(path); err != nil {
			return nil, 0, err
		}
	}
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: path, Err: errNotRegular}
	}
	if err == nil && info.Mode().Perm()&0o077 != 0 && hasModes {
		err = f.Chmod(0o600)
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
}

// create makes an empty file where there is none, which belongs to the directory's owner even where
// root makes it.
func create(path string) error {
	if err := atomicfile.MkdirPrivate(filepath.Dir(path)); err != nil {
		return err
	}
	f, err := atomicfile.Create(path, 0)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// endsLine tells whether the file ends with a line break, or cannot be read. A line that is just
// being written by another process may look torn; that costs an empty line.
func endsLine(f *os.File, size int64) bool {
	var last [1]byte
	n, err := f.ReadAt(last[:], size-1)
	return n != 1 || err != nil || last[0] == '\n'
}

// rotate makes the log the one before, where it is larger than size and nobody else is about to. It
// waits for nobody; where it cannot be done now the log grows, and the next line tries again. It
// tells whether there is another file to be opened.
func rotate(path string, size int64) bool {
	lock := path + ".flock"
	if _, err := os.Stat(lock); err != nil && create(lock) != nil {
		return false
	}
	held := flock.New(lock, flock.SetFlag(os.O_CREATE|os.O_RDONLY|nonBlocking))
	if ok, err := held.TryLock(); err != nil || !ok {
		_ = held.Close()
		return false
	}
	defer held.Close() //nolint:errcheck // the kernel gives it back
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return true
	}
	if err != nil {
		return false
	}
	if info.Size() <= max(size, 0) {
		return true // another process has just done it
	}
	return os.Rename(path, path+".1") == nil
}
