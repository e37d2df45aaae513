//go:build unix

package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// replace renames temp over path.
func replace(temp, path string) error { return os.Rename(temp, path) }

// SyncDir brings a directory's entries to the disk. File systems that have no fsync of directories are let be.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	err = d.Sync()
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) {
		return nil
	}
	return err
}

// owner is whom a new file is given to; nil where it is ours anyway.
type owner struct{ uid, gid int }

// ownerFor says whom the new file at path shall belong to.
func ownerFor(path string) (*owner, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return ownerIn(filepath.Dir(path))
	}
	if err != nil {
		return nil, err
	}
	own := ownerOf(info)
	if own == nil || os.Geteuid() == 0 || own.uid == os.Geteuid() {
		return own.ifRoot(), nil
	}
	return nil, ErrForeign
}

// ownerIn says whom something new in dir shall belong to: what root makes there belongs to the directory's owner, who
// could not use it otherwise.
func ownerIn(dir string) (*owner, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, err
	}
	return ownerOf(info).ifRoot(), nil
}

func ownerOf(info fs.FileInfo) *owner {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return &owner{int(st.Uid), int(st.Gid)}
	}
	return nil
}

// othersMay says whether anybody but the owner has a permission.
func othersMay(info fs.FileInfo) bool { return info.Mode().Perm()&0o077 != 0 }

func (o *owner) ifRoot() *owner {
	if o == nil || os.Geteuid() != 0 || o.uid == 0 {
		return nil
	}
	return o
}

func (o *owner) give(f *os.File) error {
	if o == nil {
		return nil
	}
	return f.Chown(o.uid, o.gid)
}

func inheritDir(dir, parent string) error {
	o, err := ownerIn(parent)
	if err != nil || o == nil {
		return err
	}
	return os.Lchown(dir, o.uid, o.gid)
}

// isDead says whether there is no process with this id.
func isDead(pid int) bool { return pid > 0 && errors.Is(unix.Kill(pid, 0), unix.ESRCH) }

// placeByLink is place where the system has no rename that cannot replace.
func placeByLink(temp, path string) error {
	err := os.Link(temp, path)
	if err == nil {
		return os.Remove(temp)
	}
	if errors.Is(err, fs.ErrExist) {
		return err
	}
	// No hard links either: look first. Only another program could get in between, kyoli's own hold the lock.
	if _, err := os.Lstat(path); err == nil {
		return fs.ErrExist
	}
	return os.Rename(temp, path)
}

func noExchange(err error) error {
	for _, e := range []error{unix.ENOSYS, unix.EINVAL, unix.ENOTSUP, unix.EOPNOTSUPP} {
		if errors.Is(err, e) {
			return errNoExchange
		}
	}
	return err
}
