package store

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kyoli-gam/kyoli/internal/atomicfile"
	"github.com/kyoli-gam/kyoli/internal/failpoint"
)

const (
	// maxAnswer bounds the body of an answer (design: what the provider's client reads at most).
	maxAnswer = 1 << 20
	// entryRoom is what is set aside for an entry: an answer, and the records around it.
	entryRoom = maxAnswer + 64<<10
	// maxEntry bounds what is read of an entry.
	maxEntry = 2 * entryRoom
)

// journal is the directory "<account file>.journal", one file for each rotation. Files that are open are changed
// under their refresh lease only; the others are only replaced or removed.
type journal struct {
	dir     string
	sealing Sealing // of the tokens in it
}

func journalOf(path string) journal { return journal{dir: path + ".journal"} }

func (f *File) journal(path string) journal {
	j := journalOf(path)
	j.sealing = f.o.Sealing
	return j
}

func (j journal) path(n entryName) string { return filepath.Join(j.dir, n.String()) }

// list returns the names of the entries, the oldest first. A missing directory is an empty journal.
func (j journal) list() ([]entryName, error) { return j.listed(entryState.known) }

// holdsTokens tells whether entries in this state may hold tokens.
func (s entryState) holdsTokens() bool { return s.known() || s == stateLogin }

// listed returns the names of the entries in some states, the oldest first.
func (j journal) listed(wanted func(entryState) bool) ([]entryName, error) {
	d, err := os.Open(j.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, &ReadError{Path: j.dir, Err: err}
	}
	defer d.Close()
	files, err := d.Readdirnames(-1)
	if err != nil {
		return nil, &ReadError{Path: j.dir, Err: err}
	}
	var names []entryName
	for _, file := range files {
		if n, ok := parseEntryName(file); ok && wanted(n.state) {
			names = append(names, n)
		}
	}
	slices.SortFunc(names, func(a, b entryName) int {
		return cmp.Or(cmp.Compare(a.at, b.at), strings.Compare(a.nonce, b.nonce), strings.Compare(string(a.state), string(b.state)))
	})
	return names, nil
}

// read returns what an entry tells, its tokens opened, nil where it is gone. One that is far too long is damaged.
func (j journal) read(n entryName) (*entryContent, error) {
	c, err := j.readSealed(n)
	if c != nil {
		j.open(n, c)
	}
	return c, err
}

// readSealed is read without a key.
func (j journal) readSealed(n entryName) (*entryContent, error) {
	raw, err := readRegular(j.path(n), maxEntry)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case errors.Is(err, errTooLong):
		return &entryContent{damaged: true}, nil
	case err != nil:
		return nil, &ReadError{Path: j.path(n), Err: err}
	}
	return parseEntry(raw), nil
}

// createEntry makes the file of a new rotation or login, with room for its answer, and the directory where it is missing.
func (f *File) createEntry(j journal, n *entryName) (*os.File, error) {
	tightened, err := atomicfile.PrivateDir(j.dir)
	if err != nil {
		return nil, &WriteError{Path: j.dir, Err: err}
	}
	if tightened {
		f.note(Note{NotePermissions, j.dir, j.dir + " could be read or written by other users; its permissions are 0700 now"})
	}
	var nonce [nonceBytes]byte
	_, _ = rand.Read(nonce[:]) // never fails
	n.nonce, n.state = hex.EncodeToString(nonce[:]), cmp.Or(n.state, stateOpen)
	file, err := atomicfile.Create(j.path(*n), j.room())
	if err != nil {
		return nil, &WriteError{Path: j.path(*n), Err: err}
	}
	return file, nil
}

// settle notes in an entry's file what came of its token, and closes it. That it is gone is no error: somebody removed
// the account.
func (j journal) settle(n entryName, child childRecord) error {
	file, err := os.OpenFile(j.path(n), os.O_RDWR|openFlags, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	raw, err := readAll(file, maxEntry)
	if err != nil {
		return err
	}
	c := parseEntry(raw)
	j.open(n, c)
	if j.misplaced(c) {
		_ = file.Close()
		return j.rewrite(n, stateSettled, child) // without what should not be there in that form
	}
	if c.settled == nil || *c.settled != child {
		if err := addRecord(file, int64(c.size), j.childRecord(n, recordSettled, child), true); err != nil {
			return err
		}
	}
	_ = file.Close() // first, or Windows keeps the name
	return j.rename(n, stateSettled)
}

// rename gives an entry another state.
func (j journal) rename(n entryName, s entryState) error {
	if err := failpoint.Err("journal rename"); err != nil {
		return err
	}
	if err := os.Rename(j.path(n), j.path(n.as(s))); err != nil {
		return err
	}
	return j.sync()
}

// sync brings the names to the disk.
func (j journal) sync() error {
	if err := failpoint.Err("journal fsync of the directory"); err != nil {
		return err
	}
	return atomicfile.SyncDir(j.dir)
}

// remove takes an entry away. That it is gone is no error.
func (j journal) remove(n entryName) error {
	failpoint.Hit("journal remove")
	err := os.Remove(j.path(n))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// addRecord writes a record into an entry's file, and brings it to the disk. last cuts off what was set aside.
func addRecord(file *os.File, offset int64, record []byte, last bool) error {
	if err := failpoint.Err("journal write"); err != nil {
		return err
	}
	if _, err := file.WriteAt(record, offset); err != nil {
		return err
	}
	if last {
		if err := file.Truncate(offset + int64(len(record))); err != nil {
			return err
		}
	}
	if err := failpoint.Err("journal fsync"); err != nil {
		return err
	}
	return file.Sync()
}
