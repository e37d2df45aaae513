package sse_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/internal/sse"
)

type event struct{ Name, Data string }

// split takes a stream apart, and returns what is left of it too.
func split(b []byte) (events []event, rest []byte) {
	for {
		e, n := sse.Next(b)
		if n == 0 {
			return events, b
		}
		events = append(events, event{e.Name, string(e.Data)})
		b = b[n:]
	}
}

func TestNext(t *testing.T) {
	for name, tt := range map[string]struct {
		stream string
		want   []event
		rest   string
	}{
		"one":               {"event: a\ndata: 1\n\n", []event{{"a", "1"}}, ""},
		"no space":          {"event:a\ndata:1\n\n", []event{{"a", "1"}}, ""},
		"one space of two":  {"data:  1\n\n", []event{{"", " 1"}}, ""},
		"no name":           {"data: [DONE]\n\n", []event{{"", "[DONE]"}}, ""},
		"lines of data":     {"data: 1\ndata\ndata: 3\n\n", []event{{"", "1\n\n3"}}, ""},
		"colon in the data": {"data: {\"a\":1}\n\n", []event{{"", `{"a":1}`}}, ""},
		"crlf":              {"event: a\r\ndata: 1\r\n\r\ndata: 2\r\n\r\n", []event{{"a", "1"}, {"", "2"}}, ""},
		"cr":                {"event: a\rdata: 1\r\rx", []event{{"a", "1"}}, "x"},
		"comment":           {": hello\n\ndata: 1\n\n", []event{{}, {"", "1"}}, ""},
		"blank lines":       {"\n\n", []event{{}, {}}, ""},
		"bom":               {"\xef\xbb\xbfdata: 1\n\n", []event{{"", "1"}}, ""},
		"id and retry":      {"id: 7\nretry: 10\ndata: 1\n\n", []event{{"", "1"}}, ""},
		"not whole":         {"data: 1\n\ndata: 2\n", []event{{"", "1"}}, "data: 2\n"},
		"half a crlf":       {"data: 1\r\n\r", nil, "data: 1\r\n\r"},
		"nothing":           {"", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, rest := split([]byte(tt.stream))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if string(rest) != tt.rest {
				t.Errorf("left %q, want %q", rest, tt.rest)
			}
		})
	}
}

// FuzzNext: a stream that comes in two parts has the same events as one that comes whole, and no
// event is ever taken for whole too early.
func FuzzNext(f *testing.F) {
	f.Add([]byte("event: a\r\ndata: 1\r\n\r\ndata: 2\n\n: x\n\n"), 9)
	f.Add([]byte("\xef\xbb\xbfdata\rdata: 2\r\r\n"), 3)
	f.Fuzz(func(t *testing.T, stream []byte, cut int) {
		before := bytes.Clone(stream)
		whole, rest := split(stream)
		if !bytes.Equal(stream, before) {
			t.Fatal("the stream was changed")
		}
		cut = min(max(cut, 0), len(stream))
		first, left := split(stream[:cut])
		// What follows a first event is no stream's start, where a byte order mark is none.
		second, rest2 := split(append(bytes.Clone(left), stream[cut:]...))
		if strings.Contains(string(stream), "\xef\xbb\xbf") {
			return
		}
		if diff := cmp.Diff(whole, append(first, second...)); diff != "" && len(whole) > 0 {
			t.Errorf("cut at %d:\n%s", cut, diff)
		}
		if !bytes.Equal(rest, rest2) {
			t.Errorf("left %q, whole %q", rest2, rest)
		}
	})
}
