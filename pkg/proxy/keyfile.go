package proxy

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/kyoli-gam/kyoli/internal/atomicfile"
	"github.com/kyoli-gam/kyoli/internal/filelock"
	"github.com/kyoli-gam/kyoli/internal/regular"
)

// maxKeyFile is more than anybody's keys take, in bytes.
const maxKeyFile = 1 << 20

// KeyFile keeps the keys of a proxy that outlives a run: the hashes of secrets, with names. It is safe
// for concurrent use, by several processes too.
type KeyFile struct {
	// Path is the file; it need not exist. It is 0600.
	Path string
	// LockTimeout bounds the wait for another process that changes the file; 0 = 30 s.
	LockTimeout time.Duration
	// Every is how often Keys looks at the file at most; 0 = each time.
	Every time.Duration
	// Now is the clock, nil = time.Now.
	Now func() time.Time

	mu     sync.Mutex
	looked time.Time
	seen   fs.FileInfo
	keys   []Key
}

// StoredKey is what is known of a key in a [KeyFile].
type StoredKey struct {
	// Name is what it is called.
	Name string
	// Created is when it was made.
	Created time.Time
}

// NameTakenError says that there is a key of this name.
type NameTakenError struct{ Name string }

// Error implements error.
func (e *NameTakenError) Error() string {
	return fmt.Sprintf("there is a token named %q already", e.Name)
}

// Hint is a command that helps.
func (e *NameTakenError) Hint() string { return "kyoli proxy token list" }

// NoKeyError says that there is no key of this name.
type NoKeyError struct{ Name string }

// Error implements error.
func (e *NoKeyError) Error() string { return fmt.Sprintf("there is no token named %q", e.Name) }

// Hint is a command that helps.
func (e *NoKeyError) Hint() string { return "kyoli proxy token list" }

// BadNameError says that a name cannot be one.
type BadNameError struct{ Name string }

// Error implements error.
func (e *BadNameError) Error() string {
	return fmt.Sprintf("%q cannot be a name: want 1 to 64 printable characters", e.Name)
}

// KeyFileError says that the file of the keys cannot be read.
type KeyFileError struct {
	// Path is the file.
	Path string
	// Reason is what is wrong with it.
	Reason string
}

// Error implements error.
func (e *KeyFileError) Error() string { return e.Path + ": " + e.Reason }

// document is the file.
type document struct {
	Version int           `json:"version"`
	Tokens  []storedToken `json:"tokens"`
}

type storedToken struct {
	Name    string    `json:"name"`
	SHA256  string    `json:"sha256"`
	Created time.Time `json:"created"`
}

// Add makes a key and returns its secret, which is kept nowhere. Errors: *[BadNameError],
// *[NameTakenError], *[KeyFileError], and those of lock and file.
func (f *KeyFile) Add(ctx context.Context, name string) (Secret, error) {
	if n := utf8.RuneCountInString(name); n < 1 || n > 64 || !utf8.ValidString(name) || slices.ContainsFunc([]rune(name), func(r rune) bool { return !unicode.IsPrint(r) }) {
		return "", &BadNameError{Name: name}
	}
	secret := NewSecret()
	hash := secret.Hash()
	return secret, f.change(ctx, func(d *document) error {
		if d.find(name) >= 0 {
			return &NameTakenError{Name: name}
		}
		d.Tokens = append(d.Tokens, storedToken{Name: name, SHA256: hex.EncodeToString(hash[:]), Created: f.now().UTC().Truncate(time.Second)})
		return nil
	})
}

// Remove ends a key: proxies that run refuse it as soon as they look. The error is *[NoKeyError],
// or one of those of [KeyFile.Add].
func (f *KeyFile) Remove(ctx context.Context, name string) error {
	return f.change(ctx, func(d *document) error {
		i := d.find(name)
		if i < 0 {
			return &NoKeyError{Name: name}
		}
		d.Tokens = slices.Delete(d.Tokens, i, i+1)
		return nil
	})
}

// List returns all keys, in the order in which they were made.
func (f *KeyFile) List() ([]StoredKey, error) {
	d, _, err := f.read()
	if err != nil {
		return nil, err
	}
	list := make([]StoredKey, 0, len(d.Tokens))
	for _, t := range d.Tokens {
		list = append(list, StoredKey{Name: t.Name, Created: t.Created})
	}
	return list, nil
}

// Keys returns the keys that let in now, or did within Every. It costs a look at the file's date where nothing has changed.
func (f *KeyFile) Keys() ([]Key, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	if f.Every > 0 && f.seen != nil && now.Sub(f.looked).Abs() < f.Every {
		return f.keys, nil
	}
	f.looked = now
	info, err := os.Stat(f.Path)
	if err == nil && f.seen != nil && os.SameFile(info, f.seen) && info.ModTime().Equal(f.seen.ModTime()) && info.Size() == f.seen.Size() {
		return f.keys, nil
	}
	d, info, err := f.read()
	if err != nil {
		f.seen, f.keys = nil, nil
		return nil, err
	}
	keys := make([]Key, 0, len(d.Tokens))
	for _, t := range d.Tokens {
		k := Key{Name: t.Name}
		if n, err := hex.Decode(k.Hash[:], []byte(t.SHA256)); err != nil || n != len(k.Hash) {
			return nil, &KeyFileError{Path: f.Path, Reason: "a hash is no SHA-256 in hexadecimal"}
		}
		keys = append(keys, k)
	}
	f.seen, f.keys = info, keys
	return keys, nil
}

func (f *KeyFile) now() time.Time {
	if f.Now == nil {
		return time.Now()
	}
	return f.Now()
}

func (d *document) find(name string) int {
	return slices.IndexFunc(d.Tokens, func(t storedToken) bool { return t.Name == name })
}

// change changes the file under its lock.
func (f *KeyFile) change(ctx context.Context, fn func(*document) error) (err error) {
	if err := atomicfile.MkdirPrivate(filepath.Dir(f.Path)); err != nil {
		return err
	}
	lock, err := filelock.Acquire(ctx, f.Path, filelock.Options{Timeout: f.LockTimeout})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	d, _, err := f.read()
	if err != nil {
		return err
	}
	if err := fn(d); err != nil {
		return err
	}
	b, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return err
	}
	if err := atomicfile.Write(f.Path, append(b, '\n'), atomicfile.Options{}); err != nil {
		return err
	}
	_ = atomicfile.Sweep(f.Path) // what one that was killed in the midst of it left behind
	return nil
}

// read reads the file; a missing one has no keys.
func (f *KeyFile) read() (*document, fs.FileInfo, error) {
	d := &document{Version: 1, Tokens: []storedToken{}}
	file, err := regular.Open(f.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return d, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return nil, nil, err
	}
	if info.Size() > maxKeyFile {
		return nil, nil, &KeyFileError{Path: f.Path, Reason: "it is larger than 1 MiB"}
	}
	if err := json.NewDecoder(io.LimitReader(file, maxKeyFile)).Decode(d); err != nil {
		return nil, nil, &KeyFileError{Path: f.Path, Reason: "it is not the JSON that kyoli wrote"}
	}
	if d.Version != 1 {
		return nil, nil, &KeyFileError{Path: f.Path, Reason: fmt.Sprintf("it has version %d, and this kyoli knows 1", d.Version)}
	}
	return d, info, nil
}
