package rawjson

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// The functions of this file split JSON that has been validated before, which is several times faster than
// validating it again at each level. On anything else they stay within bounds and mean nothing.

// Each calls fn for each member of a validated object, with its name, its value, and the value's byte offset in
// object, until fn returns false.
func Each(object []byte, fn func(name []byte, value jsontext.Value, offset int) bool) {
	i := skipSpace(object, 0) + 1
	for i < len(object) {
		i = skipSpace(object, i)
		if i >= len(object) || object[i] != '"' {
			return
		}
		end := skipString(object, i)
		name := plainName(object[i:end])
		i = skipSpace(object, skipSpace(object, end)+1)
		end = skipValue(object, i)
		if i >= end || !fn(name, jsontext.Value(object[i:end:end]), i) {
			return
		}
		i = skipSpace(object, end) + 1
	}
}

// EachElem calls fn for each element of a validated array, with the element and its byte offset in array, until fn
// returns false.
func EachElem(array []byte, fn func(value jsontext.Value, offset int) bool) {
	i := skipSpace(array, 0) + 1
	for i < len(array) {
		i = skipSpace(array, i)
		if i >= len(array) || array[i] == ']' {
			return
		}
		end := skipValue(array, i)
		if i >= end || !fn(jsontext.Value(array[i:end:end]), i) {
			return
		}
		i = skipSpace(array, end) + 1
	}
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
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// skipString returns the index after the string that starts at i.
func skipString(b []byte, i int) int {
	for i++; i < len(b); i++ {
		n := bytes.IndexByte(b[i:], '"')
		if n < 0 {
			return len(b)
		}
		escape := bytes.IndexByte(b[i:i+n], '\\')
		if escape < 0 {
			return i + n + 1
		}
		i += escape + 1 // on the escaped byte
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

func skipNested(b []byte, i int) int {
	depth := 0
	for i < len(b) {
		switch b[i] {
		case '"':
			i = skipString(b, i)
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
		i++
	}
	return len(b)
}
