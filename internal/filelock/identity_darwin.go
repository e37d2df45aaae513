package filelock

import "golang.org/x/sys/unix"

// identify returns the identity of the directory at path.
func identify(path string) identity {
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		return identity{}
	}
	return identity{st.Ino, st.Btim.Nano()}
}
