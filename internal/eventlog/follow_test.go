package eventlog

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// following is a reader that follows in the background.
type following struct {
	t      *testing.T
	events chan Event
	end    context.CancelFunc
	ended  chan error
	once   sync.Once
}

func follow(t *testing.T, path string) *following {
	t.Helper()
	f := &following{t: t, events: make(chan Event, 1<<16), ended: make(chan error, 1)}
	var ctx context.Context
	ctx, f.end = context.WithCancel(t.Context())
	up := make(chan struct{}, 1)
	r := NewReader(path, func(e Event) error { f.events <- e; return nil })
	go func() {
		f.ended <- r.Follow(ctx, func() {
			select {
			case up <- struct{}{}:
			default:
			}
		})
	}()
	t.Cleanup(f.stop)
	<-up
	return f
}

func (f *following) stop() {
	f.end()
	f.once.Do(func() {
		if err := <-f.ended; err != nil {
			f.t.Error(err)
		}
	})
}

// next is the reason of the next event.
func (f *following) next() string {
	f.t.Helper()
	select {
	case e := <-f.events:
		return e.Reason
	case <-time.After(time.Minute):
		f.t.Fatal("nothing comes")
		return ""
	}
}

func (f *following) expect(reasons ...string) {
	f.t.Helper()
	for _, want := range reasons {
		if got := f.next(); got != want {
			f.t.Fatalf("%q came, want %q", got, want)
		}
	}
}

func TestFollow(t *testing.T) {
	path, l := logAt(t)
	say := func(reason string) { l.Append(Event{Kind: Selected, Reason: reason}) }
	f := follow(t, path) // before there is a log
	say("one")
	say("two")
	f.expect("one", "two")

	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	say("after a rotation")
	f.expect("after a rotation")

	// A process that had opened the log before.
	old, err := os.OpenFile(path+".1", os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := old.WriteString(good + "late\"}\n"); err != nil {
		t.Fatal(err)
	}
	old.Close()
	f.expect("late")

	appendText(t, path, good+"half")
	appendText(t, path, " a line\"}\n")
	f.expect("half a line")

	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	say("after a removal")
	f.expect("after a removal")
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	say("x")
	f.expect("x")
}

// What was rotated before the start is read first, and once.
func TestFollowBeginsWithTheOldOne(t *testing.T) {
	path, l := logAt(t)
	l.Append(Event{Kind: Selected, Reason: "old"})
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	l.Append(Event{Kind: Selected, Reason: "new"})
	f := follow(t, path)
	l.Append(Event{Kind: Selected, Reason: "newer"})
	f.expect("old", "new", "newer")
}

// A follower sees every line of many processes once, and in order, though the log is rotated.
func TestFollowManyProcesses(t *testing.T) {
	const writers, lines = 16, 200
	path, _ := logAt(t)
	release, wait := startWriters(t, path, 450_000, writers, lines)
	f := follow(t, path)
	release()
	wait()
	next := map[string]int{}
	for range writers * lines {
		select {
		case e := <-f.events:
			var i int
			if _, err := fmt.Sscanf(e.Reason, "line %d", &i); err != nil || i != next[e.Account] {
				t.Fatalf("%s: %q after line %d", e.Account, e.Reason, next[e.Account]-1)
			}
			next[e.Account]++
		case <-time.After(time.Minute):
			t.Fatalf("lines are missing: %v", next)
		}
	}
	f.stop()
	if n := len(f.events); n > 0 {
		t.Errorf("%d lines came twice", n)
	}
}

func TestFollowEndsWithItsFunction(t *testing.T) {
	path, l := logAt(t)
	l.Append(Event{Kind: Selected})
	err := NewReader(path, func(Event) error { return fmt.Errorf("enough") }).Follow(t.Context(), func() {})
	if err == nil || !strings.Contains(err.Error(), "enough") {
		t.Error(err)
	}
}

func appendText(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}
