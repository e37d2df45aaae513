package proxy

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// Problem is an answer of the proxy's own.
type Problem struct {
	// Status is the HTTP status.
	Status int
	// Code says in one word what is wrong.
	Code string
	// Message says it to a person. It holds no secret.
	Message string
	// RetryAfter is when to come back; 0 = not said.
	RetryAfter time.Duration
}

// write answers in a form that clients of all providers find their way in.
func (e *Problem) write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	if e.Status == http.StatusUnauthorized {
		h.Set("Www-Authenticate", `Bearer realm="kyoli"`)
	}
	if e.RetryAfter > 0 {
		seconds := (e.RetryAfter + time.Second - 1) / time.Second
		h.Set("Retry-After", strconv.FormatInt(int64(seconds), 10))
	}
	w.WriteHeader(e.Status)
	_ = json.NewEncoder(w).Encode(map[string]any{ // a client that has gone is no error of ours
		"type": "error",
		"error": map[string]any{
			"type": e.Code, "code": e.Code, "message": "kyoli: " + e.Message,
		},
	})
}

func problem(status int, code, message string) *Problem {
	return &Problem{Status: status, Code: code, Message: message}
}
