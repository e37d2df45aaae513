package store

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kyoli-gam/kyoli/internal/filelock"
)

// Locks are the lock of the account file, and those of the refresh leases that were ever taken. Nothing is made.
func (f *File) Locks() ([]filelock.Place, error) {
	path, err := f.resolve()
	if err != nil {
		return nil, err
	}
	places := []filelock.Place{{Path: f.path, Options: f.lockOptions(path)}}
	for _, owner := range leaseOwners(f.path, path) {
		o := f.leaseOptions(path, owner)
		o.Timeout = f.o.LockTimeout
		places = append(places, filelock.Place{Path: f.leasePath(owner), Options: o})
	}
	return places, nil
}

// leaseOwners finds the owners whose leases left files beside the account file, as it was named and as it really is.
func leaseOwners(paths ...string) []string {
	var owners []string
	for _, path := range paths {
		entries, err := os.ReadDir(filepath.Dir(path))
		if err != nil {
			continue
		}
		for _, e := range entries {
			rest, ok := strings.CutPrefix(e.Name(), filepath.Base(path)+".refresh-")
			owner, _, _ := strings.Cut(rest, ".")
			if ok && isHex(owner, ownerDigits) {
				owners = append(owners, owner)
			}
		}
	}
	slices.Sort(owners)
	return slices.Compact(owners)
}
