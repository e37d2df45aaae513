package filelock

import "golang.org/x/sys/unix"

// identify returns the identity of the directory at path.
func identify(path string) identity {
	var st unix.Statx_t
	err := unix.Statx(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW, unix.STATX_INO|unix.STATX_BTIME, &st)
	if err != nil || st.Mask&unix.STATX_BTIME == 0 {
		return identity{}
	}
	return identity{st.Ino, st.Btime.Sec*1e9 + int64(st.Btime.Nsec)}
}
