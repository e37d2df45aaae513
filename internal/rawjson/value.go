package rawjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// marshal returns the JSON text of v; verbatim where v brings its own text.
func marshal(v any) (raw jsontext.Value, verbatim bool, err error) {
	switch v := v.(type) {
	case string:
		return appendString(nil, v), false, nil
	case bool:
		return strconv.AppendBool(nil, v), false, nil
	case int:
		return strconv.AppendInt(nil, int64(v), 10), false, nil
	case int64:
		return strconv.AppendInt(nil, v, 10), false, nil
	case nil:
		return jsontext.Value("null"), false, nil
	case jsontext.Value:
		return bytes.TrimSpace(v), true, Validate(v)
	case json.RawMessage:
		return bytes.TrimSpace(v), true, Validate(v)
	case *Object:
		return bytes.TrimSpace(v.Bytes()), !v.fresh, nil
	case *Array:
		return bytes.TrimSpace(v.Bytes()), !v.fresh, nil
	}
	raw, err = encode(v)
	return raw, false, err
}

// encode is json.Marshal without the escapes for HTML, which JSON.stringify does not make either.
func encode(v any) (jsontext.Value, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("encode %T: %w", v, err)
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

// appendString appends s quoted as JSON.stringify does. Bytes that are not UTF-8 become U+FFFD.
func appendString(dst []byte, s string) []byte {
	quoted, err := jsontext.AppendQuote(dst, validText(s))
	if err != nil { // cannot be: the text is valid UTF-8
		return append(dst, `""`...)
	}
	return quoted
}

func validText(s string) string { return strings.ToValidUTF8(s, "\ufffd") }

// Text returns the text of a JSON string, and false for any other value.
func Text(v jsontext.Value) (string, bool) {
	if v.Kind() != '"' {
		return "", false
	}
	v = bytes.TrimSpace(v)
	if len(v) >= 2 && bytes.IndexByte(v, '\\') < 0 {
		return string(v[1 : len(v)-1]), true
	}
	s, err := jsontext.AppendUnquote(nil, v)
	return string(s), err == nil
}

// maxMillis is the last time that JavaScript's Date can hold (ECMA-262, Time Values and Time Range).
const maxMillis = 8.64e15

var (
	errNotNumber = errors.New("not a number")
	errNotTime   = errors.New("not a time in milliseconds since 1970")
)

// Millis returns a JSON number as milliseconds since the epoch. It accepts every spelling of a number (1.7e12) and
// drops a fraction; what no JavaScript Date can hold is an error, which does not quote the value.
func Millis(v jsontext.Value) (int64, error) {
	text := bytes.TrimSpace(v)
	if jsontext.Value(text).Kind() != '0' {
		return 0, errNotNumber
	}
	if n, ok := smallInt(text); ok {
		return n, nil
	}
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, errNotNumber
	}
	if math.IsNaN(f) || math.Abs(f) > maxMillis {
		return 0, errNotTime
	}
	return int64(f), nil
}

// smallInt reads up to 15 plain digits, which is what nearly every number is.
func smallInt(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) > 15 {
		return 0, false
	}
	var n int64
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}
