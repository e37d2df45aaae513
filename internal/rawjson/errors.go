package rawjson

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// SyntaxError says where a document is not the JSON that was asked for. It never quotes the content, which may hold
// secrets.
type SyntaxError struct {
	Offset  int64  // byte offset from the start of the document
	Pointer string // where, as a JSON pointer (RFC 6901); names too long for a member's are shown as "…"
	Reason  string
}

func (e *SyntaxError) Error() string {
	if e.Pointer == "" {
		return fmt.Sprintf("%s at byte %d", e.Reason, e.Offset)
	}
	return fmt.Sprintf("%s at byte %d (%s)", e.Reason, e.Offset, e.Pointer)
}

// maxNameShown bounds a name in a pointer: in a damaged document a token may stand where a name should, and tokens
// are longer than this.
const maxNameShown = 32

// syntaxError turns the decoder's error into ours.
func syntaxError(data []byte, err error) *SyntaxError {
	if len(bytes.TrimLeft(data, " \t\r\n")) == 0 {
		return &SyntaxError{Offset: int64(len(data)), Reason: "the document is empty"}
	}
	if bytes.HasPrefix(data, []byte("\xef\xbb\xbf")) {
		return &SyntaxError{Reason: "the document starts with a byte order mark"}
	}
	var s *jsontext.SyntacticError
	if !errors.As(err, &s) {
		return &SyntaxError{Offset: int64(len(data)), Reason: "the document ends too early"}
	}
	return &SyntaxError{Offset: s.ByteOffset, Pointer: cleanPointer(s.JSONPointer), Reason: reason(s.Err)}
}

func reason(err error) string {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "the document ends too early"
	case errors.Is(err, jsontext.ErrDuplicateName):
		return "duplicate member name"
	case errors.Is(err, jsontext.ErrNonStringName):
		return "a member name is not a string"
	}
	return unquoted(err.Error())
}

// unquoted takes the offending character or escape out of the decoder's text: `invalid character 'x' in string`.
func unquoted(text string) string {
	for _, label := range []string{"invalid character ", "invalid escape sequence ", "invalid surrogate pair "} {
		rest, ok := strings.CutPrefix(text, label)
		if !ok {
			continue
		}
		for _, where := range []string{" at start of ", " in ", " after ", " within "} {
			if i := strings.LastIndex(rest, where); i >= 0 {
				return strings.TrimSpace(label) + rest[i:]
			}
		}
		return strings.TrimSpace(label)
	}
	return text
}

func cleanPointer(p jsontext.Pointer) string {
	var b strings.Builder
	for name := range p.Tokens() {
		if len(name) > maxNameShown {
			name = "…"
		}
		b.WriteString("/" + pointerEscape(name))
	}
	return b.String()
}

func pointerEscape(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}
