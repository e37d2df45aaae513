// Package filewatch tells that files may have changed, wherever they are: it asks
// the system to say so, and looks by itself where the system does not. It
// promises a signal within two seconds of a change that is still there then, and
// none for other files of the same directory.
package filewatch

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// pollAlone is how often files are looked at where nothing tells of
	// changes, pollBeside how often where something should.
	pollAlone  = 500 * time.Millisecond
	pollBeside = 2 * time.Second
)

// Follow signals that one of the files may have changed, until ctx ends. It
// asks the system to tell it, and also looks by itself, because the system
// tells nothing of network file systems, of directories that are not there
// yet, or when it has run out of watches. The channel holds one signal at most.
func Follow(ctx context.Context, paths ...string) <-chan struct{} {
	return newFollower(pollBeside, paths...).follow(ctx)
}

// newFollower is one that looks by itself so often where something tells it.
func newFollower(beside time.Duration, paths ...string) *follower {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		watcher = nil
	}
	return &follower{paths: paths, beside: beside, watcher: watcher, watched: map[string]bool{}, last: map[string]stamp{}}
}

func (f *follower) follow(ctx context.Context) <-chan struct{} {
	changed := make(chan struct{}, 1)
	f.watch()
	f.moved() // the first look is what later ones are compared with
	go func() {
		if f.watcher != nil {
			defer f.watcher.Close()
		}
		f.run(ctx, changed)
	}()
	return changed
}

type follower struct {
	paths   []string
	beside  time.Duration
	watcher *fsnotify.Watcher // nil = nothing tells
	watched map[string]bool   // directories
	last    map[string]stamp
}

// stamp tells one state of a file from another.
type stamp struct {
	size    int64
	modTime time.Time
	info    os.FileInfo
}

func (s stamp) same(o stamp) bool {
	if s.info == nil || o.info == nil {
		return s.info == nil && o.info == nil
	}
	return s.size == o.size && s.modTime.Equal(o.modTime) && os.SameFile(s.info, o.info)
}

func (f *follower) run(ctx context.Context, changed chan<- struct{}) {
	var events <-chan fsnotify.Event
	var errs <-chan error
	if f.watcher != nil {
		events, errs = f.watcher.Events, f.watcher.Errors
	}
	for {
		told := false
		timer := time.NewTimer(f.watch())
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case event := <-events:
			told = f.ours(event.Name)
		case <-errs: //nolint:errcheck // a queue that overran, for one: look
		case <-timer.C:
		}
		timer.Stop()
		if f.moved() || told {
			select {
			case changed <- struct{}{}:
			default:
			}
		}
	}
}

// ours tells whether an event is about one of the files, and not about another
// in the same directory.
func (f *follower) ours(name string) bool {
	return slices.ContainsFunc(f.paths, func(path string) bool { return filepath.Base(path) == filepath.Base(name) })
}

// watch has the files' directories watched as far as they exist, and returns
// how long to wait before looking without being told.
func (f *follower) watch() time.Duration {
	wait := f.beside
	for _, path := range f.paths {
		dir := filepath.Dir(path)
		if f.watched[dir] {
			continue
		}
		if f.watcher == nil || f.watcher.Add(dir) != nil {
			wait = pollAlone
			continue
		}
		f.watched[dir] = true
	}
	return wait
}

// moved tells whether any file changed since the last look.
func (f *follower) moved() bool {
	moved := false
	for _, path := range f.paths {
		var now stamp
		if info, err := os.Stat(path); err == nil {
			now = stamp{info.Size(), info.ModTime(), info}
		}
		if !now.same(f.last[path]) {
			moved = true
		}
		f.last[path] = now
	}
	return moved
}
