package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

// checkTarget looks at where the export goes before anything is read or asked.
// What is there after that is found when the file is written.
func (f *Factory) checkTarget(o *exportOptions) error {
	if o.toStdout() {
		return nil
	}
	info, err := os.Stat(o.To)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return &store.WriteError{Path: o.To, Err: err}
	case !info.Mode().IsRegular():
		return usageErrorf("kyoli export --to accounts.age", "%s is not a file: --to writes files only", o.To)
	}
	own, err := f.ownFiles()
	if err != nil {
		return err
	}
	for _, path := range own {
		if mine, err := os.Stat(path); err == nil && os.SameFile(info, mine) {
			return usageErrorf("kyoli export --to accounts.age",
				"%s is in use by kyoli or OpenCode, and an export would replace what is in it", o.To)
		}
	}
	switch {
	case !o.Force:
		return o.exists()
	case o.Plaintext && othersMayRead(info):
		return usageErrorf("chmod 600 "+shellQuote(o.To), "%s is open to other users (mode %04o): tokens are not written there", o.To, info.Mode().Perm())
	}
	return nil
}

func othersMayRead(info fs.FileInfo) bool {
	return runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0
}

// ownFiles are files that an export must not replace, even by force: other
// accounts would be lost.
func (f *Factory) ownFiles() ([]string, error) {
	r, err := f.Registry()
	if err != nil {
		return nil, err
	}
	c, err := f.Config()
	if err != nil {
		return nil, err
	}
	file, err := f.ownPools()
	if err != nil {
		return nil, err
	}
	files := []string{c.File, file.Path()}
	for _, a := range r.All() {
		files = append(files, filepath.Join(c.Dir, a.AccountsFile))
	}
	if place, err := f.authPlace(""); err == nil {
		files = append(files, place.AuthPath)
	}
	return append(files, f.codexPath()), nil
}

func (o *exportOptions) exists() error {
	return failf(exitGeneral, o.again("--force"), "%s is there already", o.To)
}

func accountCount(n int) string {
	if n == 1 {
		return "1 account"
	}
	return fmt.Sprintf("%d accounts", n)
}
