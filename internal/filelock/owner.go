package filelock

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/kyoli-gam/kyoli/internal/failpoint"
)

// ownerFile is "<file>.owner", read and written under the flock. It holds the nonce of the last kyoli that entered the
// lock directory, so that the next one can clear up after it.
type ownerFile struct {
	f   *os.File
	rec record
}

// record is the content of an owner file, two lines of fixed length: it is overwritten in place, which needs no room
// on a full disk. A torn one is no harm: nothing yet bears its nonce.
type record struct {
	nonce string
	pid   int       // for people
	met   time.Time // when another program's lock was last met
	dir   identity  // of the directory, from before its marker is removed until it is removed itself
}

// identity tells a directory from others that were at its name. An inode number alone does not, as it is reused; its
// time of birth is exact to some milliseconds. Zero is none, where the file system keeps no such time.
type identity struct {
	inode uint64
	born  int64 // ns since the epoch
}

const (
	recordFormat = "kyoli lock 1 %s %010d %015d\n"
	dirFormat    = "directory %020d %020d\n" // a second line
	nonceLen     = 32
)

func newNonce() string {
	var b [nonceLen / 2]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

func openOwner(path string) (*ownerFile, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	rec, err := recordOf(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &ownerFile{f: f, rec: rec}, nil
}

// recordOf reads an owner file.
func recordOf(f *os.File) (record, error) {
	b := make([]byte, 256)
	n, err := f.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return record{}, err
	}
	return parseRecord(string(b[:n])), nil
}

func (o *ownerFile) write(r record) error {
	failpoint.Hit("lock note")
	_, err := o.f.WriteAt([]byte(r.String()), 0)
	o.rec = r
	return err
}

// now is the time by the file system's own clock, which is the one that lock directories are dated by: that of the
// last write.
func (o *ownerFile) now() time.Time {
	info, err := o.f.Stat()
	if err != nil {
		return time.Now()
	}
	return info.ModTime()
}

func (o *ownerFile) close() { _ = o.f.Close() }

func (r record) String() string {
	var met int64
	if !r.met.IsZero() {
		met = r.met.UnixMilli()
	}
	return fmt.Sprintf(recordFormat, r.nonce, r.pid, met) + fmt.Sprintf(dirFormat, r.dir.inode, r.dir.born)
}

func isNonce(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == nonceLen/2
}

// parseRecord returns the zero record for anything that kyoli did not write.
func parseRecord(s string) record {
	line, rest, ok := strings.Cut(s, "\n")
	var r record
	var met int64
	if !ok {
		return record{}
	}
	if n, err := fmt.Sscanf(line+"\n", recordFormat, &r.nonce, &r.pid, &met); err != nil || n != 3 {
		return record{}
	}
	if !isNonce(r.nonce) {
		return record{} // it becomes part of a path
	}
	if met > 0 {
		r.met = time.UnixMilli(met)
	}
	if n, err := fmt.Sscanf(rest, dirFormat, &r.dir.inode, &r.dir.born); err != nil || n != 2 || r.dir.born <= 0 {
		r.dir = identity{}
	}
	return r
}
