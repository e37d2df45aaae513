package store

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kyoli-gam/kyoli/internal/filelock"
)

// JournalState says what is left to be done about an entry of the journal.
type JournalState string

const (
	// JournalDone is an entry that is kept only to know what became of a token.
	JournalDone JournalState = "done"
	// JournalBusy is one whose rotation is under way.
	JournalBusy JournalState = "busy"
	// JournalAsked is one whose request was about to be sent, by a process that is dead, and that has no answer. Whoever
	// needs the token next asks once more.
	JournalAsked JournalState = "asked"
	// JournalPending is one that the next command which opens the accounts works into them.
	JournalPending JournalState = "pending"
	// JournalSpare is an answer for which no account was found. It is tried before an account is disabled.
	JournalSpare JournalState = "spare"
	// JournalAside is one that could not be read, and was set aside for people.
	JournalAside JournalState = "set-aside"
	// JournalLater is one of a later kyoli.
	JournalLater JournalState = "later"
	// JournalUnreadable is one that the system refuses to read.
	JournalUnreadable JournalState = "unreadable"
)

// JournalEntry is one file of the journal.
type JournalEntry struct {
	File    string
	State   JournalState
	At      time.Time // when the rotation began
	Account *Account  // nil where it is not known, or not there any more
}

func (f *File) inspectJournal(i *Inspection, d *document) {
	j := f.journal(i.Path)
	names, err := j.list()
	if err != nil {
		i.JournalErr = err
		return
	}
	accounts := d.accounts(f.path)
	r := &replayer{f: f, path: i.Path, j: j, names: names, now: f.o.Now(), lineage: newLineage(j, names)}
	for _, n := range names {
		e := JournalEntry{File: j.path(n), State: JournalDone, At: n.at.Time(), Account: ownedBy(accounts, n.owner)}
		if n.state == stateOpen {
			e.State = i.state(r, n, accounts)
		}
		i.Journal = append(i.Journal, e)
	}
	i.Journal = append(i.Journal, j.aside()...)
	for _, x := range accounts.List {
		i.inspectToken(r, x)
	}
}

// inspectToken looks whether an account's token is known to have been spent.
func (i *Inspection) inspectToken(r *replayer, x *Account) {
	own := x.RefreshToken.Hash()
	if own == "" {
		return
	}
	c := r.lineage.newest(own)
	switch {
	case c != nil && c.RefreshToken != "" && c.Child != own:
		i.Outdated = append(i.Outdated, x)
	case r.leadsOn(own):
	case r.lineage.locked != nil: // what came of it may be there
	case r.lineage.usedUp(own) != "":
		i.Spent = append(i.Spent, x)
	}
}

// leadsOn says whether an answer that came for a token waits to be worked in.
func (r *replayer) leadsOn(token string) bool {
	for _, n := range r.lineage.open[token] {
		if c, err := r.j.read(n); err == nil && c != nil && c.answered() {
			return true
		}
	}
	return false
}

// state says what is left to be done about an open entry.
func (i *Inspection) state(r *replayer, n entryName, accounts *Accounts) JournalState {
	lock, err := filelock.Inspect(r.f.leasePath(n.owner), r.f.leaseOptions(r.path, n.owner))
	if err == nil && lock.Held {
		return JournalBusy
	}
	content, err := r.j.read(n)
	switch {
	case err != nil:
		return JournalUnreadable
	case content == nil: // it was closed just now
		return JournalDone
	case content.later:
		return JournalLater
	case content.intent != nil && !content.answered():
		return JournalAsked
	case i.Err != nil, r.concerns(n, content, accounts): // it waits for the accounts, or nobody has looked yet
		return JournalPending
	}
	return JournalSpare
}

// ownedBy returns the account that a lease is named by.
func ownedBy(accounts *Accounts, owner string) *Account {
	for _, x := range accounts.List {
		if ownerHash(x.OwnerID()) == owner {
			return x
		}
	}
	return nil
}

// aside are the entries that were set aside.
func (j journal) aside() []JournalEntry {
	files, err := os.ReadDir(j.dir)
	if err != nil {
		return nil
	}
	var found []JournalEntry
	for _, file := range files {
		if strings.HasSuffix(file.Name(), "."+string(stateDamaged)) {
			e := JournalEntry{File: filepath.Join(j.dir, file.Name()), State: JournalAside}
			if info, err := file.Info(); err == nil {
				e.At = info.ModTime()
			}
			found = append(found, e)
		}
	}
	return found
}
