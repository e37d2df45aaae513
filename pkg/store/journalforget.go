package store

import (
	"errors"
	"io/fs"
	"slices"

	"github.com/kyoli-gam/kyoli/internal/atomicfile"
)

// gone is what a change took out of the account file.
type gone struct {
	secrets []Secret // tokens that were replaced or removed
	owners  []string // ownerHash of accounts that were removed
}

func (g *gone) add(h gone) {
	g.secrets = append(g.secrets, h.secrets...)
	g.owners = append(g.owners, h.owners...)
}

// keep takes out what is in the file after all.
func (g *gone) keep(d *document) {
	if len(g.secrets) > 0 {
		g.secrets = slices.DeleteFunc(g.secrets, newSecretSet(g.secrets).in(d).has)
	}
	if len(g.owners) > 0 {
		owners := make(map[string]bool, len(d.entries))
		for i := range d.entries {
			owners[ownerHash(d.entries[i].was.OwnerID())] = true
		}
		g.owners = slices.DeleteFunc(g.owners, func(owner string) bool { return owners[owner] })
	}
}

func (g *gone) empty() bool { return len(g.secrets)+len(g.owners) == 0 }

// forgetJournal takes tokens out of the journal, and all that belongs to removed accounts, the intent of a request that
// is under way included: its answer has nowhere to go then. It is remembered that tokens were spent, and by their
// hashes for what.
func (f *File) forgetJournal(g gone) error {
	path, err := f.resolve()
	if err != nil {
		return err
	}
	j := f.journal(path)
	names, err := j.list()
	if err != nil {
		return err
	}
	secrets, owners := newSecretSet(g.secrets), make(map[string]bool, len(g.owners))
	for _, owner := range g.owners {
		owners[owner] = true
	}
	var errs []error
	for _, n := range names {
		if err := j.forget(n, secrets, owners[n.owner]); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, &WriteError{Path: j.path(n), Err: err})
		}
	}
	return errors.Join(errs...)
}

func (j journal) forget(n entryName, secrets *secretSet, removed bool) error {
	switch {
	case n.state == stateSpent:
		return nil
	case removed && n.state == stateOpen:
		return j.remove(n)
	}
	content, err := j.read(n)
	if err != nil || content == nil || content.later {
		return err
	}
	c, ok := content.outcome("")
	switch {
	case !ok:
		return nil
	case removed || secrets.has(Secret(c.RefreshToken)):
		return j.rewrite(n, stateSpent, childRecord{Child: c.Child})
	case secrets.has(Secret(c.AccessToken)):
		c.AccessToken, c.ExpiresAt = "", 0
		return j.rewrite(n, stateSettled, c)
	}
	return nil
}

// rewrite replaces an entry by one that tells nothing but what came of its token.
func (j journal) rewrite(n entryName, s entryState, c childRecord) error {
	if err := atomicfile.Write(j.path(n.as(s)), j.childRecord(n, recordSettled, c), atomicfile.Options{}); err != nil {
		return err
	}
	if n.state == s {
		return nil
	}
	return j.remove(n)
}
