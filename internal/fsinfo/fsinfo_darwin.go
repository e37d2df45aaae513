package fsinfo

import (
	"io/fs"

	"golang.org/x/sys/unix"
)

func fileSystem(path string) (FileSystem, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return FileSystem{}, &fs.PathError{Op: "statfs", Path: path, Err: err}
	}
	return FileSystem{Name: unix.ByteSliceToString(st.Fstypename[:]), Network: st.Flags&unix.MNT_LOCAL == 0}, nil
}
