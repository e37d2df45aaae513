package store

import (
	"context"
	"errors"
	"slices"
	"time"
)

// replay brings answers that are in the journal and not in the account file there, where nobody is about to do so,
// and puts the newest token in the place of one that the journal knows to be spent. It never sends, waits for no
// lease, and neither adds nor enables an account. What stands in its way is a note: the accounts can be read without.
func (f *File) replay(ctx context.Context) {
	path, err := f.resolve()
	if err != nil {
		return // whoever reads the file says so
	}
	j := f.journal(path)
	state := j.look()
	if state.missing {
		return
	}
	d, err := f.peek(path)
	if err != nil {
		return // whoever reads the file says so, and its journal waits until it is mended
	}
	if f.replayed(state, d) {
		return
	}
	names, err := j.list()
	if err != nil {
		f.noteJournal(j.dir, err)
		return
	}
	r := &replayer{f: f, path: path, j: j, names: names, now: f.o.Now(), lineage: newLineage(j, names)}
	if !r.needed(d) {
		f.setReplayed(state, d)
		return
	}
	if err := r.all(ctx, d); err != nil && ctx.Err() == nil {
		f.noteJournal(j.dir, err)
	}
}

func (f *File) noteJournal(path string, err error) {
	f.note(Note{NoteJournal, path, "the journal of token rotations could not be worked through: " + err.Error()})
}

// all does whatever there is to be done.
func (r *replayer) all(ctx context.Context, d *document) error {
	accounts := d.accounts(r.f.path)
	errs := r.open(ctx, accounts)
	errs = errors.Join(errs, r.follow(ctx, accounts))
	r.prune(ctx, accounts)
	return errs
}

// recover is replay for one account, whose lease is held: what stands in its way is an error.
func (f *File) recover(ctx context.Context, l *lease) error {
	j := f.journal(l.path)
	names, err := j.list()
	if err != nil || len(names) == 0 {
		return err
	}
	r := &replayer{f: f, path: l.path, j: j, names: names, now: f.o.Now(), lineage: newLineage(j, names)}
	for _, n := range names {
		if n.state == stateOpen && n.owner == l.owner {
			if err := r.finish(ctx, n); err != nil {
				return err
			}
		}
	}
	accounts, err := f.load(ctx)
	if err != nil {
		return err
	}
	return r.follow(ctx, accounts)
}

// replayer is one replay.
type replayer struct {
	f       *File
	path    string // of the account file, resolved
	j       journal
	names   []entryName
	lineage *lineage
	now     time.Time
}

// needed says whether there is anything to be done, which there seldom is.
func (r *replayer) needed(d *document) bool {
	if len(r.names) == 0 {
		return false
	}
	if len(r.lineage.open) > 0 || r.names[0].age(r.now) > keepSettled { // the oldest is the first
		return true
	}
	return d != nil && slices.ContainsFunc(d.entries, func(e entry) bool {
		return r.lineage.spent(e.was.RefreshToken.Hash())
	})
}

// open looks at the entries that are not settled.
func (r *replayer) open(ctx context.Context, accounts *Accounts) error {
	var errs []error
	for _, n := range r.names {
		if n.state != stateOpen || ctx.Err() != nil {
			continue
		}
		content, err := r.j.read(n)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if content != nil && content.locked != nil {
			errs = append(errs, content.locked)
			continue
		}
		if content == nil || !r.concerns(n, content, accounts) {
			continue
		}
		errs = append(errs, r.underLease(ctx, n))
	}
	return errors.Join(errs...)
}

// concerns says whether there may be something to be done about an open entry. One without an answer waits for
// whoever needs its token; a spare waits for its account to need it.
func (r *replayer) concerns(n entryName, c *entryContent, accounts *Accounts) bool {
	if c.later || c.intent != nil && !c.answered() {
		return false
	}
	if !c.answered() {
		return true // what a process left behind that died before it asked, or damage
	}
	child, ok := c.outcome("")
	if !ok {
		return true
	}
	for _, x := range accounts.List {
		if own := x.RefreshToken.Hash(); own == child.Child || r.lineage.leads(own, n.parent) || r.lineage.leads(child.Child, own) {
			return true
		}
	}
	return false
}

// underLease finishes an entry, where nobody holds its lease.
func (r *replayer) underLease(ctx context.Context, n entryName) error {
	l, err := r.f.tryLease(ctx, r.path, n.owner)
	if err != nil || l == nil {
		return err
	}
	err = r.finish(ctx, n)
	return errors.Join(err, l.Release())
}

// finish brings the answer of an entry into the account file, and settles it. Its lease is held, so that nobody else
// does.
func (r *replayer) finish(ctx context.Context, n entryName) error {
	content, err := r.j.read(n)
	switch {
	case err != nil || content == nil || content.later:
		return err
	case content.locked != nil:
		return content.locked
	case content.empty():
		return r.j.remove(n) // nothing is sent before the intent is there
	case !content.answered():
		if content.intent != nil {
			return nil
		}
		return r.setAside(n, "it is damaged")
	case content.answer != nil && content.child == nil && content.settled == nil && !content.answer.success():
		return r.j.remove(n) // its process died before it could close it
	}
	return r.store(ctx, n, content)
}

// store brings a child into the account file, by lineage.
func (r *replayer) store(ctx context.Context, n entryName, content *entryContent) error {
	s := &settlement{f: r.f, j: r.j, name: n, lineage: r.lineage}
	err := s.write(ctx, func(parent Secret) (Credential, bool) {
		child, ok := content.outcome(parent)
		return child.credential(), ok
	}, nil)
	switch {
	case errors.Is(err, errNoChild) && content.answer != nil && content.answer.mayHoldToken():
		return r.setAside(n, "its answer cannot be read")
	case errors.Is(err, errNoChild):
		return r.j.remove(n)
	case errors.Is(err, errParentGone):
		return nil // a spare
	}
	return err
}

// setAside keeps a file that is of no use to kyoli for people.
func (r *replayer) setAside(n entryName, why string) error {
	aside := r.j.path(n.as(stateDamaged))
	if err := r.j.rename(n, stateDamaged); err != nil {
		return &WriteError{Path: r.j.path(n), Err: err}
	}
	r.f.note(Note{NoteJournal, aside, "an entry of the journal of token rotations was set aside, " + why + ": " + aside})
	return nil
}

// follow puts the newest token in the place of each stored one that is known to be spent.
func (r *replayer) follow(ctx context.Context, accounts *Accounts) error {
	if !r.outdated(accounts) {
		return nil
	}
	_, err := r.f.update(ctx, func(accounts *Accounts) error {
		r.outdated(accounts)
		return nil
	})
	return err
}

// outdated brings the accounts up to date, and says whether any was not.
func (r *replayer) outdated(accounts *Accounts) bool {
	if len(r.lineage.settled) == 0 {
		return false
	}
	changed := false
	for _, x := range accounts.List {
		own := x.RefreshToken.Hash()
		if !r.lineage.spent(own) {
			continue
		}
		if c := r.lineage.newest(own); c.RefreshToken != "" && c.Child != own {
			x.SetCredential(c.credential())
			changed = true
		}
	}
	return changed
}
