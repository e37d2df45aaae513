package migrate

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

// Openable says whether every vault in stateDir can be read, sealed or not.
func Openable(stateDir string, sealing store.Sealing) error {
	paths, err := vaults(stateDir)
	for _, path := range paths {
		if _, readErr := readVault(path, sealing); readErr != nil {
			err = errors.Join(err, readErr)
		}
	}
	return err
}

// Reseal brings the tokens of every vault in stateDir into the form that the
// settings want. It can be repeated.
func Reseal(ctx context.Context, stateDir string, sealing store.Sealing) error {
	paths, err := vaults(stateDir)
	for _, path := range paths {
		v, readErr := readSealedVault(path)
		if readErr != nil || v == nil {
			err = errors.Join(err, readErr)
			continue
		}
		vault := OpenVault(stateDir, v.Target)
		vault.Sealing = sealing
		err = errors.Join(err, vault.under(ctx, func(s *session) error {
			if s.vault == nil {
				return nil // its last run has ended
			}
			return s.saveVault()
		}))
	}
	return err
}

func vaults(stateDir string) ([]string, error) {
	files, err := os.ReadDir(vaultDir(stateDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var paths []string
	for _, file := range files {
		if name := file.Name(); vaultOf(name) == name && filepath.Ext(name) == ".json" {
			paths = append(paths, filepath.Join(vaultDir(stateDir), name))
		}
	}
	return paths, err
}
