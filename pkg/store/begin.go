package store

import (
	"context"
	"os"

	"github.com/kyoli-gam/kyoli/internal/atomicfile"
	"github.com/kyoli-gam/kyoli/internal/seal"
)

// maxRequests is how often one token is sent: once, and once more where no answer to that is on the disk.
const maxRequests = 2

// Begin prepares a rotation of the account's refresh token. The account file can be written, there is room for the
// answer in the journal and for the account file with it, and the intent is on the disk. Errors: *SpentError,
// *filelock.LostError where all starts over, those of Update.
func (l *lease) Begin(ctx context.Context) (Rotation, error) {
	if err := l.mayRotate(); err != nil {
		return nil, err
	}
	if l.rotation != nil {
		l.rotation.end()
	}
	r := &rotation{f: l.f, lease: l, parent: l.account.RefreshToken}
	if err := r.reserve(); err != nil {
		return nil, err
	}
	err := r.begin()
	if err == nil {
		err = l.yieldToTwins(ctx)
	}
	if err != nil {
		r.abandon()
		return nil, err
	}
	l.rotation = r
	return r, nil
}

// mayRotate refuses a token that was spent for something that nobody has, or may have been: one that was sent twice
// and got no answer.
func (l *lease) mayRotate() error {
	if err := l.account.Opened(l.f.path); err != nil {
		return err
	}
	token := l.account.RefreshToken.Hash()
	if token == "" {
		return l.spent("there is none")
	}
	j := l.f.journal(l.path)
	names, err := j.list()
	if err != nil {
		return err
	}
	line := newLineage(j, names)
	if reason := line.usedUp(token); reason != "" {
		if line.locked != nil { // what came of it is there, and cannot be opened
			return &SealedError{Path: l.f.path, Name: l.account.Name(), Err: line.locked}
		}
		return l.spent(reason)
	}
	return nil
}

func (l *lease) spent(reason string) error {
	return &SpentError{Path: l.f.path, Name: l.account.Name(), Reason: reason}
}

// reserve makes sure that the account file can be written when the answer is there: of a version that kyoli writes,
// in a directory that it may write, on a disk with room for it and for the copy of the last good content.
func (r *rotation) reserve() error {
	d, err := r.f.read(r.lease.path)
	if err != nil {
		return r.f.keepDamaged(r.lease.path, err)
	}
	if d == nil {
		return &UnknownAccountError{Name: r.lease.account.UUID, File: r.f.path}
	}
	if err := r.f.mayWrite(d); err != nil {
		return err
	}
	if err := r.f.o.Sealing.Ready(); err != nil {
		return err
	}
	r.room, err = atomicfile.Reserve(r.lease.path, 2*(int64(len(d.raw))+maxGrowth+r.f.sealedGrowth(d)))
	if err != nil {
		return &WriteError{Path: r.f.path, Err: err}
	}
	return nil
}

// maxGrowth is by how much one answer makes the account file longer at most, in bytes: tokens of sane length.
const maxGrowth = 64 << 10

// sealedGrowth is by how much the content becomes longer at most where its tokens are sealed with the next write.
func (f *File) sealedGrowth(d *document) int64 {
	if f.o.Sealing.want() == seal.None {
		return 0
	}
	plain := 0
	for i := range d.entries {
		for _, t := range d.entries[i].stored {
			if t != "" && !t.Sealed() {
				plain += sealedOverhead + len(t)/2
			}
		}
	}
	return int64(plain)
}

// sealedOverhead is by how much more than a half a sealed token is longer than the token, in bytes.
const sealedOverhead = 1 << 10

// begin writes the intent.
func (r *rotation) begin() error {
	l := r.lease
	now := r.f.o.Now()
	r.j = l.f.journal(l.path)
	r.name = entryName{parent: r.parent.Hash(), owner: l.owner, at: max(0, MillisOf(now))}
	var err error
	if r.file, err = r.f.createEntry(r.j, &r.name); err != nil {
		return err
	}
	intent := appendJSON(nil, recordIntent, intentRecord{UUID: l.account.UUID, PID: os.Getpid(), At: at(now)})
	err = r.add(intent, false)
	if err == nil {
		err = r.j.sync()
	}
	if err != nil {
		return &WriteError{Path: r.j.path(r.name), Err: err}
	}
	return nil
}

// abandon takes back what Begin made.
func (r *rotation) abandon() {
	made := r.file != nil
	r.end()
	if made {
		_ = r.j.remove(r.name)
	}
}
