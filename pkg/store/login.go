package store

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/kyoli-gam/kyoli/internal/atomicfile"
	"github.com/kyoli-gam/kyoli/internal/procid"
)

// A login is kept in the journal as the answer to a refresh is, until its account is in the file. Its file,
// "<zeros>-<zeros>-<milliseconds>-<nonce>.login", is of no rotation, and replay does not see it: an account is only
// made, or enabled, by who asked for it.

// stateLogin is the ending of its name.
const stateLogin entryState = "login"

// maxLoginAge is how long a login takes at most whose process cannot be looked at.
const maxLoginAge = 2 * time.Hour

// loginEntry is a Login.
type loginEntry struct {
	f      *File
	j      journal
	name   entryName
	file   *os.File
	offset int64
	room   *atomicfile.Reservation
}

// BeginLogin prepares for the answer to a login: the account file can be written, and there is room for both. Errors
// are those of Update.
func (f *File) BeginLogin(context.Context) (Login, error) {
	path, err := f.resolve()
	if err != nil {
		return nil, err
	}
	if err := f.o.Sealing.Ready(); err != nil {
		return nil, err
	}
	var size, growth int64
	d, err := f.read(path)
	if err != nil {
		return nil, f.keepDamaged(path, err)
	}
	if d != nil {
		if err := f.mayWrite(d); err != nil {
			return nil, err
		}
		size, growth = int64(len(d.raw)), f.sealedGrowth(d)
	}
	l := &loginEntry{f: f, j: f.journal(path), name: entryName{
		parent: strings.Repeat("0", parentDigits), owner: strings.Repeat("0", ownerDigits), at: max(0, MillisOf(f.o.Now())), state: stateLogin,
	}}
	if l.file, err = f.createEntry(l.j, &l.name); err != nil {
		return nil, err
	}
	if l.room, err = atomicfile.Reserve(path, 2*(size+maxGrowth+growth)); err != nil {
		return nil, errors.Join(&WriteError{Path: f.path, Err: err}, l.End())
	}
	if err := l.add(appendJSON(nil, recordLogin, procid.Self()), false); err != nil {
		return nil, errors.Join(&WriteError{Path: l.j.path(l.name), Err: err}, l.End())
	}
	return l, nil
}

func (l *loginEntry) add(record []byte, last bool) error {
	if err := addRecord(l.file, l.offset, record, last); err != nil {
		return err
	}
	l.offset += int64(len(record))
	return nil
}

// Answered puts the raw answer on the disk.
func (l *loginEntry) Answered(status int, sent time.Time, body []byte) error {
	a := &answerRecord{status: status, sent: MillisOf(sent), body: body}
	err := l.add(l.j.answerRecord(l.name, a), true)
	if err == nil {
		err = l.j.sync()
	}
	l.close()
	if err != nil {
		return &WriteError{Path: l.j.path(l.name), Err: err}
	}
	return nil
}

// close frees what was kept for the answer.
func (l *loginEntry) close() {
	l.room.Free()
	if l.file != nil {
		_ = l.file.Close()
		l.file = nil
	}
}

// End takes the entry away.
func (l *loginEntry) End() error {
	l.close()
	if err := l.j.remove(l.name); err != nil {
		return &WriteError{Path: l.j.path(l.name), Err: bare(err)}
	}
	return nil
}

// KeptLogins returns the answers to logins whose processes have ended, the oldest first, and sweeps what is left of
// those that got none, or that nobody has wanted for a day.
func (f *File) KeptLogins(context.Context) ([]*KeptLogin, error) {
	path, err := f.resolve()
	if err != nil {
		return nil, err
	}
	j := f.journal(path)
	names, err := j.listed(func(s entryState) bool { return s == stateLogin })
	if err != nil {
		return nil, err
	}
	var kept []*KeptLogin
	for _, n := range names {
		c, err := j.read(n)
		if err != nil || c == nil || c.later || f.underWay(n, c) {
			continue
		}
		if c.locked != nil && n.age(f.o.Now()) <= keepSettled {
			continue // until its key is the one in use again
		}
		if c.answer == nil || n.age(f.o.Now()) > keepSettled {
			_ = j.remove(n) // tried again by the next login
			continue
		}
		l := &loginEntry{f: f, j: j, name: n}
		kept = append(kept, &KeptLogin{Status: c.answer.status, Sent: c.answer.sent.Time(), Body: c.answer.body, End: l.End})
	}
	return slices.Clip(kept), nil
}

// underWay tells whether somebody is about to store the login.
func (f *File) underWay(n entryName, c *entryContent) bool {
	if c.login == nil {
		return n.age(f.o.Now()) < maxLoginAge
	}
	switch c.login.Alive(procid.Self()).Life {
	case procid.Alive:
		return true
	case procid.Dead:
		return false
	}
	return n.age(f.o.Now()) < maxLoginAge
}
