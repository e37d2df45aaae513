package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"slices"

	"github.com/kyoli-gam/kyoli/internal/atomicfile"
)

// Merged is what MergeDuplicates did.
type Merged struct {
	Removed int    // entries
	Backup  string // the content before
}

// duplicatesSuffix is what the name of a copy of a content with duplicates begins with, after that of the file.
const duplicatesSuffix = ".duplicates-"

// MergeDuplicates takes out the entries that share the uuid of another which was used later. The content before is
// kept beside the file, with all that only those entries know, and each of their tokens that no other entry has is kept
// in the journal, as a spare for when the account's own has died. Without duplicates nothing is done, and nil returned.
// Errors are those of Update.
func (f *File) MergeDuplicates(ctx context.Context) (*Merged, error) {
	var done *Merged
	u, err := f.begin(ctx, func(a *Accounts) error {
		done = nil
		duplicates := a.duplicates()
		if len(duplicates) == 0 {
			return nil
		}
		if err := f.mayWrite(a.doc); err != nil {
			return err
		}
		backup, err := f.keepDuplicates(a.doc.raw)
		if err != nil {
			return err
		}
		if err := f.keepSpares(a, duplicates); err != nil {
			return err
		}
		a.dropped = make(map[*entry]bool, len(duplicates))
		for _, e := range duplicates {
			a.dropped[e] = true
		}
		done = &Merged{Removed: len(duplicates), Backup: backup}
		return nil
	})
	if err != nil {
		return nil, err
	}
	_, err = u.run(ctx)
	if err == nil {
		u.afterwards()
		if u.final != nil {
			f.saveLastGood(u.path, u.final.raw)
		}
	}
	_ = u.lock.Release() // the directory was left before
	if err != nil {
		return nil, f.keepDamaged(u.path, err)
	}
	return done, nil
}

// duplicates are the entries that do not count because another with their uuid was used later.
func (a *Accounts) duplicates() []*entry {
	if a.doc == nil {
		return nil
	}
	var found []*entry
	for i := range a.doc.entries {
		if e := &a.doc.entries[i]; e.of != nil {
			found = append(found, e)
		}
	}
	return found
}

// keepDuplicates keeps a content before entries are taken out of it.
func (f *File) keepDuplicates(raw []byte) (string, error) {
	path, err := f.resolve()
	if err != nil {
		return "", err
	}
	return keepBeside(path, duplicatesSuffix, raw)
}

// keepBeside writes a content beside the file, once for each, and returns where it is.
func keepBeside(path, suffix string, raw []byte) (string, error) {
	sum := sha256.Sum256(raw)
	backup := path + suffix + hex.EncodeToString(sum[:8])
	err := atomicfile.Write(backup, raw, atomicfile.Options{NoReplace: true})
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return "", &WriteError{Path: backup, Err: err}
	}
	return backup, nil
}

// keepSpares puts the tokens of entries that are about to be taken out into the journal.
func (f *File) keepSpares(a *Accounts, duplicates []*entry) error {
	path, err := f.resolve()
	if err != nil {
		return err
	}
	j := f.journal(path)
	names, err := j.list()
	if err != nil {
		return err
	}
	for _, e := range duplicates {
		if e.locked != nil { // nobody knows what would be lost
			return &SealedError{Path: f.path, Name: e.was.Name(), Err: e.locked}
		}
		parent := spareParent(e.was.RefreshToken)
		if e.was.RefreshToken == "" || a.hold(e.was.RefreshToken) || j.hasSpare(names, parent) {
			continue
		}
		n := entryName{parent: parent, owner: ownerHash(e.of.was.OwnerID()), at: max(0, MillisOf(f.o.Now()))}
		if err := f.keepSpare(j, n, e.was.Credential()); err != nil {
			return err
		}
	}
	return nil
}

// spareParent stands in the name of a spare for the token that it came of, which nobody knows.
func spareParent(token Secret) string { return Secret("duplicate of " + token.Reveal()).Hash() }

// hasSpare says whether a spare is there, and whole.
func (j journal) hasSpare(names []entryName, parent string) bool {
	return slices.ContainsFunc(names, func(n entryName) bool {
		if n.parent != parent {
			return false
		}
		content, err := j.read(n)
		return err == nil && content != nil && content.child != nil
	})
}

// keepSpare makes an entry as an answer leaves one that no account was found for.
func (f *File) keepSpare(j journal, n entryName, c Credential) error {
	file, err := f.createEntry(j, &n)
	if err != nil {
		return err
	}
	defer file.Close()
	err = addRecord(file, 0, j.childRecord(n, recordChild, childOf(c)), true)
	if err == nil {
		err = j.sync()
	}
	if err != nil {
		return &WriteError{Path: j.path(n), Err: err}
	}
	return nil
}
