package executor

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/kyoli-gam/kyoli/internal/sse"
)

func event(name, data string) string { return "event: " + name + "\ndata: " + data + "\n\n" }

func TestWeigh(t *testing.T) {
	for name, tt := range map[string]struct {
		stream string
		want   weight
	}{
		"created":                {event("response.created", `{"type":"response.created"}`), preamble},
		"in progress":            {event("response.in_progress", `{"type":"response.in_progress"}`), preamble},
		"a message begins":       {event("x", `{"type":"response.output_item.added","item":{"type":"message","content":[]}}`), preamble},
		"a message with text":    {event("x", `{"type":"response.output_item.added","item":{"type":"message","content":[{"text":"a"}]}}`), output},
		"a call begins":          {event("x", `{"type":"response.output_item.added","item":{"type":"function_call","name":"f"}}`), output},
		"thinking begins":        {event("x", `{"type":"response.output_item.added","item":{"type":"reasoning"}}`), output},
		"a part begins":          {event("x", `{"type":"response.content_part.added","part":{"type":"output_text","text":""}}`), preamble},
		"text":                   {event("x", `{"type":"response.output_text.delta","delta":"a"}`), output},
		"completed":              {event("x", `{"type":"response.completed"}`), output},
		"incomplete":             {event("x", `{"type":"response.incomplete"}`), output},
		"failed":                 {event("x", `{"type":"response.failed","response":{"error":{"code":"rate_limit_exceeded"}}}`), failing},
		"error":                  {event("error", `{"type":"error","code":"rate_limit_exceeded"}`), failing},
		"error, by its name":     {event("error", `{"error":{"type":"overloaded_error"}}`), failing},
		"message_start":          {event("message_start", `{"type":"message_start","message":{}}`), preamble},
		"a text block begins":    {event("x", `{"type":"content_block_start","content_block":{"type":"text","text":""}}`), preamble},
		"a tool block begins":    {event("x", `{"type":"content_block_start","content_block":{"type":"tool_use"}}`), output},
		"a block's delta":        {event("x", `{"type":"content_block_delta"}`), output},
		"ping":                   {event("ping", `{"type":"ping"}`), alive},
		"ping without data":      {"event: ping\n\n", alive},
		"comment":                {": x\n\n", alive},
		"a name without data":    {"event: x\n\n", preamble},
		"chunk with the role":    {"data: {\"object\":\"chat.completion.chunk\",\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n", preamble},
		"chunk with text":        {"data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n", output},
		"chunk with a call":      {"data: {\"choices\":[{\"delta\":{\"tool_calls\":[{}]}}]}\n\n", output},
		"chunk with the end":     {"data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n", output},
		"chunk with the usage":   {"data: {\"choices\":[],\"usage\":{\"total_tokens\":1}}\n\n", output},
		"chunk with nothing":     {"data: {\"choices\":[]}\n\n", preamble},
		"chunk with an error":    {"data: {\"error\":{\"code\":429}}\n\n", failing},
		"done":                   {"data: [DONE]\n\n", output},
		"something else":         {event("x", `{"type":"something.else"}`), output},
		"an object without type": {"data: {\"a\":1}\n\n", output},
		"no JSON":                {"data: {a}\n\n", output},
	} {
		e, n := sse.Next([]byte(tt.stream))
		if n != len(tt.stream) {
			t.Fatalf("%s: not one event", name)
		}
		if got, _ := weigh(e, noon); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
	}
}

func gateOf(r io.Reader) (*http.Response, fault, error) {
	res := &http.Response{Body: io.NopCloser(r)}
	f, err := gate(res, func() time.Time { return noon })
	return res, f, err
}

// TestGateHasABound: what says nothing for 64 KiB is let through.
func TestGateHasABound(t *testing.T) {
	stream := strings.Repeat(event("response.in_progress", `{"type":"response.in_progress"}`), 2000)
	src := strings.NewReader(stream)
	res, _, err := gateOf(src)
	if read := len(stream) - src.Len(); err != nil || read < gateMost || read > gateMost+2*gateRead {
		t.Errorf("%d bytes were read ahead, %v", read, err)
	}
	if b, err := io.ReadAll(res.Body); err != nil || string(b) != stream {
		t.Errorf("%d of %d bytes came, %v", len(b), len(stream), err)
	}
	res, _, err = gateOf(strings.NewReader(strings.Repeat("data: no end ", 10000)))
	if err != nil {
		t.Error(err)
	}
	_ = res.Body.Close()
}

func TestIsStream(t *testing.T) {
	for _, tt := range []struct {
		media, coding string
		want          bool
	}{
		{"text/event-stream", "", true},
		{"Text/Event-Stream; charset=utf-8", "identity", true},
		{"text/event-stream", "gzip", false},
		{"application/json", "", false},
		{"", "", false},
	} {
		res := &http.Response{Header: headers("Content-Type", tt.media, "Content-Encoding", tt.coding)}
		if got := isStream(res); got != tt.want {
			t.Errorf("%+v: %v", tt, got)
		}
	}
}

// FuzzGate: whatever the gate thinks of a stream, all of it can be read behind it, however it comes.
func FuzzGate(f *testing.F) {
	f.Add([]byte(event("response.created", "{}")+event("error", `{"type":"error","code":"rate_limit_exceeded"}`)), false)
	f.Add([]byte(event("message_start", "{}")+": x\n\ndata: [DONE]\n\n"), true)
	boom := errors.New("boom")
	f.Fuzz(func(t *testing.T, stream []byte, breaks bool) {
		var end io.Reader = strings.NewReader("")
		if breaks {
			end = iotest.ErrReader(boom)
		}
		res, whole, werr := gateOf(io.MultiReader(bytes.NewReader(stream), end))
		got, err := io.ReadAll(res.Body)
		if !bytes.Equal(got, stream) || errors.Is(err, boom) != breaks {
			t.Fatalf("%q became %q, %v", stream, got, err)
		}
		_, slow, serr := gateOf(io.MultiReader(iotest.OneByteReader(bytes.NewReader(stream)), end))
		if whole.kind() != slow.kind() || (werr == nil) != (serr == nil) {
			t.Errorf("%q: %d, %v in one piece; %d, %v byte by byte", stream, whole.kind(), werr, slow.kind(), serr)
		}
	})
}
