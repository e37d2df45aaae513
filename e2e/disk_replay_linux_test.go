package e2e_test

import (
	"fmt"
	"path/filepath"
	"strings"
)

// replay does to the disk what a system call did under dir. It knows all that kyoli uses; another is an error.
func (d *disk) replay(dir string, c syscallLine) error {
	rel := func(path string) (string, bool) {
		r, err := filepath.Rel(dir, path)
		return r, err == nil && r != ".." && !strings.HasPrefix(r, "../")
	}
	switch c.name {
	case "openat":
		path, ours := rel(c.at(0))
		if !ours || !strings.Contains(c.args[2], "O_") {
			return nil
		}
		return d.open(path, c.args[2])
	case "mkdirat":
		if path, ours := rel(c.at(0)); ours {
			parent, name, _ := d.find(path)
			d.rename(naming{{parent, name, newDir()}})
		}
	case "unlinkat":
		if path, ours := rel(c.at(0)); ours {
			parent, name, _ := d.find(path)
			d.rename(naming{{parent, name, nil}})
		}
	case "renameat", "renameat2":
		from, ours := rel(c.at(0))
		to, too := rel(c.at(2))
		if ours && too {
			return d.move(from, to, len(c.args) > 4 && strings.Contains(c.args[4], "RENAME_EXCHANGE"))
		}
	case "write", "pwrite64", "ftruncate", "fallocate", "fsync", "fdatasync":
		if path, ours := rel(c.fd(0)); ours && !strings.HasSuffix(c.fd(0), "(deleted)") {
			return d.change(path, c)
		}
	default:
		return fmt.Errorf("%s is not replayed", c.name)
	}
	return nil
}

func (d *disk) open(path, flags string) error {
	parent, name, n := d.find(path)
	switch {
	case n == nil && strings.Contains(flags, "O_CREAT"):
		if parent == nil {
			return fmt.Errorf("%s has no directory", path)
		}
		d.rename(naming{{parent, name, &inode{appends: strings.Contains(flags, "O_APPEND")}}})
	case n != nil:
		n.offset, n.appends = 0, strings.Contains(flags, "O_APPEND")
		if strings.Contains(flags, "O_TRUNC") {
			n.data, n.half = nil, nil
		}
	}
	return nil
}

func (d *disk) move(from, to string, exchange bool) error {
	fromDir, fromName, n := d.find(from)
	toDir, toName, there := d.find(to)
	if n == nil || toDir == nil || exchange && there == nil {
		return fmt.Errorf("cannot move %s to %s", from, to)
	}
	change := naming{{toDir, toName, n}, {fromDir, fromName, nil}}
	if exchange {
		change[1].to = there
	}
	d.rename(change)
	return nil
}

func (d *disk) change(path string, c syscallLine) error {
	_, _, n := d.find(path)
	if n == nil {
		return fmt.Errorf("%s of %s, which is not there", c.name, path)
	}
	switch c.name {
	case "write":
		if n.appends {
			n.offset = len(n.data)
		}
		n.write(n.offset, c.args[1])
		n.offset += len(c.args[1])
	case "pwrite64":
		n.write(c.number(3), c.args[1])
	case "ftruncate":
		n.resize(c.number(1))
	case "fallocate":
		if end := c.number(2) + c.number(3); end > len(n.data) {
			n.resize(end)
		}
	default:
		if n.names != nil {
			d.syncNames(n)
		} else {
			n.synced, n.half = n.data, nil
		}
	}
	return nil
}

func (n *inode) resize(size int) {
	data := make([]byte, size)
	copy(data, n.data)
	n.data, n.half = data, nil
}

func (n *inode) write(offset int, s string) {
	n.resize(max(len(n.data), offset+len(s)))
	copy(n.data[offset:], s)
}
