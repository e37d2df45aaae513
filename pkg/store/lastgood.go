package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kyoli-gam/kyoli/internal/atomicfile"
)

func lastGoodPath(path string) string { return path + ".last-good" }

// beforehand keeps what is about to be replaced, where credentials change, and returns what goes.
func (u *update) beforehand(onDisk *document, a *Accounts) gone {
	secrets, changed := a.credentialChanges()
	if changed && !u.saved {
		switch {
		case onDisk == nil:
			u.saved = u.f.keepRemoved(u.path)
		case len(onDisk.entries) > 0:
			u.saved = true
			u.f.saveLastGood(u.path, u.f.inForm(onDisk).raw)
		default:
			u.saved = true
		}
	}
	u.saved = u.saved || a.reform // afterwards; before, it would have the old form again
	return gone{secrets: secrets, owners: a.removedOwners()}
}

// removedSuffix is what the name of a copy of the accounts of a file that was removed begins with, after that of the file.
const removedSuffix = ".removed-"

// keepRemoved keeps the last good content of a file that is gone: the next one would take its place, and with it the only
// copy of those logins. It returns whether last-good may be replaced.
func (f *File) keepRemoved(path string) bool {
	good := f.lastGood(path)
	if good == nil {
		return true
	}
	kept, err := keepBeside(path, removedSuffix, good.raw)
	if err != nil {
		f.note(Note{NoteLastGood, lastGoodPath(path), "the accounts are gone, and the copy of the last good ones is not brought up to date: " + err.Error()})
		return false
	}
	f.note(Note{NoteRemoved, kept, fmt.Sprintf("%s was removed; the last good copy of it, with %d accounts, is kept as %s", path, len(good.entries), kept)})
	return true
}

// inForm returns a content that was read with its tokens in the form in which they are written now, as far as that can be
// had.
func (f *File) inForm(d *document) *document {
	if next, err := f.accountsOf(d).encode(); err == nil {
		return next
	}
	return d
}

// removedOwners returns the owners of accounts that were read and are not there any more.
func (a *Accounts) removedOwners() []string {
	var removed []string
	for i, x := range a.byEntry() {
		if e := &a.doc.entries[i]; x == nil && e.of == nil {
			removed = append(removed, ownerHash(e.was.OwnerID()))
		}
	}
	if len(removed) == 0 {
		return nil
	}
	left := make(map[string]bool, len(a.List))
	for _, x := range a.List {
		left[ownerHash(x.OwnerID())] = true
	}
	return slices.DeleteFunc(removed, func(owner string) bool { return left[owner] })
}

// afterwards brings last-good up to date, which also takes the old tokens out of it, and removes what dead processes
// left.
func (u *update) afterwards() {
	if u.final == nil {
		return
	}
	u.gone.keep(u.final)
	if u.saved {
		u.f.saveLastGood(u.path, u.final.raw)
	}
	u.f.sweep.Do(func() { sweep(u.path) })
}

// sweep removes what dead processes left of the file and of the copies beside it. What cannot be swept now is swept by
// the next one.
func sweep(path string) {
	left, err := atomicfile.LeftOvers(filepath.Dir(path))
	if err != nil {
		return
	}
	for _, file := range left {
		if strings.HasPrefix(filepath.Base(file), "."+filepath.Base(path)+".") {
			_ = os.Remove(file)
		}
	}
}

// lastGood reads the last good content, nil where there is none that can be read, or none with an account in it.
func (f *File) lastGood(path string) *document {
	raw, err := readRegular(lastGoodPath(path), maxSize)
	if err != nil {
		return nil
	}
	d, p := parse(raw)
	if p != nil || d.later != "" || len(d.entries) == 0 {
		return nil
	}
	return d
}

// saveLastGood replaces the last good content. That it fails must not keep a fresh token from the file.
func (f *File) saveLastGood(path string, raw []byte) {
	good := lastGoodPath(path)
	if old, err := readRegular(good, maxSize); err == nil && bytes.Equal(old, raw) {
		return
	}
	if err := atomicfile.Write(good, raw, atomicfile.Options{}); err != nil {
		f.note(Note{NoteLastGood, good, "the copy of the last good accounts could not be brought up to date: " + err.Error()})
	}
}

// credentialChanges returns the tokens that are in the content that was read and not in the accounts as they are
// now, and whether any token differs.
func (a *Accounts) credentialChanges() (gone []Secret, changed bool) {
	now := a.byEntry()
	for _, x := range a.List {
		changed = changed || !a.owns(x)
	}
	for i, x := range now {
		e := &a.doc.entries[i]
		if e.of != nil {
			if now[e.of.pos] == nil {
				gone = append(gone, e.was.RefreshToken, e.was.AccessToken)
			}
			continue
		}
		if x == nil || x.RefreshToken != e.was.RefreshToken {
			gone = append(gone, e.was.RefreshToken)
		}
		if x == nil || x.AccessToken != e.was.AccessToken {
			gone = append(gone, e.was.AccessToken)
		}
	}
	return slices.DeleteFunc(gone, func(s Secret) bool { return s == "" }), changed || len(gone) > 0
}

// holds says whether a token is in the content.
func (d *document) holds(s Secret) bool {
	return slices.ContainsFunc(d.entries, func(e entry) bool { return e.has([]Secret{s}) })
}

func (e *entry) has(secrets []Secret) bool {
	return e.was.RefreshToken.isOneOf(secrets) || e.was.AccessToken.isOneOf(secrets)
}

// Forget takes tokens out of last-good and the journal. An account whose token it is gets there the credential that
// it has in the file now; one that is not in the file, or has the token there too, is taken out.
func (f *File) Forget(ctx context.Context, secrets ...Secret) error {
	secrets = slices.DeleteFunc(slices.Clone(secrets), func(s Secret) bool { return s == "" })
	if len(secrets) == 0 {
		return nil
	}
	return errors.Join(f.forgetLastGood(ctx, secrets), f.forgetJournal(gone{secrets: secrets}))
}

func (f *File) forgetLastGood(ctx context.Context, secrets []Secret) error {
	path, err := f.resolve()
	if err != nil {
		return err
	}
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
	if p != nil { // of no use to anybody
		return f.dropLastGood(good, raw, secrets)
	}
	if d, err = d.opened(f.o.Sealing, nil); err != nil {
		return err
	}
	a := d.accounts(good)
	a.sealing = f.o.Sealing
	current, _ := f.read(path)
	a.scrub(secrets, current.byUUID())
	next, err := a.encode()
	if err != nil || next == d {
		return err
	}
	if err := atomicfile.Write(good, next.raw, atomicfile.Options{}); err != nil {
		return &WriteError{Path: good, Err: err}
	}
	return nil
}

// dropLastGood removes a last-good that cannot be read and holds one of the secrets.
func (f *File) dropLastGood(good string, raw []byte, secrets []Secret) error {
	for _, s := range secrets {
		if bytes.Contains(raw, []byte(s.Reveal())) || bytes.Contains(raw, []byte(":"+s.Hash()+":")) {
			return os.Remove(good)
		}
	}
	return nil
}

// scrub takes secrets out of the accounts; current are the entries of the account file.
func (a *Accounts) scrub(secrets []Secret, current map[string]*entry) {
	a.dropped = make(map[*entry]bool)
	for i := range a.doc.entries {
		e := &a.doc.entries[i]
		if !e.has(secrets) {
			continue
		}
		now := current[e.was.UUID]
		x := a.Get(e.was.UUID)
		if e.of == nil && now != nil && x != nil && !now.has(secrets) {
			x.SetCredential(now.was.Credential())
			continue
		}
		a.dropped[e] = true
	}
}
