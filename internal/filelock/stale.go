package filelock

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// sight is what one look at a lock directory showed.
type sight struct {
	info    fs.FileInfo
	markers []string
	stamp   time.Time // the newest time in it: that of a heartbeat
	alien   bool      // not a lock directory as kyoli or a plugin makes it: never removed
}

func look(path string) (sight, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return sight{}, err
	}
	s := sight{info: info, stamp: info.ModTime(), alien: !info.IsDir()}
	if s.alien {
		return s, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return sight{}, err
	}
	for _, entry := range entries {
		s.add(entry)
	}
	return s, nil
}

func (s *sight) add(entry fs.DirEntry) {
	s.markers = append(s.markers, entry.Name())
	if !strings.HasPrefix(entry.Name(), markerPrefix) || !entry.Type().IsRegular() {
		s.alien = true
		return
	}
	if info, err := entry.Info(); err == nil && info.ModTime().After(s.stamp) {
		s.stamp = info.ModTime()
	}
}

func (s sight) same(t sight) bool {
	return os.SameFile(s.info, t.info) && s.info.ModTime().Equal(t.info.ModTime()) &&
		s.stamp.Equal(t.stamp) && slices.Equal(s.markers, t.markers)
}

// watch decides whether a lock directory of another program is left over.
type watch struct {
	seen  *sight
	since time.Time
}

// stale says at once yes to a directory that is from before this boot or older than ten times the limit when it is
// first seen, by the file system's clock; else when it has not changed for the limit while it was watched, by a clock
// that nobody can set. A time ahead of ours thus waits out the limit.
func (v *watch) stale(s sight, now time.Time, o Options) bool {
	switch {
	case s.alien:
		return false
	case v.seen == nil:
		v.seen, v.since = &s, time.Now()
		age := now.Sub(s.stamp)
		up, known := o.up()
		return age > 10*o.Stale || known && age > up
	case !v.seen.same(s):
		v.seen, v.since = &s, time.Now()
		return false
	}
	return time.Since(v.since) >= o.Stale
}

// waitOrTake looks at the directory that is in the way, and takes it away when it is left over.
func (e *entry) waitOrTake(w *wait) error {
	e.meet()
	s, err := look(e.target)
	if err != nil {
		return w.pause(e.lock.path + ".lock, which cannot be looked at: " + err.Error())
	}
	if e.watch.stale(s, e.owner.now(), e.lock.o) && e.steal(s) && w.ctx.Err() == nil {
		return nil
	}
	return w.pause(s.holder(e.target))
}

// meet remembers that there is another program, for the courtesy of those that come after, too.
func (e *entry) meet() {
	now := e.lock.o.Now()
	if recent(e.lock.met, now) && now.Sub(e.lock.met) < time.Second {
		return
	}
	e.lock.met = now
	_ = e.note() // only a courtesy
}

func (s sight) holder(path string) string {
	if s.alien {
		return fmt.Sprintf("%s, which is no lock that kyoli knows (remove it if nothing uses it)", path)
	}
	age := time.Since(s.stamp).Round(time.Second)
	return fmt.Sprintf("another program, by the directory %s (last renewed %s ago)", path, age)
}

func tomb(prepared string) string { return prepared + ".stale" }

// steal removes a left-over directory: it moves it aside first and looks again, because a plugin may have taken it
// over, and made its own in its place, since it was looked at.
func (e *entry) steal(seen sight) bool {
	if fn := e.lock.o.steps.beforeSteal; fn != nil {
		fn()
	}
	if e.inPlace {
		return e.stealInPlace(seen)
	}
	aside := tomb(e.prepared)
	if err := renameExclusive(e.target, aside); err != nil {
		return false
	}
	if moved, err := look(aside); err != nil || !moved.same(seen) {
		e.restore(aside)
		return false
	}
	return bury(aside, seen.markers)
}

// stealInPlace looks again and then removes, which leaves a moment between the two. Removing never takes a directory
// with something else in it.
func (e *entry) stealInPlace(seen sight) bool {
	again, err := look(e.target)
	return err == nil && again.same(seen) && bury(e.target, seen.markers)
}

// restore puts a directory back that should not have been moved aside, unless another is there by now.
func (e *entry) restore(aside string) {
	if renameExclusive(aside, e.target) == nil {
		return
	}
	if s, err := look(aside); err == nil && !s.alien {
		bury(aside, s.markers)
	}
}

func bury(dir string, markers []string) bool {
	for _, name := range markers {
		_ = os.Remove(filepath.Join(dir, name))
	}
	return os.Remove(dir) == nil
}
