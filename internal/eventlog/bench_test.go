package eventlog

import (
	"path/filepath"
	"testing"
)

func BenchmarkAppend(b *testing.B) {
	l := Open(Options{Path: filepath.Join(b.TempDir(), "events.jsonl"), Command: "exec"})
	for b.Loop() {
		l.Append(Event{Kind: Selected, Provider: "openai", UUID: "0b7e4d3c-1111-4222-8333-444455556666", Account: "work", Reason: "the active account"})
	}
}

func BenchmarkRead(b *testing.B) {
	path := filepath.Join(b.TempDir(), "events.jsonl")
	l := Open(Options{Path: path, Command: "exec"})
	for range 20_000 {
		l.Append(Event{Kind: Selected, Provider: "openai", UUID: "0b7e4d3c-1111-4222-8333-444455556666", Account: "work", Reason: "the active account"})
	}
	for b.Loop() {
		if err := NewReader(path, func(Event) error { return nil }).Read(); err != nil {
			b.Fatal(err)
		}
	}
}
