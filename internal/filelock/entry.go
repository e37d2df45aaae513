package filelock

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/kyoli-gam/kyoli/internal/failpoint"
)

var errNoExclusiveRename = errors.New("the file system has no exclusive rename")

// entry is one attempt to make the lock directory ours.
type entry struct {
	lock     *Lock
	owner    *ownerFile
	nonce    string
	dir      identity  // of the directory that bears it
	target   string    // <file>.lock
	prepared string    // <file>.lock.<nonce>, which is moved to target
	root     *os.Root  // the prepared directory
	fresh    time.Time // when it was last made to look new
	watch    watch
	inPlace  bool // there is no exclusive rename here: mkdir, then create
}

// newEntry notes the nonce before anything exists that bears it, and clears up after a kyoli that died.
func newEntry(l *Lock) (*entry, error) {
	owner, err := openOwner(l.path + ".owner")
	if err != nil {
		return nil, fmt.Errorf("cannot lock %s: %w", l.path, err)
	}
	e := &entry{lock: l, owner: owner, target: l.path + ".lock", inPlace: l.o.steps.noExclusiveRename}
	if owner.rec.nonce != "" {
		e.recover(owner.rec)
	}
	if recent(owner.rec.met, l.o.Now()) {
		l.met = owner.rec.met
	}
	e.nonce = newNonce()
	e.prepared = e.target + "." + e.nonce
	if err := e.note(); err != nil {
		owner.close()
		return nil, fmt.Errorf("cannot lock %s: %w", l.path, err)
	}
	return e, nil
}

func (e *entry) note() error {
	return e.owner.write(record{nonce: e.nonce, pid: os.Getpid(), met: e.lock.met})
}

func (e *entry) marker() string { return markerPrefix + e.nonce }

// recover removes what a kyoli that died left behind. Nobody else holds the flock, so whatever bears its nonce is
// nobody's. One that died between the two steps of its release left a directory without a marker, which is known by
// its identity.
func (e *entry) recover(r record) {
	marker, prepared := markerPrefix+r.nonce, e.target+"."+r.nonce
	if os.Remove(filepath.Join(e.target, marker)) == nil || r.dir != (identity{}) && identify(e.target) == r.dir {
		_ = os.Remove(e.target) // only where it is empty
	}
	_ = os.Remove(filepath.Join(prepared, marker))
	_ = os.Remove(prepared)
	e.restore(tomb(prepared))
}

// enter places the directory, and waits while there is another.
func (e *entry) enter(w *wait) error {
	for {
		err := e.place()
		if err == nil {
			return nil
		}
		if errors.Is(err, fs.ErrExist) {
			err = e.waitOrTake(w)
		} else {
			err = fmt.Errorf("cannot lock %s: %w", e.lock.path, err)
		}
		if err != nil {
			e.discard()
			e.owner.close()
			return err
		}
	}
}

// place makes the directory ours, or returns fs.ErrExist.
func (e *entry) place() error {
	if !e.inPlace {
		err := e.prepare()
		if err == nil {
			failpoint.Hit("lock place")
			err = renameExclusive(e.prepared, e.target)
		}
		if !errors.Is(err, errNoExclusiveRename) {
			return err
		}
		e.discard()
		e.inPlace = true
	}
	return e.make(e.target)
}

// prepare makes the directory that is moved, once, and keeps it looking new while others are waited for.
func (e *entry) prepare() error {
	if e.root == nil {
		return e.make(e.prepared)
	}
	if time.Since(e.fresh) < settled {
		return nil
	}
	e.fresh = time.Now()
	return touch(e.root, e.marker())
}

// make makes a directory with the marker in it. In place this leaves a moment in which the directory is nobody's; a
// marker that did not arrive in it counts as a lost race.
func (e *entry) make(path string) error {
	failpoint.Hit("lock mkdir")
	if err := os.Mkdir(path, 0o700); err != nil {
		return err
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return raced(err)
	}
	e.root, e.fresh = root, time.Now()
	failpoint.Hit("lock marker")
	f, err := root.OpenFile(e.marker(), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err == nil {
		err = f.Close()
	}
	if err == nil {
		_, err = os.Lstat(filepath.Join(path, e.marker()))
	}
	if err != nil {
		_ = os.Remove(path) // where it is ours it is empty
		e.discard()
		return raced(err)
	}
	e.dir = identify(path)
	return nil
}

// raced makes the loss of a directory that was just made a reason to wait.
func raced(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fs.ErrExist
	}
	return err
}

// discard removes what was prepared.
func (e *entry) discard() {
	if e.root == nil {
		return
	}
	_ = os.Remove(filepath.Join(e.prepared, e.marker()))
	_ = e.root.Close()
	_ = os.Remove(e.prepared)
	e.root = nil
}

// dirLock is the directory that was entered.
func (e *entry) dirLock(l *Lock) *dirLock {
	d := &dirLock{lock: l, owner: e.owner, id: e.dir, target: e.target, marker: e.marker(), root: e.root, beat: l.o.awake()}
	d.startHeartbeat()
	return d
}
