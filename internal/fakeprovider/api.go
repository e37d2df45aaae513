package fakeprovider

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// authorize checks the bearer and the account's limit; on false the answer has
// been written.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) (Account, bool) {
	p.mu.Lock()
	g := p.access[bearerOf(r)]
	if g == nil || !p.good(g) {
		p.mu.Unlock()
		writeJSON(w, http.StatusUnauthorized, map[string]any{"error": map[string]any{
			"type": "invalid_request_error", "code": "token_expired",
			"message": "the access token is unknown, expired or revoked",
		}})
		return Account{}, false
	}
	a := *p.accounts[g.account]
	p.mu.Unlock()
	wait := a.LimitedTo.Sub(p.now())
	if wait <= 0 {
		return a, true
	}
	seconds := int(wait/time.Second) + 1
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	writeJSON(w, http.StatusTooManyRequests, map[string]any{"error": map[string]any{
		"type": "usage_limit_reached", "message": "the usage limit has been reached",
		"plan_type": a.Plan, "resets_in_seconds": seconds,
	}})
	return Account{}, false
}

// answer is what the model "says": who asked, so that a person sees at once
// whose token was used.
func answer(a Account) string { return "hello from " + a.Email }

// sse writes server-sent events; each is flushed by itself.
type sse struct {
	w http.ResponseWriter
	n int
}

func newSSE(w http.ResponseWriter) *sse {
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	return &sse{w: w}
}

func (s *sse) event(name string, data map[string]any) {
	if name != "" {
		data["type"], data["sequence_number"] = name, s.n
		_, _ = fmt.Fprintf(s.w, "event: %s\n", name)
	}
	s.n++
	b, err := json.Marshal(data)
	if err != nil {
		panic(err) // maps of strings and numbers always marshal
	}
	_, _ = fmt.Fprintf(s.w, "data: %s\n\n", b)
	_ = http.NewResponseController(s.w).Flush()
}

// responses is OpenAI's Responses API, streamed.
func (p *Provider) responses(w http.ResponseWriter, r *http.Request, body []byte) {
	a, ok := p.authorize(w, r)
	if !ok {
		return
	}
	model := modelOf(body)
	text, id := answer(a), "msg_1"
	head := map[string]any{"id": "resp_1", "object": "response", "created_at": p.now().Unix(), "model": model, "status": "in_progress", "output": []any{}}
	s := newSSE(w)
	s.event("response.created", map[string]any{"response": head})
	s.event("response.output_item.added", map[string]any{"output_index": 0, "item": map[string]any{
		"id": id, "type": "message", "role": "assistant", "status": "in_progress", "content": []any{},
	}})
	s.event("response.output_text.delta", map[string]any{"item_id": id, "output_index": 0, "content_index": 0, "delta": text})
	item := map[string]any{"id": id, "type": "message", "role": "assistant", "status": "completed", "content": []any{
		map[string]any{"type": "output_text", "text": text, "annotations": []any{}},
	}}
	s.event("response.output_item.done", map[string]any{"output_index": 0, "item": item})
	s.event("response.completed", map[string]any{"response": map[string]any{
		"id": "resp_1", "object": "response", "created_at": p.now().Unix(), "model": model, "status": "completed", "output": []any{item},
		"usage": map[string]any{
			"input_tokens": 3, "output_tokens": 3, "total_tokens": 6,
			"input_tokens_details":  map[string]any{"cached_tokens": 0},
			"output_tokens_details": map[string]any{"reasoning_tokens": 0},
		},
	}})
}

// chat is the chat-completions API, streamed when the request asks for it.
func (p *Provider) chat(w http.ResponseWriter, r *http.Request, body []byte) {
	a, ok := p.authorize(w, r)
	if !ok {
		return
	}
	var req struct {
		Stream bool `json:"stream"`
	}
	_ = json.Unmarshal(body, &req) // anything else is taken for not streamed
	if !req.Stream {
		writeJSON(w, http.StatusOK, map[string]any{
			"id": "chat_1", "object": "chat.completion", "model": modelOf(body),
			"choices": []any{map[string]any{
				"index": 0, "finish_reason": "stop",
				"message": map[string]any{"role": "assistant", "content": answer(a)},
			}},
		})
		return
	}
	chunk := func(delta map[string]any, finish any) map[string]any {
		return map[string]any{
			"id": "chat_1", "object": "chat.completion.chunk", "created": p.now().Unix(), "model": modelOf(body),
			"choices": []any{map[string]any{"index": 0, "delta": delta, "finish_reason": finish}},
		}
	}
	s := newSSE(w)
	s.event("", chunk(map[string]any{"role": "assistant", "content": answer(a)}, nil))
	s.event("", chunk(map[string]any{}, "stop"))
	_, _ = io.WriteString(w, "data: [DONE]\n\n")
}

// messages is Anthropic's messages API, not streamed.
func (p *Provider) messages(w http.ResponseWriter, r *http.Request, body []byte) {
	a, ok := p.authorize(w, r)
	if !ok {
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"id": "msg_1", "type": "message", "role": "assistant", "model": modelOf(body), "stop_reason": "end_turn",
		"content": []any{map[string]any{"type": "text", "text": answer(a)}},
		"usage":   map[string]any{"input_tokens": 3, "output_tokens": 3},
	})
}

func modelOf(body []byte) string {
	var req struct {
		Model string `json:"model"`
	}
	_ = json.Unmarshal(body, &req) // no model is a model too
	return req.Model
}
