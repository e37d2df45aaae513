package filelock

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/kyoli-gam/kyoli/internal/failpoint"
)

const (
	// heartbeat is how often a held directory is renewed; the plugins' shortest limit is 10 s.
	heartbeat = 3 * time.Second
	// slept is the age of the last heartbeat from which a holder is not believed any more: it, or the machine, slept.
	slept = 20 * time.Second
	// settled is the age up to which a directory counts as just renewed.
	settled = time.Second

	// markerPrefix is how newer plugins name the file in the directory that says whose it is, and the only content
	// that they remove with a stale directory. Ours has to look the same, or they could never take over from us.
	markerPrefix = "owner-"
)

// dirLock is a lock directory that was ours when it was entered.
type dirLock struct {
	lock   *Lock
	owner  *ownerFile
	id     identity // of the directory
	target string   // the directory
	marker string   // the file in it, which proves whose it is
	root   *os.Root // the directory itself, wherever it is moved
	beat   time.Duration
	timer  *time.Timer
	lost   string // why it is known not to be ours, or not to be trusted
}

// EnterDir takes the plugins' lock directory, under the flock, and waits for it as Acquire does. It is called late,
// directly before the file is read again. Where it is entered already nothing happens.
func (l *Lock) EnterDir(ctx context.Context) error {
	w := startWait(ctx, l)
	defer w.stop()
	return l.enterDir(w)
}

func (l *Lock) enterDir(w *wait) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.released {
		return fmt.Errorf("cannot lock %s: the lock was released", l.path)
	}
	if l.dir != nil {
		return nil
	}
	e, err := newEntry(l)
	if err == nil {
		err = e.enter(w)
	}
	if err != nil {
		return err
	}
	l.dir = e.dirLock(l)
	return nil
}

// Held says whether the directory is still ours, as far as anybody can say: the marker is in place, and neither this
// process nor the machine slept. Else it returns *LostError, and what was read has to be read again: LeaveDir,
// EnterDir, start over.
func (l *Lock) Held() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dir == nil {
		return &LostError{Path: l.path, Reason: "the lock directory is not entered"}
	}
	return l.dir.check()
}

// LeaveDir gives the directory back and keeps the flock. It returns *LostError when the directory was not ours any
// more, which proves nothing about when it was lost: what was written under it has to be checked. Not being in the
// directory is no error.
func (l *Lock) LeaveDir() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	d := l.dir
	if d == nil {
		return nil
	}
	l.dir = nil
	d.timer.Stop()
	err := d.remove()
	l.leftAt = time.Now()
	return err
}

// remove deletes the marker, which succeeds only in our own directory, and then the empty directory. Who dies between
// the two has noted which directory it was; where the disk refuses the second the note stays.
func (d *dirLock) remove() error {
	defer d.owner.close()
	d.note(d.id)
	failpoint.Hit("lock marker remove")
	err := os.Remove(filepath.Join(d.target, d.marker))
	_ = d.root.Close() // first, or Windows keeps the name
	if err == nil {
		failpoint.Hit("lock rmdir")
		err := os.Remove(d.target)
		if err == nil || errors.Is(err, fs.ErrExist) || notOurs(err) { // not empty or gone: it is somebody else's by now
			d.note(identity{})
		}
		return nil
	}
	d.note(identity{})
	if notOurs(err) {
		return d.lostError("another program took the lock directory " + d.target)
	}
	return fmt.Errorf("cannot unlock %s: %w", d.lock.path, err)
}

// note writes down which directory is about to be removed. Without that, one that dies in the midst of it makes the
// next one wait; so an error is none of the caller's.
func (d *dirLock) note(id identity) {
	if d.id == (identity{}) {
		return
	}
	r := d.owner.rec
	r.dir = id
	_ = d.owner.write(r)
}

func notOurs(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || isNotDir(err)
}

func (d *dirLock) lostError(reason string) error {
	d.lost = reason
	return &LostError{Path: d.lock.path, Reason: reason}
}

// check renews the directory where that is due, and then looks for the marker.
func (d *dirLock) check() error {
	if d.renew(settled); d.lost != "" {
		return d.lostError(d.lost)
	}
	if _, err := os.Lstat(filepath.Join(d.target, d.marker)); err != nil {
		if notOurs(err) {
			return d.lostError("another program took the lock directory " + d.target)
		}
		return d.lostError(err.Error())
	}
	return nil
}

// renew makes the directory look new when the last time is longer ago than age. It works on the directory itself, not
// on its name, and so never renews somebody else's.
func (d *dirLock) renew(age time.Duration) {
	now := d.lock.o.awake()
	gap := now - d.beat
	switch {
	case d.lost != "" || gap < age:
		return
	case gap >= slept:
		d.lost = fmt.Sprintf("no heartbeat for %s, this process or the machine slept", gap.Round(time.Second))
		return
	}
	if err := touch(d.root, d.marker); err != nil {
		d.lost = "the heartbeat failed: " + err.Error()
		return
	}
	d.beat = now
}

// touch renews both times that a plugin may look at: older ones take the directory's, newer ones the marker's.
func touch(dir *os.Root, marker string) error {
	now := time.Now()
	return errors.Join(dir.Chtimes(marker, now, now), dir.Chtimes(".", now, now))
}

// startHeartbeat uses a timer and no goroutine: most directories are left long before the first beat.
func (d *dirLock) startHeartbeat() {
	d.timer = time.AfterFunc(heartbeat, func() {
		d.lock.mu.Lock()
		defer d.lock.mu.Unlock()
		if d.lock.dir != d {
			return
		}
		d.renew(0)
		d.timer.Reset(heartbeat)
	})
}
