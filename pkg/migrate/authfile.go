package migrate

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/kyoli-gam/kyoli/internal/rawjson"
	"github.com/kyoli-gam/kyoli/internal/regular"
)

// maxAuthSize is the largest auth.json that is read, in bytes. OpenCode's own
// has a few kilobytes.
const maxAuthSize = 16 << 20

// AuthFile is the content of an auth.json at one moment.
type AuthFile struct {
	// Path is the file as it was named.
	Path string
	// Exists is false for a missing file, which has no entries.
	Exists bool

	data    []byte
	entries []Entry
}

// ReadAuth reads auth.json once, as it is. A missing file is an empty one; a
// damaged one is an *[AuthDamagedError].
func ReadAuth(path string) (*AuthFile, error) {
	data, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &AuthFile{Path: path}, nil
	}
	if err != nil {
		return nil, err
	}
	return parseAuth(path, data)
}

// parseAuth reads data, the content of the file path.
func parseAuth(path string, data []byte) (*AuthFile, error) {
	f := &AuthFile{Path: path, Exists: true, data: data}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, &AuthDamagedError{Path: path, Reason: "it is empty"}
	}
	obj, err := rawjson.ParseObject(data)
	if err != nil {
		return nil, damaged(path, err)
	}
	for _, key := range obj.Names() {
		raw, _ := obj.Get(key)
		f.entries = append(f.entries, parseEntry(key, raw))
	}
	return f, nil
}

func damaged(path string, err error) error {
	var syntax *rawjson.SyntaxError
	if errors.As(err, &syntax) {
		return &AuthDamagedError{Path: path, Offset: syntax.Offset, Reason: syntax.Reason}
	}
	return &AuthDamagedError{Path: path, Reason: err.Error()}
}

// Entries are all entries, in the order of the file.
func (f *AuthFile) Entries() []Entry { return f.entries }

// Entry is the entry of that key.
func (f *AuthFile) Entry(key string) (Entry, bool) {
	for _, e := range f.entries {
		if e.Key == key {
			return e, true
		}
	}
	return Entry{Key: key}, false
}

// Raw is the content, byte for byte; nil for a missing file.
func (f *AuthFile) Raw() []byte { return f.data }

// readFile reads a whole file of at most maxAuthSize bytes.
func readFile(path string) ([]byte, error) {
	f, err := regular.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readOpen(f)
}

// readOpen reads an open file from its start.
func readOpen(f *os.File) ([]byte, error) {
	data, err := io.ReadAll(io.NewSectionReader(f, 0, maxAuthSize+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxAuthSize {
		return nil, &AuthDamagedError{Path: f.Name(), Offset: maxAuthSize, Reason: "it is larger than 16 MiB"}
	}
	return data, nil
}
