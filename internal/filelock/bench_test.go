package filelock

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

func BenchmarkUncontended(b *testing.B) {
	path := filepath.Join(b.TempDir(), "f.json")
	for b.Loop() {
		l, err := Acquire(context.Background(), path, Options{PluginDir: true})
		if err != nil {
			b.Fatal(err)
		}
		if err := l.Held(); err != nil {
			b.Fatal(err)
		}
		if err := l.Release(); err != nil {
			b.Fatal(err)
		}
	}
	names, _ := filepath.Glob(path + "*")
	if len(names) != 2 {
		b.Fatal(names)
	}
	_ = os.Remove(path)
}
