package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kyoli-gam/kyoli/internal/atomicfile"
	"github.com/kyoli-gam/kyoli/internal/failpoint"
)

// Openable says whether every token of the file, of last-good and of the journal can be read, sealed or not, and changes
// nothing. The error is a *SealedError, a *seal.KeyError, or one of Load's.
func (f *File) Openable(ctx context.Context) error {
	a, err := f.load(ctx)
	if err != nil {
		return err
	}
	for _, x := range a.List {
		if err := x.Opened(f.path); err != nil {
			return err
		}
	}
	path, err := f.resolve()
	if err != nil {
		return err
	}
	j := f.journal(path)
	names, err := j.listed(entryState.holdsTokens)
	if err != nil {
		return err
	}
	for _, n := range names {
		c, err := j.read(n)
		if err != nil {
			return err
		}
		if c != nil && c.locked != nil {
			return &SealedError{Path: j.path(n), Name: "a rotation", Err: c.locked}
		}
	}
	return nil
}

// Reseal brings every token in the file, in last-good and in the journal into the form that the settings want. Whenever
// it is cut off all tokens can be read, and the next call goes on. It waits for refreshes that are under way. It returns
// the files that it could not reseal, because they cannot be read: they are for people, and may hold tokens.
func (f *File) Reseal(ctx context.Context) (left []string, err error) {
	path, err := f.resolve()
	if err != nil {
		return nil, err
	}
	if err := f.o.Sealing.Ready(); err != nil {
		return nil, err
	}
	// The account file comes last: as long as it is in the old form, each write looks at the others too.
	if err := f.resealJournal(ctx, path, true); err != nil {
		return nil, err
	}
	if err := f.resealLastGood(ctx, path); err != nil {
		return nil, err
	}
	if _, err := os.Lstat(path); err == nil {
		if _, err := f.Update(ctx, func(*Accounts) error { return nil }); err != nil {
			return nil, err
		}
	}
	// What processes that were killed left behind holds tokens as they wrote them.
	err = errors.Join(f.sweepLocked(ctx, path), f.sweepJournal(path))
	copies := backups(path)
	if raw, err := readRegular(lastGoodPath(path), maxSize); err == nil {
		if _, p := parse(raw); p != nil {
			copies = append(copies, lastGoodPath(path))
		}
	}
	for _, backup := range copies {
		if !allSealed(backup) {
			left = append(left, backup)
		}
	}
	for _, e := range f.journal(path).aside() {
		left = append(left, e.File)
	}
	return left, err
}

func (f *File) sweepLocked(ctx context.Context, path string) error {
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return nil //nolint:nilerr // there is nothing yet
	}
	lock, err := f.acquire(ctx, path)
	if err != nil {
		return f.lockProblem(err)
	}
	return errors.Join(atomicfile.SweepLocked(path), atomicfile.SweepLocked(lastGoodPath(path)), lock.Release())
}

func (f *File) sweepJournal(path string) error {
	err := atomicfile.SweepDir(f.journal(path).dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// allSealed says whether a copy of accounts has no token that is not sealed.
func allSealed(path string) bool {
	raw, err := readRegular(path, maxSize)
	if err != nil {
		return false
	}
	d, p := parse(raw)
	return p == nil && !slices.ContainsFunc(d.entries, func(e entry) bool {
		return slices.ContainsFunc(e.stored[:], func(t Secret) bool { return t != "" && !t.Sealed() })
	})
}

// resealLastGood brings the tokens of last-good into their form. One that cannot be read is left to people.
func (f *File) resealLastGood(ctx context.Context, path string) error {
	good := lastGoodPath(path)
	if _, err := os.Lstat(good); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	lock, err := f.acquire(ctx, path)
	if err != nil {
		return f.lockProblem(err)
	}
	defer func() { _ = lock.Release() }()
	raw, err := readRegular(good, maxSize)
	if err != nil {
		return &ReadError{Path: good, Err: err}
	}
	d, p := parse(raw)
	if p != nil {
		return nil
	}
	if d, err = d.opened(f.o.Sealing, nil); err != nil {
		return err
	}
	a := d.accounts(good)
	a.sealing = f.o.Sealing
	next, err := a.encode()
	if err != nil || next == d {
		return err
	}
	if err := atomicfile.Write(good, next.raw, atomicfile.Options{}); err != nil {
		return &WriteError{Path: good, Err: err}
	}
	return nil
}

// resealJournal brings the tokens of the journal into their form. Rotations that are under way are waited for, or else
// left to whoever settles them.
func (f *File) resealJournal(ctx context.Context, path string, wait bool) error {
	j := f.journal(path)
	names, err := j.listed(entryState.holdsTokens)
	if err != nil {
		return err
	}
	for _, n := range names {
		if n.state == stateOpen {
			err = f.resealOpen(ctx, j, n, wait)
		} else {
			err = j.reseal(n)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// resealOpen does so for an entry whose rotation may be under way: under its lease.
func (f *File) resealOpen(ctx context.Context, j journal, n entryName, wait bool) (err error) {
	var l *lease
	if wait {
		l, err = f.takeLease(ctx, n.owner)
	} else {
		l, err = f.tryLease(ctx, strings.TrimSuffix(j.dir, ".journal"), n.owner)
	}
	if err != nil || l == nil {
		return err
	}
	return errors.Join(j.reseal(n), l.Release())
}

// reseal replaces an entry by one that tells the same in the form that is wanted.
func (j journal) reseal(n entryName) error {
	c, err := j.read(n)
	switch {
	case err != nil || c == nil || c.later || c.damaged:
		return err
	case c.locked != nil:
		return &SealedError{Path: j.path(n), Name: "a rotation", Err: c.locked}
	case !j.misplaced(c):
		return nil
	}
	failpoint.Hit("journal reseal")
	if err := atomicfile.Write(j.path(n), j.retold(n, c), atomicfile.Options{}); err != nil {
		return &WriteError{Path: j.path(n), Err: err}
	}
	return nil
}

// retold returns the records of an entry, written anew. What the record that counts says makes the others needless.
func (j journal) retold(n entryName, c *entryContent) []byte {
	var out []byte
	if c.intent != nil {
		out = appendJSON(out, recordIntent, *c.intent)
	}
	if c.login != nil {
		out = appendJSON(out, recordLogin, *c.login)
	}
	switch {
	case c.settled != nil:
		return append(out, j.childRecord(n, recordSettled, *c.settled)...)
	case c.child != nil:
		return append(out, j.childRecord(n, recordChild, *c.child)...)
	case c.answer != nil:
		return append(out, j.answerRecord(n, c.answer)...)
	}
	return out
}
