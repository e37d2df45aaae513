package e2e_test

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// disk is a file system that keeps no more than it has to over a power cut: of a file what was there at its last fsync,
// of a directory the names of its last fsync, and of what came after any part that a real one might have got to.
type disk struct {
	root    *inode
	pending []naming // not yet on the disk, in the order in which they were made
	sums    map[*byte]string
}

// inode is a file or a directory.
type inode struct {
	names        map[string]*inode // as seen by programs; nil for a file
	kept         map[string]*inode // after a power cut
	data, synced []byte            // never changed, but replaced
	half         []byte            // torn, of these two
	offset       int               // of the program that opened it last
	appends      bool
}

// naming is a change of names that the file system makes as a whole: all of them after a power cut, or none.
type naming []struct {
	dir  *inode
	name string
	to   *inode // nil: removed
}

// newDisk has what is under dir, all of it kept.
func newDisk(t *testing.T, dir string) *disk {
	t.Helper()
	root, err := load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return &disk{root: root, sums: map[*byte]string{}}
}

func load(path string) (*inode, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		data, err := os.ReadFile(path)
		return &inode{data: data, synced: data}, err
	}
	n := newDir()
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if n.names[e.Name()], err = load(filepath.Join(path, e.Name())); err != nil {
			return nil, err
		}
	}
	n.kept = maps.Clone(n.names)
	return n, nil
}

func newDir() *inode { return &inode{names: map[string]*inode{}, kept: map[string]*inode{}} }

// find returns what is at a path relative to the root, and its directory.
func (d *disk) find(path string) (dir *inode, name string, n *inode) {
	n = d.root
	for part := range strings.SplitSeq(path, "/") {
		if part == "." {
			continue
		}
		if n == nil || n.names == nil {
			return nil, part, nil
		}
		dir, name, n = n, part, n.names[part]
	}
	return dir, name, n
}

// rename makes names, at once.
func (d *disk) rename(change naming) {
	for _, c := range change {
		if c.to == nil {
			delete(c.dir.names, c.name)
		} else {
			c.dir.names[c.name] = c.to
		}
	}
	d.pending = append(d.pending, change)
}

// syncNames keeps a directory's names, and those of others that were changed with them.
func (d *disk) syncNames(dir *inode) {
	d.pending = slices.DeleteFunc(d.pending, func(change naming) bool {
		if !change.in(dir) {
			return false
		}
		change.keep()
		return true
	})
}

func (c naming) in(dir *inode) bool {
	for _, one := range c {
		if one.dir == dir {
			return true
		}
	}
	return false
}

func (c naming) keep() {
	for _, one := range c {
		if one.to == nil {
			delete(one.dir.kept, one.name)
		} else {
			one.dir.kept[one.name] = one.to
		}
	}
}

// afterCut is one way in which the disk may come back.
type afterCut map[string][]byte // files' contents by path; a directory's ends with a slash

// cuts returns the ways in which the disk may come back: with the first of the changes of names that are pending, each
// with the files' contents of the last fsync, as they were last, and torn.
func (d *disk) cuts() []afterCut {
	var all []afterCut
	saved := map[*inode]map[string]*inode{}
	each(d.root, map[*inode]bool{}, func(n *inode) { saved[n] = maps.Clone(n.kept) })
	for i := range len(d.pending) + 1 {
		if i > 0 {
			for _, one := range d.pending[i-1] {
				if _, ok := saved[one.dir]; !ok {
					saved[one.dir] = maps.Clone(one.dir.kept)
				}
			}
			d.pending[i-1].keep()
		}
		for _, content := range []func(*inode) []byte{
			func(n *inode) []byte { return n.synced },
			func(n *inode) []byte { return n.data },
			torn,
		} {
			out := afterCut{}
			d.root.comesBack("", content, out)
			all = append(all, out)
		}
	}
	for n, kept := range saved {
		n.kept = kept
	}
	return all
}

func each(n *inode, seen map[*inode]bool, fn func(*inode)) {
	if n == nil || n.names == nil || seen[n] {
		return
	}
	seen[n] = true
	fn(n)
	for _, names := range []map[string]*inode{n.names, n.kept} {
		for _, c := range names {
			each(c, seen, fn)
		}
	}
}

// torn is the file with half of what was written since its last fsync, and already with its new length.
func torn(n *inode) []byte {
	if n.half != nil {
		return n.half
	}
	out := make([]byte, max(len(n.data), len(n.synced)))
	copy(out, n.synced)
	from, to := len(out), 0
	for i, b := range n.data {
		if b != out[i] {
			from, to = min(from, i), i+1
		}
	}
	if half := from + (to-from)/2; half > from {
		copy(out[from:], n.data[from:half])
	}
	n.half = out
	return out
}

func (n *inode) comesBack(path string, content func(*inode) []byte, out afterCut) {
	for name, c := range n.kept {
		if c.names == nil {
			out[path+name] = content(c)
			continue
		}
		out[path+name+"/"] = nil
		c.comesBack(path+name+"/", content, out)
	}
}

// put makes the files as they come back, as old as they are after a restart.
func (a afterCut) put(t *testing.T, dir string) {
	t.Helper()
	old := time.Now().Add(-48 * time.Hour)
	names := slices.Sorted(maps.Keys(a))
	for _, name := range names {
		path := filepath.Join(dir, name)
		var err error
		if strings.HasSuffix(name, "/") {
			err = os.MkdirAll(path, 0o700)
		} else {
			err = os.WriteFile(path, a[name], 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range slices.Backward(names) {
		if err := os.Chtimes(filepath.Join(dir, name), old, old); err != nil {
			t.Fatal(err)
		}
	}
}

// key is the same for the same content.
func (d *disk) key(a afterCut) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(a)) {
		fmt.Fprintf(&b, "%q %x\n", name, d.sum(a[name]))
	}
	return b.String()
}

// sum is the content's hash. The journal sets a megabyte aside, which is looked at often.
func (d *disk) sum(content []byte) string {
	if len(content) == 0 {
		return ""
	}
	sum, known := d.sums[&content[0]]
	if !known {
		b := sha256.Sum256(content)
		sum = string(b[:])
		d.sums[&content[0]] = sum
	}
	return sum
}
