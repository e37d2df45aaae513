package store

import (
	"bytes"
	"errors"
)

// pending is a change that was in the file for a moment and must be in it in the end.
type pending struct {
	ours   delta
	wrote  []byte    // what was in the file for a moment
	theirs *document // what that displaced, where that was another content than the one that was read
	others []delta   // what other programs made of the file meanwhile, theirs the last
}

// again makes the change anew, a being the accounts that are in the file.
func (p *pending) again(onDisk *document, a *Accounts) *Accounts {
	others := p.others
	if p.theirs != nil && onDisk != nil && bytes.Equal(onDisk.raw, p.wrote) {
		// Ours is in the place of theirs: go on from theirs, which also keeps what only they know.
		sealing := a.sealing
		a, others = p.theirs.accounts(a.path), others[:len(others)-1]
		a.sealing = sealing
	}
	for _, d := range others {
		d.apply(a)
	}
	p.ours.apply(a)
	return a
}

// written notes what was written, and what it displaced.
func (u *update) written(onDisk, next *document, a *Accounts, displaced []byte) {
	u.final = next
	u.f.cache(next)
	if u.pending == nil {
		u.pending = &pending{ours: delta{onDisk, a}}
	}
	p := u.pending
	p.wrote, p.theirs = next.raw, u.displacedBy(onDisk, displaced)
	if p.theirs != nil {
		p.others = append(p.others, delta{onDisk, p.theirs.accounts(u.f.path)})
	}
}

// displacedBy returns the content that ours displaced where another program had put it there meanwhile, so that its
// changes are not lost.
func (u *update) displacedBy(onDisk *document, displaced []byte) *document {
	if displaced == nil || onDisk != nil && bytes.Equal(displaced, onDisk.raw) {
		return nil
	}
	theirs, p := parse(displaced)
	if p == nil && theirs.later == "" {
		if opened, err := theirs.opened(u.f.o.Sealing, onDisk); err == nil {
			theirs = opened // else sealed tokens that are new in it are kept as they are
		}
		u.f.note(Note{NoteMerged, u.f.path, u.f.path + ": another program wrote at the same moment; both changes are kept"})
		return theirs
	}
	err := u.f.keepDamaged(u.path, &DamagedError{Path: u.f.path, content: displaced})
	var damaged *DamagedError
	_ = errors.As(err, &damaged)
	u.f.note(Note{NoteMerged, u.f.path, u.f.path + ": another program wrote what cannot be read; it is kept in " + damaged.Backup})
	return nil
}
