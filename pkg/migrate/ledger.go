package migrate

import (
	"encoding/json"
	"errors"
	"io/fs"
	"slices"

	"github.com/kyoli-gam/kyoli/internal/atomicfile"
	"github.com/kyoli-gam/kyoli/internal/regular"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// ledger is what kyoli knows of its own doings in one auth.json: the common
// base of the three-way merge. It holds hashes and no token.
type ledger struct {
	Version int                     `json:"version"`
	Path    string                  `json:"path"`
	Entries map[string]*ledgerEntry `json:"entries"`
}

// ledgerEntry is one entry of auth.json as kyoli left it.
type ledgerEntry struct {
	mark
	// Next is what kyoli was about to write. It stays only after a crash, and
	// then either of the two is in the file.
	Next *mark `json:"next,omitempty"`
	// Replaced are hashes of refresh tokens that kyoli took out of the entry,
	// oldest first. One that shows up again is a late write of an old read.
	Replaced []string `json:"replaced,omitempty"`
}

// mark is the account whose credential an entry has.
type mark struct {
	// Account is the account's uuid.
	Account string `json:"account"`
	// Refresh is the hash of the refresh token.
	Refresh string `json:"refresh"`
	// Written is whether kyoli put it there; else it was there and was taken
	// into the store.
	Written bool `json:"written"`
	// At is when that was.
	At store.Millis `json:"at"`
}

// readLedger reads the ledger at path. One that is missing or damaged is
// empty: then there is no common base, and less is adopted, not more.
func readLedger(path, target string) (*ledger, error) {
	l := &ledger{}
	data, err := regular.Read(path, maxAuthSize)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err != nil || json.Unmarshal(data, l) != nil {
		l = &ledger{}
	}
	l.Version, l.Path = 1, target
	if l.Entries == nil {
		l.Entries = map[string]*ledgerEntry{}
	}
	return l, nil
}

func (l *ledger) save(path string) error {
	data, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		return err
	}
	if err := atomicfile.Write(path, data, atomicfile.Options{Perm: 0o600}); err != nil {
		return err
	}
	_ = atomicfile.Sweep(path) // what one that was killed in the midst of it left behind
	return nil
}

// base is the mark that e.g. a changed entry has to be compared with: the last
// one, or the next one where that is what the file has.
func (l *ledger) base(e Entry) (mark, bool) {
	known := l.Entries[e.Key]
	if known == nil {
		return mark{}, false
	}
	if known.Next != nil && known.Next.Refresh == e.Refresh.Hash() {
		return *known.Next, true
	}
	return known.mark, known.Account != ""
}

// unsure tells whether a write was cut short, so that the account that an
// entry belongs to is one of two.
func (l *ledger) unsure(key string) bool {
	known := l.Entries[key]
	return known != nil && known.Next != nil && known.Account != known.Next.Account
}

// replaced tells whether e is a credential that kyoli took out before.
func (l *ledger) replaced(e Entry) bool {
	known := l.Entries[e.Key]
	return known != nil && e.Refresh != "" && slices.Contains(known.Replaced, e.Refresh.Hash())
}

// had tells whether this very credential was once in the store.
func (l *ledger) had(e Entry) bool {
	base, based := l.base(e)
	return l.replaced(e) || based && base.Refresh == e.Refresh.Hash()
}

// intend notes what is about to be written in the place of old.
func (l *ledger) intend(old Entry, next mark) {
	known := l.entry(old.Key)
	known.Next = &next
	known.Replaced = slices.DeleteFunc(known.Replaced, func(h string) bool { return h == next.Refresh })
	if old.Type == OAuth && old.Refresh != "" && old.Refresh.Hash() != next.Refresh {
		known.Replaced = remember(known.Replaced, old.Refresh)
	}
}

// settle notes what an entry has now.
func (l *ledger) settle(key string, now mark) {
	known := l.entry(key)
	known.mark, known.Next = now, nil
}

// forget notes that kyoli took an entry out.
func (l *ledger) forget(old Entry) {
	known := l.entry(old.Key)
	known.mark, known.Next = mark{}, nil
	known.Replaced = remember(known.Replaced, old.Refresh)
}

func (l *ledger) entry(key string) *ledgerEntry {
	known := l.Entries[key]
	if known == nil {
		known = &ledgerEntry{}
		l.Entries[key] = known
	}
	return known
}
