package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/kyoli-gam/kyoli/internal/atomicfile"
	"github.com/kyoli-gam/kyoli/internal/failpoint"
)

// Restored is what Restore did.
type Restored struct {
	Backup   string // the copy of the damaged content
	Accounts int    // how many the file has now
}

// Restore puts the last good content in the place of one that cannot be read, and lets the journal bring it to the
// newest tokens. The damaged content is kept beside it before. A file that can be read, or is not there, is left as it
// is, and nil returned. The error is *DamagedError where there is nothing to restore, and else one of Update's.
func (f *File) Restore(ctx context.Context) (*Restored, error) {
	path, err := f.resolve()
	if err != nil {
		return nil, err
	}
	lock, err := f.acquire(ctx, path)
	if err != nil {
		return nil, f.lockProblem(err)
	}
	r := restoration{f: f, path: path, lock: lock}
	done, err := r.run(ctx)
	_ = lock.Release() // the directory was left before
	if err != nil || done == nil {
		return nil, err
	}
	a, err := f.Load(ctx)
	if err != nil {
		return nil, err
	}
	done.Accounts = len(a.List)
	return done, nil
}

// restoration is one call of Restore.
type restoration struct {
	f    *File
	path string // resolved
	lock locker

	restored *Restored
}

func (r *restoration) run(ctx context.Context) (*Restored, error) {
	if err := r.lock.EnterDir(ctx); err != nil {
		return nil, r.f.lockProblem(err)
	}
	err := r.replace(ctx)
	if left := r.lock.LeaveDir(); err == nil {
		err = left
	}
	return r.restored, err
}

// replace looks at the file, under the lock now, and replaces it.
func (r *restoration) replace(ctx context.Context) error {
	damaged, err := r.damage(ctx)
	if err != nil || damaged == nil {
		return err
	}
	content := damaged.content
	err = r.f.keepDamaged(r.path, damaged)
	good := r.f.lastGood(r.path)
	if good == nil {
		return err
	}
	if content == nil {
		damaged.Backup, err = r.linkAside()
		if err != nil {
			return err
		}
	}
	if damaged.Backup == "" {
		return &WriteError{Path: r.path + damagedSuffix, Err: errors.New("the damaged content could not be kept")}
	}
	if err := r.write(good, content); err != nil {
		return err
	}
	r.restored = &Restored{Backup: damaged.Backup}
	return nil
}

// damage returns what is wrong with the file, nil where nothing is.
func (r *restoration) damage(ctx context.Context) (*DamagedError, error) {
	_, err := r.f.read(r.path)
	var damaged *DamagedError
	if errors.As(err, &damaged) {
		r.f.settle(ctx) // another program may be in the middle of writing it
		_, err = r.f.read(r.path)
	}
	if errors.As(err, &damaged) {
		return damaged, nil
	}
	return nil, err
}

// write replaces the damaged content by the good one. Where another program wrote at the same moment, its content is
// put back if it can be read, and else kept.
func (r *restoration) write(good *document, was []byte) error {
	o := atomicfile.Options{BeforeRename: r.lock.Held}
	var displaced []byte
	if was != nil { // else it is too long to be read
		o.Displaced = func(content []byte) error {
			displaced = content
			return nil
		}
	}
	if err := atomicfile.Write(r.path, good.raw, o); err != nil {
		if isLost(err) {
			return err
		}
		return &WriteError{Path: r.f.path, Err: err}
	}
	if displaced == nil || bytes.Equal(displaced, was) {
		return nil
	}
	if _, p := parse(displaced); p != nil {
		_ = r.f.keepDamaged(r.path, &DamagedError{Path: r.f.path, content: displaced})
		return nil
	}
	if err := atomicfile.Write(r.path, displaced, atomicfile.Options{}); err != nil {
		return &WriteError{Path: r.f.path, Err: err}
	}
	return nil
}

// damagedSuffix is what the name of a copy of a damaged content begins with, after that of the file.
const damagedSuffix = ".damaged-"

// linkAside keeps a content that is too long to be read, under a second name for the same file.
func (r *restoration) linkAside() (string, error) {
	info, err := os.Stat(r.path)
	if err != nil {
		return "", &ReadError{Path: r.f.path, Err: err}
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %d", info.Size(), info.ModTime().UnixNano()))
	backup := r.path + damagedSuffix + hex.EncodeToString(sum[:8])
	failpoint.Hit("link")
	err = os.Link(r.path, backup)
	if errors.Is(err, fs.ErrExist) {
		if there, serr := os.Stat(backup); serr == nil && os.SameFile(info, there) {
			err = nil
		}
	}
	if err == nil {
		err = os.Chmod(backup, 0o600)
	}
	if err != nil {
		return "", &WriteError{Path: backup, Err: err}
	}
	return backup, nil
}
