package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"runtime"
	"time"

	"github.com/kyoli-gam/kyoli/internal/atomicfile"
)

const (
	// maxSize bounds what is read: an account takes about 4 KiB at most.
	maxSize = 64 << 20
	// settling is how long a content that cannot be read may take to become whole: another program may be in the
	// middle of writing it in place.
	settling = 50 * time.Millisecond
)

// Peek reads the accounts without lock, replay or any write.
func (f *File) Peek(_ context.Context) (*Accounts, error) {
	path, err := f.resolve()
	if err != nil {
		return nil, err
	}
	d, err := f.peek(path)
	if err != nil {
		return nil, err
	}
	return d.accounts(f.path), nil
}

// List is Load for who needs no token: those that are sealed stay so, and no key is asked for.
func (f *File) List(ctx context.Context) (*Accounts, error) {
	f.replay(ctx)
	return f.loadWith(ctx, f.readSealed)
}

// Load replays the journal where there is something to replay, and reads the accounts. A missing file is an empty
// list. Permissions that let others read the file are taken away. The error is *DamagedError, *VersionError,
// *ReadError, or *seal.KeyError where tokens are sealed and their key is not to be had.
func (f *File) Load(ctx context.Context) (*Accounts, error) {
	f.replay(ctx)
	return f.load(ctx)
}

// load is Load without replay.
func (f *File) load(ctx context.Context) (*Accounts, error) { return f.loadWith(ctx, f.read) }

func (f *File) loadWith(ctx context.Context, read func(path string) (*document, error)) (*Accounts, error) {
	path, err := f.resolve()
	if err != nil {
		return nil, err
	}
	d, err := read(path)
	var damaged *DamagedError
	if errors.As(err, &damaged) {
		f.settle(ctx)
		d, err = read(path)
	}
	if err != nil {
		return nil, f.keepDamaged(path, err)
	}
	return f.present(d), nil
}

// present tells the notes on a content and returns its accounts.
func (f *File) present(d *document) *Accounts {
	a := f.accountsOf(d)
	for _, n := range a.Notes {
		f.note(n)
	}
	return a
}

// accountsOf returns a content's accounts, to be changed and written.
func (f *File) accountsOf(d *document) *Accounts {
	a := d.accounts(f.path)
	a.sealing = f.o.Sealing
	return a
}

func (f *File) resolve() (string, error) {
	path, err := atomicfile.Resolve(f.path)
	if err != nil {
		return "", &ReadError{Path: f.path, Err: err}
	}
	return path, nil
}

// read returns the content at path, its tokens opened, nil for a missing file, and tightens the permissions.
func (f *File) read(path string) (*document, error) {
	d, err := f.readSealed(path)
	if err != nil || d == nil {
		return nil, err
	}
	return f.open(d)
}

// readSealed is read without a key.
func (f *File) readSealed(path string) (*document, error) {
	return f.readWith(path, f.tighten)
}

// open opens the tokens of a content that was read.
func (f *File) open(d *document) (*document, error) {
	f.mu.Lock()
	before := f.opened
	f.mu.Unlock()
	if before != nil && before.base == d {
		return before, nil
	}
	o, err := d.opened(f.o.Sealing, before)
	if err != nil {
		return nil, err
	}
	f.cache(o)
	return o, nil
}

// peek is read without any write.
func (f *File) peek(path string) (*document, error) {
	return f.readWith(path, func(*os.File, fs.FileInfo) {})
}

func (f *File) readWith(path string, opened func(*os.File, fs.FileInfo)) (*document, error) {
	raw, err := f.content(path, opened)
	if err != nil || raw == nil {
		return nil, err
	}
	f.mu.Lock()
	cached := f.cached
	f.mu.Unlock()
	if cached != nil && bytes.Equal(cached.raw, raw) {
		return cached, nil
	}
	d, p := parse(raw)
	switch {
	case p != nil && d.later != "":
		return nil, &VersionError{Path: f.path, Version: d.later}
	case p != nil:
		return nil, &DamagedError{Path: f.path, Offset: int64(p.offset), Pointer: p.pointer, Reason: p.text, content: raw}
	}
	f.cache(d)
	return d, nil
}

func (f *File) cache(d *document) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cached = d
	if d.base != nil {
		f.cached, f.opened = d.base, d
	}
}

// content returns the bytes at path, nil for a missing file.
func (f *File) content(path string, opened func(*os.File, fs.FileInfo)) ([]byte, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|openFlags, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, &ReadError{Path: f.path, Err: err}
	}
	defer file.Close()
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("not a regular file")
	}
	if err != nil {
		return nil, &ReadError{Path: f.path, Err: err}
	}
	opened(file, info)
	buf := bytes.NewBuffer(make([]byte, 0, min(info.Size(), maxSize)+bytes.MinRead))
	if _, err := buf.ReadFrom(io.LimitReader(file, maxSize+1)); err != nil {
		return nil, &ReadError{Path: f.path, Err: err}
	}
	if buf.Len() > maxSize {
		return nil, &DamagedError{Path: f.path, Offset: maxSize, Reason: "the file is larger than 64 MiB"}
	}
	return buf.Bytes(), nil
}

// tighten takes everybody else's permissions away.
func (f *File) tighten(file *os.File, info fs.FileInfo) {
	perm := info.Mode().Perm()
	if perm&0o077 == 0 || runtime.GOOS == "windows" {
		return
	}
	text := f.path + " could be read or written by other users; its permissions are 0600 now"
	if err := file.Chmod(0o600); err != nil {
		text = f.path + " can be read or written by other users, and that cannot be changed: " + bare(err).Error()
	}
	f.note(Note{Kind: NotePermissions, Path: f.path, Text: text})
}

// settle gives another program time to finish.
func settle(ctx context.Context) {
	t := time.NewTimer(settling)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// keepDamaged keeps a copy of a damaged content beside the file, one for each content, and names it in the error.
func (f *File) keepDamaged(path string, err error) error {
	var damaged *DamagedError
	if !errors.As(err, &damaged) {
		return err
	}
	if f.lastGood(path) != nil {
		damaged.LastGood = lastGoodPath(path)
	}
	if damaged.content == nil {
		return err
	}
	sum := sha256.Sum256(damaged.content)
	backup := path + damagedSuffix + hex.EncodeToString(sum[:8])
	saved := atomicfile.Write(backup, damaged.content, atomicfile.Options{NoReplace: true})
	if saved == nil || errors.Is(saved, fs.ErrExist) {
		damaged.Backup = backup
	}
	damaged.content = nil
	return err
}
