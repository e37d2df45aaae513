package eventlog

import (
	"bytes"
	"errors"
	"io"
	"os"
)

// lines reads a file that grows. What follows the last line break is kept until its line is whole.
type lines struct {
	file *os.File
	at   int64 // how far it has been read
	// opened is how long it was when it was opened.
	opened int64
	rest   []byte
	// long: the line under way is longer than any event, and dropped.
	long bool
	buf  []byte
}

// size is how long the file is now.
func (l *lines) size() (int64, error) {
	info, err := l.file.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// readTo calls fn for every line that is whole, until end or the end of the file, and for one that
// is too long with nil. Empty lines are left out. A file that was emptied is read from its start.
func (l *lines) readTo(end int64, fn func(line []byte) error) error {
	if l.buf == nil {
		l.buf = make([]byte, maxLine)
	}
	if end < l.at {
		l.at, l.rest, l.long = 0, nil, false
	}
	for l.at < end {
		n, err := l.file.ReadAt(l.buf[:min(int64(len(l.buf)), end-l.at)], l.at)
		l.at += int64(n)
		if ferr := l.split(l.buf[:n], fn); ferr != nil {
			return ferr
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *lines) split(b []byte, fn func(line []byte) error) error {
	for len(b) > 0 {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			l.keep(b)
			return nil
		}
		l.keep(b[:i])
		b = b[i+1:]
		if err := l.flush(fn); err != nil {
			return err
		}
	}
	return nil
}

func (l *lines) keep(b []byte) {
	if l.long || len(l.rest)+len(b) > maxLine {
		l.long, l.rest = true, l.rest[:0]
		return
	}
	l.rest = append(l.rest, b...)
}

// flush hands on what there is as a line.
func (l *lines) flush(fn func(line []byte) error) error {
	line, long := bytes.TrimSpace(l.rest), l.long
	l.rest, l.long = l.rest[:0], false
	switch {
	case long:
		return fn(nil)
	case len(line) == 0:
		return nil
	}
	return fn(line)
}

func (l *lines) close() { _ = l.file.Close() }
