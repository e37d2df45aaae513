// Package sse splits a stream of server-sent events as the HTML standard has it (section 9.2,
// "Server-sent events"). It promises not to change or keep the bytes it is given, to take any of the
// standard's line endings, and never to take an event for whole that may still go on.
package sse

import "bytes"

// Event is one event.
type Event struct {
	// Name is the event's type; empty where the stream names none.
	Name string
	// Data is the data, its lines joined by "\n". Where it is one line it shares memory with the
	// stream.
	Data []byte
}

// Empty tells whether there is nothing in the event: a comment, as servers send to keep a connection
// alive.
func (e Event) Empty() bool { return e.Name == "" && len(e.Data) == 0 }

// Next returns the first event of b and how many bytes it takes up, its blank line among them. The
// length is 0 where b does not hold a whole event yet. An event of comments alone, or of nothing but
// a blank line, is [Event.Empty].
func Next(b []byte) (Event, int) {
	var e Event
	var lines int
	at := 0
	for {
		line, n := cutLine(b[at:])
		if n == 0 {
			return Event{}, 0
		}
		if at == 0 {
			line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf")) // of the stream's first event
		}
		at += n
		if len(line) == 0 {
			return e, at
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(name) {
		case "event":
			e.Name = string(value)
		case "data":
			e.Data = join(e.Data, value, lines)
			lines++
		}
	}
}

// join adds a line to those before.
func join(data, line []byte, lines int) []byte {
	if lines == 0 {
		return line
	}
	joined := make([]byte, 0, len(data)+1+len(line))
	joined = append(append(joined, data...), '\n')
	return append(joined, line...)
}

// cutLine returns the first line without its ending, and its length with it; 0 where the line, or its
// ending, may not be whole: a CR at the end may be the first half of a CRLF.
func cutLine(b []byte) ([]byte, int) {
	i := bytes.IndexAny(b, "\r\n")
	switch {
	case i < 0:
		return nil, 0
	case b[i] == '\n':
		return b[:i], i + 1
	case i+1 == len(b):
		return nil, 0
	case b[i+1] == '\n':
		return b[:i], i + 2
	}
	return b[:i], i + 1
}
