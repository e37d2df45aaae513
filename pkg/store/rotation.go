package store

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/kyoli-gam/kyoli/internal/atomicfile"
)

// rotation is one token request.
type rotation struct {
	f      *File
	lease  *lease
	parent Secret

	j      journal
	name   entryName
	file   *os.File
	offset int64                   // of the next record
	room   *atomicfile.Reservation // for the account file

	sent   Millis
	answer *answerRecord
	kept   bool // the answer, or what came of it, is on the disk
}

// add writes a record to the entry.
func (r *rotation) add(record []byte, last bool) error {
	if err := addRecord(r.file, r.offset, record, last); err != nil {
		return err
	}
	r.offset += int64(len(record))
	return nil
}

// Ready says whether the lease is certainly still ours: its directory is, and was renewed less than 20 s ago on a
// clock that goes on while the machine sleeps. Else the error is *filelock.LostError, and all starts over.
func (r *rotation) Ready() error {
	r.sent = MillisOf(r.f.o.Now())
	return r.lease.lock.Held()
}

// Answered puts the raw answer on disk. After an error Settle tries so once more.
func (r *rotation) Answered(status int, body []byte) error {
	r.answer = &answerRecord{status: status, sent: r.sent, body: body}
	if err := r.add(r.j.answerRecord(r.name, r.answer), false); err != nil {
		return &WriteError{Path: r.j.path(r.name), Err: err}
	}
	r.kept = true
	return nil
}

// Settle writes the new credential over the account that the old one came from, whatever else changed, and closes the
// entry. apply may change that account further. Errors: *UnsavedError where the account file could not be written,
// *ReplacedError where the account has another login by now, *UnknownAccountError where it was removed.
func (r *rotation) Settle(ctx context.Context, child Credential, apply func(*Account)) (*Account, error) {
	if !r.kept {
		r.kept = r.add(r.j.childRecord(r.name, recordChild, childOf(child)), false) == nil
	}
	r.end()
	names, err := r.j.list()
	if err != nil {
		names = nil // the lineage is this one step then
	}
	s := &settlement{f: r.f, j: r.j, name: r.name, lineage: newLineage(r.j, names), uuid: r.lease.account.UUID}
	err = s.write(ctx, func(Secret) (Credential, bool) { return child, true }, apply)
	switch {
	case err == nil:
		if a := s.accounts.Get(s.settled); a != nil {
			return a, nil
		}
		return nil, r.gone(ctx) // another program removed it at the same moment
	case errors.Is(err, errParentGone):
		return nil, r.gone(ctx)
	}
	return nil, r.unsaved(err)
}

// end frees what was kept for the rest of the rotation. What is in the entry was brought to the disk before.
func (r *rotation) end() {
	r.room.Free()
	if r.file != nil {
		_ = errors.Join(r.file.Truncate(r.offset), r.file.Close())
		r.file = nil
	}
}

// gone tells what happened to an account that does not have the token any more that was renewed. The answer stays in
// the journal as a spare where the account has another login.
func (r *rotation) gone(ctx context.Context) error {
	accounts, err := r.f.load(ctx)
	if err != nil {
		return r.unsaved(err)
	}
	for _, x := range accounts.List {
		if ownerHash(x.OwnerID()) == r.lease.owner {
			return &ReplacedError{Path: r.f.path, Name: x.Name()}
		}
	}
	return &UnknownAccountError{Name: r.lease.account.Name(), File: r.f.path}
}

func (r *rotation) unsaved(err error) error {
	e := &UnsavedError{Path: r.f.path, Name: r.lease.account.Name(), Err: err}
	if r.kept {
		e.Journal = r.j.path(r.name)
	}
	return e
}

// Refused closes the entry of a request that the provider answered without rotating. An answer that brought a new
// refresh token all the same, though nothing to use at once, is stored as any other.
func (r *rotation) Refused(ctx context.Context, _ string) error {
	r.end()
	if r.answer == nil {
		return r.close(r.j.remove(r.name))
	}
	child, ok := r.answer.child(r.parent)
	switch {
	case ok && child.RefreshToken != r.parent:
		_, err := r.Settle(ctx, child, nil)
		return err
	case r.answer.mayHoldToken():
		aside := &replayer{f: r.f, j: r.j}
		return aside.setAside(r.name, "its answer cannot be read")
	}
	return r.close(r.j.remove(r.name))
}

// NotSent removes the intent of a request that never left.
func (r *rotation) NotSent() error {
	r.end()
	return r.close(r.j.remove(r.name))
}

func (r *rotation) close(err error) error {
	if err == nil {
		return nil
	}
	return &WriteError{Path: r.j.path(r.name), Err: fmt.Errorf("remove: %w", bare(err))}
}
