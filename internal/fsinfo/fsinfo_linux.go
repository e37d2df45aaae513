package fsinfo

import (
	"io/fs"

	"golang.org/x/sys/unix"
)

// networks are the magic numbers of statfs(2) that stand for file systems of other machines. FUSE may be anything
// (sshfs, but an encrypted home, too), and is not counted.
var networks = map[uint32]string{
	unix.NFS_SUPER_MAGIC:   "nfs",
	unix.SMB_SUPER_MAGIC:   "smb",
	unix.SMB2_SUPER_MAGIC:  "smb2",
	unix.CIFS_SUPER_MAGIC:  "cifs",
	unix.AFS_SUPER_MAGIC:   "afs",
	unix.AFS_FS_MAGIC:      "afs",
	unix.CODA_SUPER_MAGIC:  "coda",
	unix.NCP_SUPER_MAGIC:   "ncp",
	unix.CEPH_SUPER_MAGIC:  "ceph",
	unix.V9FS_MAGIC:        "9p",
	unix.OCFS2_SUPER_MAGIC: "ocfs2",
	0x47504653:             "gpfs",
	0x0bd00bd0:             "lustre",
	0x01161970:             "gfs2",
}

func fileSystem(path string) (FileSystem, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return FileSystem{}, &fs.PathError{Op: "statfs", Path: path, Err: err}
	}
	return byMagic(uint32(st.Type)), nil //nolint:gosec // magic numbers have 32 bits; the field's type differs by architecture
}

func byMagic(magic uint32) FileSystem {
	name, network := networks[magic]
	return FileSystem{Name: name, Network: network}
}
