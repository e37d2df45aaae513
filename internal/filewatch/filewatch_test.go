package filewatch

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Files are seen to change without the system telling of it.
func TestFollowPolls(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "not", "yet", "file.json")
	f := &follower{paths: []string{path}, watched: map[string]bool{}, last: map[string]stamp{}}
	f.moved()
	ctx, cancel := context.WithCancel(t.Context())
	changed, ended := make(chan struct{}, 1), make(chan struct{})
	go func() { defer close(ended); f.run(ctx, changed) }()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	select {
	case <-changed:
	case <-time.After(time.Minute):
		t.Error("not seen")
	}
	cancel()
	<-ended
}

// The system tells, where nobody would look for an hour.
func TestFollowIsTold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file.json")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	changed := newFollower(time.Hour, path).follow(ctx)
	for i := range 3 {
		if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil { // same size, perhaps the same time
			t.Fatal(err)
		}
		select {
		case <-changed:
		case <-time.After(time.Minute):
			t.Fatalf("write %d was not told", i)
		}
	}
}
