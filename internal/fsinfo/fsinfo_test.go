package fsinfo

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestOf(t *testing.T) {
	dir := t.TempDir()
	here, err := Of(dir)
	if err != nil {
		t.Fatal(err)
	}
	below, err := Of(filepath.Join(dir, "not", "there", "yet"))
	if err != nil || below != here {
		t.Errorf("what is not there yet is on %+v, its parent on %+v: %v", below, here, err)
	}
}

func TestFileOwnerAndMode(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no numeric owners and modes")
	}
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for mode, want := range map[fs.FileMode]fs.FileMode{0o600: 0, 0o700: 0, 0o644: 0o044, 0o622: 0o022} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if uid, ok := Owner(info); !ok || uid != os.Geteuid() {
			t.Errorf("owner %d, %v", uid, ok)
		}
		if got := Loose(info); got != want {
			t.Errorf("mode %o is loose by %o, want %o", mode, got, want)
		}
	}
}

func TestWritable(t *testing.T) {
	if err := Writable(t.TempDir()); err != nil {
		t.Error(err)
	}
	if err := Writable(filepath.Join(t.TempDir(), "gone")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing directory: %v", err)
	}
}
