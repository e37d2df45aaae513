package rawjson

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// Cursor walks JSON that Validate has accepted, in one pass and without looking at its syntax again. On anything else
// it stays within bounds and means nothing. It stands on a value; each method that reads one leaves it behind it.
type Cursor struct {
	data []byte
	text string // a copy of data, made by the first Text
	pos  int
}

// NewCursor returns a cursor on the value of a validated document.
func NewCursor(data []byte) *Cursor { return &Cursor{data: data, pos: skipSpace(data, 0)} }

// Offset returns where the cursor stands: directly before a value, or directly behind the one that was read last.
func (c *Cursor) Offset() int { return c.pos }

// Kind returns the first byte of the value, 0 at the end.
func (c *Cursor) Kind() byte {
	if c.pos >= len(c.data) {
		return 0
	}
	return c.data[c.pos]
}

// Value reads the value and returns it. It shares memory with the document.
func (c *Cursor) Value() jsontext.Value {
	from := c.pos
	c.pos = skipValue(c.data, from)
	return jsontext.Value(c.data[from:c.pos:c.pos])
}

// Text reads the value and returns the text of a string, false for any other value. Where there are no escapes the
// text shares memory with one copy of the whole document, which is much faster than a copy of each.
func (c *Cursor) Text() (string, bool) {
	from := c.pos
	v := c.Value()
	if len(v) < 2 || v[0] != '"' {
		return "", false
	}
	if bytes.IndexByte(v, '\\') >= 0 {
		return Text(v)
	}
	if c.text == "" {
		c.text = string(c.data)
	}
	return c.text[from+1 : c.pos-1], true
}

// Members reads an object and calls fn for each member with the cursor on its value, which fn may read or leave. It
// stops where fn returns false, and leaves the cursor where it is then.
func (c *Cursor) Members(fn func(name []byte) bool) {
	for c.enter('}') {
		if c.data[c.pos] != '"' {
			c.pos = len(c.data)
			return
		}
		end := skipString(c.data, c.pos)
		name := plainName(c.data[c.pos:end])
		c.pos = skipSpace(c.data, skipSpace(c.data, end)+1)
		from := c.pos
		if from >= len(c.data) || !fn(name) {
			return
		}
		c.leave(from)
	}
}

// Elems reads an array and calls fn for each element as Members does.
func (c *Cursor) Elems(fn func() bool) {
	for c.enter(']') {
		from := c.pos
		if !fn() {
			return
		}
		c.leave(from)
	}
}

// enter goes over the bracket or comma before an item, or over the closing bracket, where it returns false.
func (c *Cursor) enter(closing byte) bool {
	c.pos = skipSpace(c.data, c.pos)
	if c.pos >= len(c.data) {
		return false
	}
	if c.data[c.pos] == closing {
		c.pos++
		return false
	}
	c.pos = skipSpace(c.data, c.pos+1)
	if c.pos >= len(c.data) {
		return false
	}
	if c.data[c.pos] == closing { // there was nothing between the brackets
		c.pos++
		return false
	}
	return true
}

// leave goes over a value that fn did not read.
func (c *Cursor) leave(from int) {
	if c.pos == from {
		c.pos = max(skipValue(c.data, from), from+1)
	}
}

// Each calls fn for each member of a validated object, with its name, its value, and the value's byte offset in
// object, until fn returns false.
func Each(object []byte, fn func(name []byte, value jsontext.Value, offset int) bool) {
	c := NewCursor(object)
	c.Members(func(name []byte) bool {
		offset := c.Offset()
		return fn(name, c.Value(), offset)
	})
}

// EachElem calls fn for each element of a validated array, with the element and its byte offset in array, until fn
// returns false.
func EachElem(array []byte, fn func(value jsontext.Value, offset int) bool) {
	c := NewCursor(array)
	c.Elems(func() bool {
		offset := c.Offset()
		return fn(c.Value(), offset)
	})
}

// plainName returns the text of a quoted name, without a copy where it has no escapes.
func plainName(quoted []byte) []byte {
	if len(quoted) >= 2 && bytes.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1]
	}
	name, err := jsontext.AppendUnquote(nil, quoted)
	if err != nil {
		return nil
	}
	return name
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && b[i] <= ' ' && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// skipString returns the index after the string that starts at i.
func skipString(b []byte, i int) int {
	start := i + 1
	for i = start; i < len(b); {
		n := bytes.IndexByte(b[i:], '"')
		if n < 0 {
			return len(b)
		}
		i += n + 1
		slashes := 0
		for at := i - 2; at >= start && b[at] == '\\'; at-- {
			slashes++
		}
		if slashes%2 == 0 {
			return i // nothing escapes this quote
		}
	}
	return len(b)
}

// skipValue returns the index after the value that starts at i.
func skipValue(b []byte, i int) int {
	if i >= len(b) {
		return len(b)
	}
	switch b[i] {
	case '"':
		return skipString(b, i)
	case '{', '[':
		return skipNested(b, i)
	}
	for i < len(b) && !isDelim[b[i]] {
		i++
	}
	return i
}

// isDelim holds the bytes that end a number or a literal.
var isDelim = [256]bool{',': true, '}': true, ']': true, ' ': true, '\n': true, '\r': true, '\t': true, ':': true}

// structural holds the bytes at which skipNested has to do something.
var structural = [256]bool{'"': true, '{': true, '[': true, '}': true, ']': true}

func skipNested(b []byte, i int) int {
	depth := 0
	for ; i < len(b); i++ {
		if !structural[b[i]] {
			continue
		}
		switch b[i] {
		case '"':
			i = skipString(b, i) - 1
		case '{', '[':
			depth++
		default:
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(b)
}
