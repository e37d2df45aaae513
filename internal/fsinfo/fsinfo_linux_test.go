package fsinfo

import "testing"

func TestByMagic(t *testing.T) {
	for magic, want := range map[uint32]FileSystem{
		0x6969: {"nfs", true}, 0xff534d42: {"cifs", true}, 0x01021997: {"9p", true},
		0xef53: {}, 0x9123683e: {}, 0x01021994: {}, 0x65735546: {}, // ext4, btrfs, tmpfs, FUSE
	} {
		if got := byMagic(magic); got != want {
			t.Errorf("%#x is %+v, want %+v", magic, got, want)
		}
	}
}
