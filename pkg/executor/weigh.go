package executor

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/kyoli-gam/kyoli/internal/sse"
)

// weight is what an event of a stream means to the gate.
type weight int

const (
	preamble weight = iota // nothing of the answer yet
	alive                  // nothing at all, sent to keep the connection open
	output                 // the answer has begun, or is over
	failing                // it failed
)

// weigh looks at one event: of OpenAI's Responses API, of chat completions, or of Anthropic's
// messages. What it does not know it takes for output, so that a stream is not held back for want of
// understanding.
func weigh(e sse.Event, now time.Time) (weight, fault) {
	data := bytes.TrimSpace(e.Data)
	if len(data) == 0 {
		if e.Name == "" || e.Name == "ping" {
			return alive, fault{}
		}
		return preamble, fault{}
	}
	var event streamEvent
	if data[0] != '{' || json.Unmarshal(data, &event) != nil {
		return output, fault{}
	}
	if event.Type == "" {
		event.Type = e.Name
	}
	switch event.Type {
	case "error", "response.failed":
		f, _ := parseFault(data, now)
		return failing, f
	case "ping", "keepalive":
		return alive, fault{}
	case "response.created", "response.in_progress", "response.queued", "message_start", "codex.rate_limits":
		return preamble, fault{}
	case "response.output_item.added":
		return preambleIf(event.Item.Type == "message" && blank(event.Item.Content)), fault{}
	case "response.content_part.added":
		return preambleIf(event.Part.silent()), fault{}
	case "content_block_start":
		return preambleIf(event.ContentBlock.silent()), fault{}
	case "", "message", "chat.completion.chunk":
		return weighChunk(data, event, now)
	}
	return output, fault{}
}

// streamEvent has the members by which events are told apart.
type streamEvent struct {
	Type         string          `json:"type"`
	Error        json.RawMessage `json:"error"`
	Item         contentPart     `json:"item"`
	Part         contentPart     `json:"part"`
	ContentBlock contentPart     `json:"content_block"`
	Choices      []struct {
		Delta        map[string]json.RawMessage `json:"delta"`
		Text         string                     `json:"text"`
		FinishReason any                        `json:"finish_reason"`
	} `json:"choices"`
	Usage json.RawMessage `json:"usage"`
}

type contentPart struct {
	Type    string          `json:"type"`
	Text    string          `json:"text"`
	Content json.RawMessage `json:"content"`
}

// silent tells whether a part is a text that has not begun.
func (p contentPart) silent() bool {
	return (p.Type == "text" || p.Type == "output_text") && p.Text == ""
}

// weighChunk looks at a chunk of a chat completion, whose first has the role alone.
func weighChunk(data []byte, event streamEvent, now time.Time) (weight, fault) {
	if !blank(event.Error) {
		f, _ := parseFault(data, now)
		return failing, f
	}
	if event.Choices == nil {
		return output, fault{}
	}
	for _, c := range event.Choices {
		if c.FinishReason != nil || c.Text != "" {
			return output, fault{}
		}
		for name, value := range c.Delta {
			if name != "role" && !blank(value) {
				return output, fault{}
			}
		}
	}
	return preambleIf(blank(event.Usage)), fault{}
}

func preambleIf(silent bool) weight {
	if silent {
		return preamble
	}
	return output
}

// blank tells whether there is nothing in a value.
func blank(raw json.RawMessage) bool {
	switch string(bytes.TrimSpace(raw)) {
	case "", "null", `""`, "[]", "{}", "false":
		return true
	}
	return false
}
