package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"filippo.io/age"

	"github.com/kyoli-gam/kyoli/internal/atomicfile"
	"github.com/kyoli-gam/kyoli/internal/regular"
	"github.com/kyoli-gam/kyoli/internal/seal"
)

// maxIdentity bounds what is read of an identity file, in bytes.
const maxIdentity = 64 << 10

// ageIdentities reads the identity file.
func (k *keys) ageIdentities() ([]age.Identity, error) {
	path := k.identityPath()
	ids, err := readIdentities(path)
	if err != nil {
		e := &seal.KeyError{Scheme: seal.Age, Where: "the age identity " + path, Err: bare(err), Way: "kyoli config set " + keyAgeIdentity + " FILE"}
		switch {
		case errors.Is(err, errOpenToOthers):
			e.Way = "chmod 600 " + quoteWord(path)
		case errors.Is(err, fs.ErrNotExist):
			e.Err = fmt.Errorf("%w; put the file back, or say where it is", e.Err)
		}
		return nil, e
	}
	return ids, nil
}

var errOpenToOthers = errors.New("other users can read it")

func readIdentities(path string) ([]age.Identity, error) {
	file, err := regular.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, err
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		return nil, errOpenToOthers
	}
	text, err := regular.ReadFrom(file, maxIdentity)
	if err != nil {
		return nil, err
	}
	return seal.ParseIdentities(text)
}

// makeIdentity makes the identity file where there is none, and never replaces
// one.
func (f *Factory) makeIdentity(path string) error {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil // whoever reads it says what is wrong with it
	}
	line, recipient, err := seal.NewIdentity()
	if err != nil {
		return err
	}
	if err := atomicfile.MkdirPrivate(filepath.Dir(path)); err != nil {
		return fileError(err)
	}
	text := fmt.Sprintf("# kyoli's age identity, made %s. Whoever has it can open the sealed tokens;\n# without it nobody can.\n# public key: %s\n%s\n",
		f.now().UTC().Format("2006-01-02"), recipient, line)
	err = atomicfile.Write(path, []byte(text), atomicfile.Options{Perm: 0o600, NoReplace: true})
	if errors.Is(err, fs.ErrExist) {
		return nil // another process was faster: its identity is the one
	}
	if err != nil {
		return fileError(err)
	}
	f.warn("made the age identity %s. Make a copy of it and keep it in another place: without it every account has to log in again", path)
	return nil
}

// warn tells what must not be missed, even under --quiet.
func (f *Factory) warn(format string, args ...any) { f.say("warning: " + fmt.Sprintf(format, args...)) }
