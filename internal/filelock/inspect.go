package filelock

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/kyoli-gam/kyoli/internal/regular"
)

// State is what one look at a lock showed. Nothing is made or changed by looking.
type State struct {
	// Path is the file that the lock is for, Flock the file of its first part.
	Path, Flock string
	// Held says that a process holds the flock. PIDs are those processes, as far as the system tells: on Linux those of
	// /proc/locks in this PID namespace; elsewhere none.
	Held bool
	PIDs []int
	// Dir is the lock directory, nil where there is none.
	Dir *DirState
	// Prepared are directories that a kyoli that died had made ready, or moved aside.
	Prepared []string
}

// DirState is a lock directory that is there.
type DirState struct {
	Path string
	// Age is how long ago it was last renewed, by the wall clock; below zero for a time ahead.
	Age time.Duration
	// Alien is no lock directory as kyoli or a plugin makes it. Nobody removes it.
	Alien bool
	// Own says that a kyoli made it: the process with the id PID.
	Own bool
	PID int
	// Left says that the next kyoli takes it away at once: its kyoli is dead, or it is from before this boot, or older
	// than ten times the limit. Stale is one that is over the plugins' limit.
	Left, Stale bool
}

// Inspect looks at the lock of path. It never waits, and takes nothing but, for an instant, a shared flock.
func Inspect(path string, o Options) (State, error) {
	l, err := open(path, o)
	if errors.Is(err, fs.ErrNotExist) {
		return State{Path: path}, nil
	}
	if err != nil {
		return State{}, err
	}
	s := State{Path: path, Flock: l.o.FlockPath + ".flock"}
	s.Held, s.PIDs = flockHeld(s.Flock)
	if !s.Held {
		s.Prepared = prepared(path)
	}
	s.Dir = dirState(path, l.o, s.Held)
	return s, nil
}

// flockHeld tells whether a process has an exclusive flock, and which.
func flockHeld(path string) (bool, []int) {
	info, err := os.Stat(path)
	if err != nil {
		return false, nil
	}
	f := flock.New(path, flock.SetFlag(os.O_RDONLY|noWait))
	ok, err := f.TryRLock()
	if ok {
		_ = f.Unlock() // the descriptor is closed either way
		return false, nil
	}
	pids := flockPIDs(path, info)
	return err == nil || len(pids) > 0, pids
}

func dirState(path string, o Options, held bool) *DirState {
	d := &DirState{Path: path + ".lock"}
	s, err := look(d.Path)
	if err != nil {
		return nil
	}
	d.Alien = s.alien
	d.Age = time.Since(s.stamp)
	up, known := o.up()
	old := d.Age > 10*o.Stale || known && d.Age > up
	d.Stale = d.Age > o.Stale
	if rec, err := readRecord(path + ".owner"); err == nil && rec.nonce != "" && rec.owns(d.Path) {
		d.Own, d.PID = true, rec.pid
	}
	d.Left = !d.Alien && !held && (old || d.Own)
	return d
}

// owns says whether a lock directory is that of the kyoli which wrote the record, perhaps in the midst of its release.
func (r record) owns(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, markerPrefix+r.nonce))
	return err == nil || r.dir != (identity{}) && identify(dir) == r.dir
}

func readRecord(path string) (record, error) {
	f, err := regular.Open(path)
	if err != nil {
		return record{}, err
	}
	defer f.Close()
	return recordOf(f)
}

// prepared finds what bears the name of a directory that was made ready ("<file>.lock.<nonce>") or moved aside.
func prepared(path string) []string {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil
	}
	var found []string
	for _, e := range entries {
		nonce, ok := strings.CutPrefix(e.Name(), filepath.Base(path)+".lock.")
		if !ok || !isNonce(strings.TrimSuffix(nonce, ".stale")) {
			continue
		}
		dir := filepath.Join(filepath.Dir(path), e.Name())
		if s, err := look(dir); err == nil && !s.alien {
			found = append(found, dir)
		}
	}
	return found
}

// Clear takes away what dead processes left of the lock of path. It waits as Acquire does, and leaves what a living
// process holds alone.
func Clear(ctx context.Context, path string, o Options) error {
	l, err := Acquire(ctx, path, o)
	if err != nil {
		return err
	}
	if err := l.EnterDir(ctx); err != nil { // which also clears up after the last kyoli
		return errors.Join(err, l.Release())
	}
	for _, dir := range prepared(path) { // nobody else holds the flock, so they are nobody's
		if s, err := look(dir); err == nil && !s.alien {
			bury(dir, s.markers)
		}
	}
	return l.Release()
}

// Place is a lock that is not taken: what it is for, and how it is taken.
type Place struct {
	Path    string
	Options Options
}

// Inspect looks at the lock.
func (p Place) Inspect() (State, error) { return Inspect(p.Path, p.Options) }

// Clear takes away what dead processes left of it.
func (p Place) Clear(ctx context.Context) error { return Clear(ctx, p.Path, p.Options) }
