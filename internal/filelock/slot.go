package filelock

import (
	"context"
	"sync"
)

// slots order the goroutines of this process, one queue for each flock file: two flocks of one process would not
// exclude each other on every platform, and waiting here is first come, first served.
var slots = struct {
	mu sync.Mutex
	m  map[string]*slot
}{m: map[string]*slot{}}

type slot struct {
	path string
	refs int
	held chan struct{} // holds one element while taken
}

func takeSlot(ctx context.Context, path string) (*slot, error) {
	s := refSlot(path)
	select {
	case s.held <- struct{}{}:
		return s, nil
	default:
	}
	select {
	case s.held <- struct{}{}:
		return s, nil
	case <-ctx.Done():
		s.unref()
		return nil, ctx.Err()
	}
}

func trySlot(path string) (*slot, bool) {
	s := refSlot(path)
	select {
	case s.held <- struct{}{}:
		return s, true
	default:
		s.unref()
		return nil, false
	}
}

func refSlot(path string) *slot {
	slots.mu.Lock()
	defer slots.mu.Unlock()
	s := slots.m[path]
	if s == nil {
		s = &slot{path: path, held: make(chan struct{}, 1)}
		slots.m[path] = s
	}
	s.refs++
	return s
}

func (s *slot) release() {
	<-s.held
	s.unref()
}

func (s *slot) unref() {
	slots.mu.Lock()
	defer slots.mu.Unlock()
	if s.refs--; s.refs == 0 {
		delete(slots.m, s.path)
	}
}
