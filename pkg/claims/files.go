package claims

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/kyoli-gam/kyoli/internal/atomicfile"
	"github.com/kyoli-gam/kyoli/internal/regular"
)

// maxFile is more than ten thousand claims and all bindings take.
const maxFile = 16 << 20

// content is what was read of a file.
type content struct {
	path string
	// target is where path leads: links stay where they are.
	target string
	bytes  []byte
	// damage is why it cannot be used; it is set aside before it is written over.
	damage *damagedError
}

// read reads a file; a missing one is empty. So is one of zero bytes only, as a power cut leaves it
// behind where nothing is fsynced: there is nothing in it to keep.
func read(path string) (content, error) {
	c := content{path: path}
	var err error
	if c.target, err = atomicfile.Resolve(path); err != nil {
		return c, err
	}
	f, err := regular.Open(c.target)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return c, err
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return c, err
	}
	if len(bytes.Trim(b, "\x00 \t\r\n")) == 0 {
		return c, nil
	}
	c.bytes = b
	if len(b) > maxFile {
		c.damage = &damagedError{path: path, reason: fmt.Sprintf("larger than %d MiB", maxFile>>20)}
	}
	return c, nil
}

// aside moves a damaged file out of the way, one for each distinct content.
func (c content) aside() (Note, error) {
	sum := sha256.Sum256(c.bytes)
	to := c.target + ".damaged-" + hex.EncodeToString(sum[:4])
	if err := os.Rename(c.target, to); err != nil {
		return Note{}, err
	}
	if err := os.Chmod(to, 0o600); err != nil {
		return Note{}, err
	}
	return Note{File: c.path, Text: fmt.Sprintf("%v; begun anew, the old one is kept as %s", c.damage, to)}, nil
}
