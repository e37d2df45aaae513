package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime/debug"
)

const (
	smallAnswer = `{"id":"r","object":"response","status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"hello"}]}]}`
	opening     = "event: response.created\ndata: {\"type\":\"response.created\"}\n\n" +
		"event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"hello\"}\n\n"
	closing = "event: response.completed\ndata: {\"type\":\"response.completed\"}\n\n"
)

// upstream plays a provider, in a process of its own, and prints its address.
func upstream() error {
	debug.SetGCPercent(1000) // it is not measured, and should not be in the way of what is
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("http://" + l.Addr().String())
	return http.Serve(l, http.HandlerFunc(answer)) //nolint:gosec // it serves this program only
}

func answer(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	kind := r.Header.Get("X-Bench")
	if kind == "json" {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, smallAnswer)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = io.WriteString(w, opening)
	_ = http.NewResponseController(w).Flush()
	if kind == "hold" {
		<-r.Context().Done()
		return
	}
	_, _ = io.WriteString(w, closing)
}
