package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/kyoli-gam/kyoli/internal/atomicfile"
)

// Inspection is what one look at an account file, and at what lies beside it, showed.
type Inspection struct {
	Path    string // symlinks resolved
	Missing bool
	// Err is why the accounts cannot be read: *DamagedError, *VersionError or *ReadError. Of a damaged file no copy was
	// made.
	Err error
	// Accounts are nil where there is an Err. Version is the file's, where that is above 1 and can be read all the same.
	Accounts *Accounts
	Version  string
	// Duplicates are the accounts of which there are several entries; Shared those with one refresh token.
	Duplicates []*Account
	Shared     [][]*Account
	// Locked says of each account with a token that the key does not open why. Where the key is not to be had at all,
	// there is none.
	Locked []LockedToken
	// Outdated are accounts whose token was spent, and for which the journal has what came of it; Spent those for which
	// it does not.
	Outdated, Spent []*Account

	// LastGood is the copy of the last content that could be read, empty where there is none, and LastGoodErr why it is
	// of no use. LastGoodAccounts is how many accounts are in it.
	LastGood         string
	LastGoodErr      error
	LastGoodAccounts int

	// JournalDir is the directory of the journal, which need not be there, and JournalErr why it cannot be read.
	JournalDir string
	JournalErr error
	Journal    []JournalEntry
	// Backups are copies of contents that were damaged, or had duplicates.
	Backups []string
}

// LockedToken is an account with a token that the key does not open.
type LockedToken struct {
	Account *Account
	Err     error // a *seal.OpenError
}

// Inspect looks at the file without changing anything: no replay, no backup, no permissions.
func (f *File) Inspect(ctx context.Context) (*Inspection, error) {
	path, err := f.resolve()
	if err != nil {
		return nil, err
	}
	i := &Inspection{Path: path, JournalDir: journalOf(path).dir}
	d := f.inspectContent(ctx, i)
	f.inspectLastGood(i)
	i.Backups = backups(path)
	f.inspectJournal(i, d)
	return i, nil
}

func (f *File) inspectContent(ctx context.Context, i *Inspection) *document {
	d, err := f.peek(i.Path)
	var damaged *DamagedError
	if errors.As(err, &damaged) { // another program may be in the middle of writing it
		f.settle(ctx)
		d, err = f.peek(i.Path)
	}
	if errors.As(err, &damaged) {
		damaged.content = nil
		if f.lastGood(i.Path) != nil {
			damaged.LastGood = lastGoodPath(i.Path)
		}
	}
	i.Err, i.Missing = err, err == nil && d == nil
	if err != nil {
		return nil
	}
	i.Accounts = d.accounts(f.path)
	if d == nil {
		return nil
	}
	i.Version = d.later
	by := d.byUUID()
	for _, x := range i.Accounts.List {
		for k := range d.entries {
			if d.entries[k].of != nil && d.entries[k].of == by[x.UUID] {
				i.Duplicates = append(i.Duplicates, x)
				break
			}
		}
	}
	i.Shared = shared(i.Accounts.List)
	i.Locked = f.locked(d, i.Accounts)
	return d
}

// locked returns the accounts with tokens that the key does not open.
func (f *File) locked(d *document, accounts *Accounts) (list []LockedToken) {
	open, err := d.opened(f.o.Sealing, nil)
	if err != nil {
		return nil // the key is not to be had
	}
	why := make(map[string]error)
	for k := range open.entries {
		if e := &open.entries[k]; e.locked != nil && e.of == nil {
			why[e.was.UUID] = e.locked
		}
	}
	for _, x := range accounts.List {
		if err := why[x.UUID]; err != nil {
			list = append(list, LockedToken{Account: x, Err: err})
		}
	}
	return list
}

// shared returns the accounts that have one refresh token, in the order of the file.
func shared(list []*Account) [][]*Account {
	by := make(map[string]int) // by hash: a token may be sealed twice
	var groups [][]*Account
	for _, x := range list {
		if x.RefreshToken == "" {
			continue
		}
		k, seen := by[x.RefreshToken.Hash()]
		if !seen {
			k = len(groups)
			by[x.RefreshToken.Hash()], groups = k, append(groups, nil)
		}
		groups[k] = append(groups[k], x)
	}
	var several [][]*Account
	for _, g := range groups {
		if len(g) > 1 {
			several = append(several, g)
		}
	}
	return several
}

func (f *File) inspectLastGood(i *Inspection) {
	good := lastGoodPath(i.Path)
	raw, err := readRegular(good, maxSize)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	i.LastGood = good
	if err != nil {
		i.LastGoodErr = &ReadError{Path: good, Err: err}
		return
	}
	d, p := parse(raw)
	if p != nil {
		i.LastGoodErr = &DamagedError{Path: good, Offset: int64(p.offset), Pointer: p.pointer, Reason: p.text}
		return
	}
	i.LastGoodAccounts = len(d.entries)
}

// backups finds the copies that were made of contents of the file.
func backups(path string) []string {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil
	}
	var found []string
	for _, e := range entries {
		for _, of := range []string{filepath.Base(path), filepath.Base(lastGoodPath(path))} {
			rest, ok := strings.CutPrefix(e.Name(), of)
			if ok && (strings.HasPrefix(rest, damagedSuffix) || strings.HasPrefix(rest, duplicatesSuffix) || strings.HasPrefix(rest, removedSuffix)) {
				found = append(found, filepath.Join(filepath.Dir(path), e.Name()))
			}
		}
	}
	return found
}

// Files are the paths of all that may hold a token and is there: the file itself, its copies, and the journal's
// entries.
func (i *Inspection) Files() []string {
	var files []string
	if !i.Missing {
		files = append(files, i.Path)
	}
	if i.LastGood != "" {
		files = append(files, i.LastGood)
	}
	files = append(files, i.Backups...)
	for _, e := range i.Journal {
		files = append(files, e.File)
	}
	return files
}

// RenewLastGood makes the last good copy anew from the file, where the copy cannot be read. What the copy held is kept
// beside it.
func (f *File) RenewLastGood(ctx context.Context) error {
	path, err := f.resolve()
	if err != nil {
		return err
	}
	lock, err := f.acquire(ctx, path)
	if err != nil {
		return f.lockProblem(err)
	}
	defer func() { _ = lock.Release() }()
	d, err := f.read(path)
	if err != nil || d == nil {
		return err
	}
	good := lastGoodPath(path)
	raw, err := readRegular(good, maxSize)
	if err != nil {
		return &ReadError{Path: good, Err: err}
	}
	if _, p := parse(raw); p == nil {
		return nil
	}
	var damaged *DamagedError
	if _ = errors.As(f.keepDamaged(good, &DamagedError{Path: good, content: raw}), &damaged); damaged.Backup == "" {
		return &WriteError{Path: good + damagedSuffix, Err: errors.New("the damaged content could not be kept")}
	}
	if err := atomicfile.Write(good, d.raw, atomicfile.Options{}); err != nil {
		return &WriteError{Path: good, Err: err}
	}
	return nil
}
