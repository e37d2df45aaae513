package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"filippo.io/age"

	"github.com/kyoli-gam/kyoli/internal/atomicfile"
	"github.com/kyoli-gam/kyoli/internal/env"
	"github.com/kyoli-gam/kyoli/internal/filelock"
	"github.com/kyoli-gam/kyoli/internal/oskeyring"
	"github.com/kyoli-gam/kyoli/internal/seal"
)

// keyringTimeout leaves a person the time to type the keyring's password.
const keyringTimeout = 30 * time.Second

// keyringPatience is after which a person is told what is being waited for.
const keyringPatience = time.Second

func keyringItem() oskeyring.Item {
	return oskeyring.Item{Service: "kyoli", User: "age identity", Timeout: keyringTimeout}
}

var errNoKeyring = errors.New("there is none: no session bus, as on a server or in a container")

// keyringIdentities reads the identity that is in the system's keyring.
func (f *Factory) keyringIdentities() ([]age.Identity, error) {
	text, err := f.keyringText()
	if err != nil {
		return nil, f.keyringError(err)
	}
	ids, err := seal.ParseIdentities([]byte(text))
	if err != nil {
		return nil, f.keyringError(err)
	}
	return ids, nil
}

func (f *Factory) keyringText() (string, error) {
	if !f.hasKeyring() {
		return "", errNoKeyring
	}
	waiting := time.AfterFunc(keyringPatience, func() { f.noteWait("waiting for the system's keyring; it may ask for a password in a window") })
	defer waiting.Stop()
	return keyringItem().Get()
}

// keyringError says what helps against err.
func (f *Factory) keyringError(err error) error {
	e := &seal.KeyError{Scheme: seal.Keyring, Where: "the system's keyring", Err: err}
	switch {
	case errors.Is(err, oskeyring.ErrNotFound):
		e.Err = fmt.Errorf("%w; bring the keyring's entry kyoli back from a backup, or have one made where nothing is sealed with it yet", err)
		e.Way = "kyoli config set " + keyEncryption + " keyring"
	case errors.Is(err, errNoKeyring):
		e.Way = "kyoli config set " + keyEncryption + " age"
	default:
		e.Err = fmt.Errorf("%w; unlock it and try again", err)
		e.Way = f.again()
	}
	return e
}

// hasKeyring looks for the bus on which a Linux keyring answers: the library
// beneath would start one of its own, in which nothing is.
func (f *Factory) hasKeyring() bool {
	if runtime.GOOS == "darwin" || runtime.GOOS == "windows" || f.Env.Get(env.SessionBus) != "" {
		return true
	}
	info, err := os.Stat(filepath.Join(f.Env.Get(env.XDGRuntimeDir), "bus"))
	return err == nil && f.Env.Get(env.XDGRuntimeDir) != "" && info.Mode()&os.ModeSocket != 0
}

// makeKeyringIdentity puts an identity into the keyring where there is none, and
// never replaces one: two that do so at the same time agree on the first.
func (f *Factory) makeKeyringIdentity(ctx context.Context) error {
	if err := atomicfile.MkdirPrivate(f.stateDir()); err != nil {
		return fileError(err)
	}
	lock, err := filelock.Acquire(ctx, filepath.Join(f.stateDir(), "keyring"), filelock.Options{Timeout: f.opts.LockTimeout})
	if err != nil {
		return err
	}
	defer func() { _ = lock.Release() }()
	switch _, err := f.keyringText(); {
	case err == nil:
		return nil
	case !errors.Is(err, oskeyring.ErrNotFound):
		return f.keyringError(err)
	}
	line, recipient, err := seal.NewIdentity()
	if err != nil {
		return err
	}
	if err := keyringItem().Set(line); err != nil {
		return f.keyringError(err)
	}
	f.warn("made a key (%s) and put it into the system's keyring, as kyoli: back the keyring up; without it every account has to log in again", recipient)
	return nil
}
