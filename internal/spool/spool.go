// Package spool keeps the body of a request so that it can be sent again.
//
// It promises that what is read back is what came in, byte for byte; that no more than a fixed part
// of it is in memory, the rest being in a file that only this user can read and that has no name any
// more (on Windows, none that outlives the body); and that a body which is too large to be kept can
// still be read once.
package spool

import (
	"bytes"
	"errors"
	"io"
	"os"
	"runtime"
	"sync"
)

// Limits say how much is kept.
type Limits struct {
	// Memory is how many bytes are kept in memory; what is beyond goes to a file.
	Memory int
	// Most is how many bytes are kept at all.
	Most int64
	// Dir is where the file is made; empty = the system's directory for temporary files.
	Dir string
}

// ErrGone is returned for a body that can be read once and was read.
var ErrGone = errors.New("the body was too large to be kept, and has been read")

// Body is a kept body. It is safe for concurrent use.
type Body struct {
	mu     sync.Mutex
	head   []byte
	file   *os.File
	size   int64 // -1 = not known
	rest   io.ReadCloser
	open   int // readers of the file
	closed bool
}

// New reads src, whose length is size (-1 = not known), as far as the limits allow, and closes it
// where it has read all. A body that is longer stays in src from there on. Errors are those of src
// and of the file.
func New(src io.ReadCloser, size int64, l Limits) (*Body, error) {
	b := &Body{size: size}
	if src == nil {
		b.size = 0
		return b, nil
	}
	if size > l.Most {
		b.rest = src
		return b, nil
	}
	whole, err := b.readHead(src, l.Memory)
	if err == nil && !whole {
		whole, err = b.readRest(src, l)
	}
	switch {
	case err != nil:
		_ = src.Close()
		b.Close()
		return nil, err
	case whole:
		_ = src.Close()
	default:
		b.rest = src
	}
	return b, nil
}

// readHead reads what is kept in memory, and tells whether that was all.
func (b *Body) readHead(src io.Reader, most int) (whole bool, err error) {
	room := int64(bytes.MinRead)
	if b.size >= 0 {
		room = min(b.size, int64(most)) + 1 // the last byte is for the end to be seen
	}
	head := make([]byte, 0, room)
	for len(head) <= most {
		if len(head) == cap(head) {
			head = append(head, 0)[:len(head)]
		}
		n, err := src.Read(head[len(head):min(cap(head), most+1)])
		head = head[:len(head)+n]
		if errors.Is(err, io.EOF) {
			b.head, b.size = head, int64(len(head))
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
	b.head = head
	return false, nil
}

// readRest reads what is kept in the file, and tells whether that was all.
func (b *Body) readRest(src io.Reader, l Limits) (whole bool, err error) {
	f, err := tempFile(l.Dir)
	if err != nil {
		return false, err
	}
	b.file = f
	room := l.Most - int64(len(b.head))
	n, err := io.Copy(f, io.LimitReader(src, room+1))
	if err != nil || n > room {
		return false, err
	}
	b.size = int64(len(b.head)) + n
	return true, nil
}

// tempFile makes a file without a name.
func tempFile(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, "kyoli-body-*") // 0600
	if err != nil {
		return nil, err
	}
	if runtime.GOOS == "windows" {
		return f, nil // an open file cannot be removed
	}
	if err := os.Remove(f.Name()); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// Kept tells whether the body can be read as often as wanted.
func (b *Body) Kept() bool { return b.rest == nil }

// Size is the body's length in bytes, -1 where it is not known.
func (b *Body) Size() int64 {
	if b.rest != nil && b.size < 0 {
		return -1
	}
	return b.size
}

// Head is the part of the body that is in memory: all of it, where [Body.InMemory]. It must not be
// changed.
func (b *Body) Head() []byte { return b.head }

// InMemory tells whether all of the body is in memory.
func (b *Body) InMemory() bool { return b.file == nil && b.rest == nil }

// Open returns a reader of the whole body. It is to be closed.
func (b *Body) Open() (io.ReadCloser, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, ErrGone
	}
	if b.file == nil && b.rest == nil {
		// A type that net/http knows to be in memory, so that it sends head and body at once.
		return io.NopCloser(bytes.NewReader(b.head)), nil
	}
	r := &reader{b: b, head: b.head}
	if b.file != nil {
		at := int64(len(b.head))
		end := b.size - at
		if b.rest != nil {
			end = 1<<63 - 1 // as far as it was written
		}
		r.file = io.NewSectionReader(b.file, 0, end)
		b.open++
	}
	if b.rest != nil {
		b.closed = true // read once
		r.rest = b.rest
	}
	return r, nil
}

// Close lets go of the body. Readers that are open can be read to their end.
func (b *Body) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rest != nil && !b.closed {
		_ = b.rest.Close()
	}
	b.closed, b.head = true, nil
	b.drop()
}

// drop closes the file once nobody needs it. The caller holds mu.
func (b *Body) drop() {
	if !b.closed || b.open > 0 || b.file == nil {
		return
	}
	_ = b.file.Close()
	if runtime.GOOS == "windows" {
		_ = os.Remove(b.file.Name())
	}
	b.file = nil
}

// reader reads head, file and rest one after the other, and lets go of each when it is through.
type reader struct {
	b    *Body
	mu   sync.Mutex
	head []byte
	file *io.SectionReader
	rest io.ReadCloser
}

func (r *reader) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(p) == 0 {
		return 0, nil
	}
	if len(r.head) > 0 {
		n := copy(p, r.head)
		if r.head = r.head[n:]; len(r.head) == 0 {
			r.head = nil
		}
		return n, nil
	}
	if r.file != nil {
		n, err := r.file.Read(p)
		if !errors.Is(err, io.EOF) {
			return n, err
		}
		r.leaveFile()
		if n > 0 {
			return n, nil
		}
	}
	if r.rest != nil {
		return r.rest.Read(p)
	}
	return 0, io.EOF
}

// leaveFile gives the file back. The caller holds mu.
func (r *reader) leaveFile() {
	if r.file == nil {
		return
	}
	r.file = nil
	r.b.mu.Lock()
	defer r.b.mu.Unlock()
	r.b.open--
	r.b.drop()
}

// Close ends the reading; of a body that is not kept, the source.
func (r *reader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.head = nil
	r.leaveFile()
	if r.rest != nil {
		return r.rest.Close()
	}
	return nil
}
