package migrate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/kyoli-gam/kyoli/internal/atomicfile"
	"github.com/kyoli-gam/kyoli/internal/filelock"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// Place is one auth.json, and where kyoli keeps what it knows of it.
type Place struct {
	// AuthPath is auth.json, normally [OpenCodeAuthPath]. It may be a symlink,
	// and may be missing, its directory too.
	AuthPath string
	// StateDir is kyoli's directory for state ($XDG_STATE_HOME/kyoli), made
	// 0700 when there is something to remember.
	StateDir string
	// LockTimeout bounds the wait for other processes of kyoli that change the
	// same auth.json; zero is filelock's default.
	LockTimeout time.Duration
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Sealing is how tokens in the vault are kept from those who can read it.
	Sealing store.Sealing

	patience time.Duration // zero is settleLimit; shorter in tests
}

func (p Place) now() time.Time {
	if p.Now == nil {
		return time.Now()
	}
	return p.Now()
}

// target is auth.json's own path, without symlinks. Neither the file nor its
// directories need exist.
func (p Place) target() (string, error) {
	path, err := atomicfile.Resolve(p.AuthPath)
	if err != nil {
		return "", err
	}
	dir, rest := filepath.Split(path)
	for {
		found, err := filepath.EvalSymlinks(dir)
		if err == nil {
			return filepath.Join(found, rest), nil
		}
		parent := filepath.Dir(filepath.Clean(dir))
		if !errors.Is(err, fs.ErrNotExist) || parent == dir {
			return "", err
		}
		rest = filepath.Join(filepath.Base(dir), rest)
		dir = parent
	}
}

// id names the file in StateDir: the hash of its own path.
func id(target string) string {
	sum := sha256.Sum256([]byte(target))
	return hex.EncodeToString(sum[:12])
}

func (p Place) ledgerPath(target string) string {
	return filepath.Join(p.StateDir, "auth-json", id(target)+".json")
}

// vaultDir exists only while there is a vault in it.
func vaultDir(stateDir string) string { return filepath.Join(stateDir, "vault") }

func (p Place) vaultPath(target string) string {
	return filepath.Join(vaultDir(p.StateDir), id(target)+".json")
}

// under runs fn while no other process of kyoli changes this auth.json. The
// lock comes after the refresh lease and the claims, and before the account
// file. There must be no network call in fn.
func (p Place) under(ctx context.Context, fn func(*session) error) error {
	target, err := p.target()
	if err != nil {
		return err
	}
	if err := makeParent(p.ledgerPath(target)); err != nil {
		return err
	}
	lock, err := filelock.Acquire(ctx, p.ledgerPath(target), filelock.Options{Timeout: p.LockTimeout})
	if err != nil {
		return err
	}
	s := &session{place: p, target: target}
	err = s.load()
	if err == nil {
		err = fn(s)
	}
	if unlock := lock.Release(); err == nil {
		err = unlock
	}
	return err
}
