//go:build unix

package eventlog

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func makePipe(_ *testing.T, path string) error {
	return errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), syscall.Mkfifo(path, 0o600))
}
