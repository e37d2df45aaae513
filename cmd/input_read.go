package cmd

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// reader takes members out of one object and keeps the first thing that is wrong.
type reader struct {
	d     *document
	n     *node
	field string
	err   error
}

// find is the member under one of its names, and the name. null is as good as
// absent; two spellings with different values are an error.
func (r *reader) find(names ...string) (*node, string) {
	var found *node
	var as string
	for _, name := range names {
		n := r.n.member(name)
		switch {
		case n == nil || n.kind == 'n':
		case found == nil:
			found, as = n, name
		case string(found.raw) != string(n.raw):
			r.fail(n, name, "differs from %s", as)
		}
	}
	return found, as
}

// text is a string member, "" where it is absent.
func (r *reader) text(names ...string) string {
	n, name := r.find(names...)
	if n == nil {
		return ""
	}
	value, ok := text(n)
	if !ok {
		r.fail(n, name, "must be a string, is %s", kindName(n.kind))
	}
	return value
}

// required is a string member that must be there and not empty.
func (r *reader) required(names ...string) string {
	n, name := r.find(names...)
	if n == nil {
		name := names[0]
		if r.n.member("type") != nil {
			name = names[len(names)-1] // auth.json's
		}
		r.fail(r.n, name, "is missing")
		return ""
	}
	value := r.text(names...)
	if r.err == nil && strings.TrimSpace(value) == "" {
		r.fail(n, name, "is empty")
	}
	return value
}

// expiry is when the access token expires, in ms since the epoch.
func (r *reader) expiry(now time.Time) int64 {
	if n, name := r.find(namesExpiry...); n != nil {
		return r.instant(n, name)
	}
	n, name := r.find("expires_in", "expiresIn")
	if n == nil {
		return 0
	}
	seconds, ok := number(n)
	if !ok || seconds < 0 || seconds > 100*365*24*3600 {
		r.fail(n, name, "must be a number of seconds")
		return 0
	}
	return now.UnixMilli() + int64(seconds*1000)
}

const (
	maxMillis = 253402300799999 // the end of the year 9999
	// minMillis parts seconds from milliseconds: the former would be the year
	// 5138, the latter March 1973.
	minMillis = 100_000_000_000
)

// instant reads ms since the epoch (seconds, as some OAuth answers have it, are
// told by their size) or RFC 3339.
func (r *reader) instant(n *node, name string) int64 {
	if value, ok := text(n); ok {
		t, err := time.Parse(time.RFC3339, value)
		if err == nil && t.UnixMilli() >= 0 && t.UnixMilli() <= maxMillis {
			return t.UnixMilli()
		}
	} else if ms, ok := number(n); ok && ms >= 0 && ms <= maxMillis {
		if ms < minMillis {
			ms *= 1000
		}
		return int64(ms)
	}
	r.fail(n, name, "must be milliseconds since 1970 or a time in RFC 3339")
	return 0
}

func (r *reader) fail(n *node, name, format string, args ...any) {
	if r.err == nil {
		r.err = r.d.errorAt(n, join(r.field, name), format, args...)
	}
}

func text(n *node) (string, bool) {
	if n == nil || n.kind != '"' {
		return "", false
	}
	value, err := jsontext.AppendUnquote(nil, n.raw)
	return string(value), err == nil
}

func number(n *node) (float64, bool) {
	if n.kind != '0' {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(n.raw), 64)
	return f, err == nil && !math.IsInf(f, 0)
}

func join(field, name string) string {
	if field == "" {
		return name
	}
	return field + "." + name
}

func kindName(kind jsontext.Kind) string {
	switch kind {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case '0':
		return "a number"
	case 't', 'f':
		return "a boolean"
	}
	return "null"
}
