package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"
)

func TestResolve(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "f")
	if got, err := Resolve(file); err != nil || got != file {
		t.Errorf("a missing file: %s, %v", got, err)
	}
	if runtime.GOOS == "windows" {
		t.Skip("symlinks need a privilege on Windows")
	}
	loop := filepath.Join(dir, "loop")
	if err := os.Symlink("loop", loop); err != nil {
		t.Fatal(err)
	}
	if got, err := Resolve(loop); err == nil {
		t.Errorf("a loop leads to %s", got)
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := Resolve(filepath.Join(file, "below")); err == nil {
		t.Errorf("a file below a file: %s", got)
	}
}

// TestResolveFromALinkedDirectory: ".." in a link is meant from where the link really lies.
func TestResolveFromALinkedDirectory(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("symlinks need a privilege on Windows")
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	deep := filepath.Join(dir, "a", "b")
	if err := errors.Join(os.MkdirAll(deep, 0o700), os.Symlink(deep, filepath.Join(dir, "short")),
		os.Symlink("../f", filepath.Join(deep, "l"))); err != nil {
		t.Fatal(err)
	}
	want := filepath.Join(dir, "a", "f")
	if got, err := Resolve(filepath.Join(dir, "short", "l")); err != nil || got != want {
		t.Errorf("got %s, want %s (%v)", got, want, err)
	}
}

func TestMkdirPrivate(t *testing.T) {
	root := t.TempDir()
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, "a", "b")
	for range 2 {
		if err := MkdirPrivate(dir); err != nil {
			t.Fatal(err)
		}
	}
	wantMode(t, dir, 0o700)
	wantMode(t, filepath.Dir(dir), 0o700)
	wantMode(t, root, 0o755)
	file := filepath.Join(dir, "f")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, filepath.Join(file, "below")} {
		if err := MkdirPrivate(path); err == nil {
			t.Errorf("%s was made where a file is", path)
		}
	}
}

func TestSweep(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	dead := strconv.Itoa(deadPID(t))
	own := strconv.Itoa(os.Getpid())
	tests := []struct {
		name string
		age  time.Duration
		gone bool
	}{
		{".f.kyoli-" + own + "-0001", 59 * time.Minute, false},
		{".f.kyoli-" + own + "-0002", 61 * time.Minute, true},
		{".f.kyoli-" + dead + "-0003", 59 * time.Second, false},
		{".f.kyoli-" + dead + "-0004", 61 * time.Second, runtime.GOOS != "windows"},
		{".f.kyoli-" + dead + "-0005", -24 * time.Hour, false},
		{".f.kyoli-x", 59 * time.Minute, false},
		{".g.kyoli-" + dead + "-0006", 24 * time.Hour, false},
		{".f.json.kyoli-" + dead + "-0007", 24 * time.Hour, false},
		{"f", 24 * time.Hour, false},
	}
	for _, tt := range tests {
		file := filepath.Join(dir, tt.name)
		when := time.Now().Add(-tt.age)
		if err := errors.Join(os.WriteFile(file, nil, 0o600), os.Chtimes(file, when, when)); err != nil {
			t.Fatal(err)
		}
	}
	if err := Sweep(path); err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		_, err := os.Lstat(filepath.Join(dir, tt.name))
		if gone := errors.Is(err, fs.ErrNotExist); gone != tt.gone {
			t.Errorf("%s, %v old: gone %v, want %v", tt.name, tt.age, gone, tt.gone)
		}
	}
	if err := Sweep(filepath.Join(dir, "missing", "f")); err != nil {
		t.Errorf("a missing directory: %v", err)
	}
}

// TestTempNamesAreSwept holds the names of temporary files and what Sweep looks for against each other.
func TestTempNamesAreSwept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	name, err := tempName(path)
	if err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-2 * time.Hour)
	if err := errors.Join(os.WriteFile(name, nil, 0o600), os.Chtimes(name, old, old), Sweep(path)); err != nil {
		t.Fatal(err)
	}
	wantNames(t, filepath.Dir(path))
}

// deadPID returns the id of a process that has been waited for.
func deadPID(t *testing.T) int {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	return cmd.Process.Pid
}
