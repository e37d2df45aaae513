package atomicfile

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/kyoli-gam/kyoli/internal/failpoint"
	"github.com/kyoli-gam/kyoli/internal/regular"
)

func TestWriteCreatesAndReplaces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.json")
	for _, text := range []string{"one", "", "three, which is longer"} {
		if err := Write(path, []byte(text), Options{}); err != nil {
			t.Fatal(err)
		}
		wantFile(t, path, text)
		wantMode(t, path, 0o600)
	}
	wantNames(t, filepath.Dir(path), "f.json")
}

func TestWriteSetsPermissions(t *testing.T) {
	old := setUmask(0o077)
	defer setUmask(old)
	path := filepath.Join(t.TempDir(), "f")
	if err := Write(path, nil, Options{Perm: 0o640}); err != nil {
		t.Fatal(err)
	}
	wantMode(t, path, 0o640)
}

// TestWriteFailsAtEachStep makes each step fail in turn, as EIO from the system would.
func TestWriteFailsAtEachStep(t *testing.T) {
	for _, step := range []string{"temp", "create", "allocate", "write", "fsync", "close", "rename"} {
		t.Run(step, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "f")
			if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
			defer failAt(step, syscall.EIO)()
			err := Write(path, []byte("new"), Options{})
			var e *Error
			if !errors.As(err, &e) || !errors.Is(err, syscall.EIO) || e.Path != path {
				t.Errorf("error: %v", err)
			}
			wantFile(t, path, "old")
			wantNames(t, filepath.Dir(path), "f")
		})
	}
}

func TestWriteReportsAFailedFsyncOfTheDirectory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	defer failAt("fsync of the directory", syscall.EIO)()
	if err := Write(path, []byte("new"), Options{}); !errors.Is(err, syscall.EIO) {
		t.Errorf("error: %v", err)
	}
}

// TestWriteSteps holds the order of the steps: no content is renamed before it is on the disk.
func TestWriteSteps(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	var steps []string
	defer failpoint.Set(func(name string) error { steps = append(steps, name); return nil })()
	mark := func(name string) func() error {
		return func() error { steps = append(steps, name); return nil }
	}
	if err := Write(path, []byte("x"), Options{BeforeRename: mark("before"), AfterRename: mark("after")}); err != nil {
		t.Fatal(err)
	}
	want := "temp create allocate write fsync close before rename after fsync of the directory"
	if got := strings.Join(steps, " "); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func TestWriteErrorsNameTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "missing", "f")
	err := Write(path, nil, Options{})
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), ".kyoli-") {
		t.Errorf("error: %v", err)
	}
}

func TestBeforeRename(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	boom := errors.New("boom")
	err := Write(path, []byte("new"), Options{BeforeRename: func() error {
		wantFile(t, path, "old")
		return boom
	}})
	if err != boom { //nolint:errorlint // as it is, not wrapped
		t.Errorf("error: %v", err)
	}
	wantFile(t, path, "old")
	wantNames(t, filepath.Dir(path), "f")
}

func TestAfterRename(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	boom := errors.New("boom")
	err := Write(path, []byte("new"), Options{AfterRename: func() error {
		wantFile(t, path, "new")
		return boom
	}})
	if !errors.Is(err, boom) {
		t.Errorf("error: %v", err)
	}
	wantFile(t, path, "new")
}

func TestDisplaced(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	var seen []string
	o := Options{Displaced: func(old []byte) error { seen = append(seen, string(old)); return nil }}
	if err := Write(path, []byte("one"), o); err != nil {
		t.Fatal(err)
	}
	o.BeforeRename = func() error { // another program, at the last moment
		return os.WriteFile(path, []byte("theirs"), 0o600)
	}
	if err := Write(path, []byte("two"), o); err != nil {
		t.Fatal(err)
	}
	wantFile(t, path, "two")
	wantNames(t, dir, "f")
	if !canExchange(t) {
		t.Skip("the system cannot exchange files, so nothing can be seen of what was displaced")
	}
	if !slices.Equal(seen, []string{"theirs"}) {
		t.Errorf("displaced: %q", seen)
	}
	o.Displaced = func([]byte) error { return fs.ErrInvalid }
	if err := Write(path, []byte("three"), o); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("error: %v", err)
	}
	wantNames(t, dir, "f")
}

func canExchange(t *testing.T) bool {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	for _, p := range []string{a, b} {
		if err := os.WriteFile(p, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return exchange(a, b) == nil
}

func TestNoReplace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := Write(path, []byte("one"), Options{NoReplace: true}); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, []byte("two"), Options{NoReplace: true}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("error: %v", err)
	}
	wantFile(t, path, "one")
	wantNames(t, filepath.Dir(path), "f")
}

func TestWriteThroughASymlink(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("symlinks need a privilege on Windows")
	}
	dir := t.TempDir()
	real := filepath.Join(dir, "real")
	if err := os.MkdirAll(filepath.Join(dir, "links"), 0o700); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "links", "l")
	if err := errors.Join(os.Symlink("../middle", link), os.Symlink(real, filepath.Join(dir, "middle"))); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"made", "replaced"} { // at first the link dangles
		if err := Write(link, []byte(text), Options{}); err != nil {
			t.Fatal(err)
		}
		wantFile(t, real, text)
		if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
			t.Fatalf("the link is gone: %v", err)
		}
	}
	wantNames(t, filepath.Join(dir, "links"), "l")
}

func failAt(step string, err error) (restore func()) {
	return failpoint.Set(func(name string) error {
		if name == step {
			return err
		}
		return nil
	})
}

func wantFile(t *testing.T, path, want string) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%s holds %q, want %q (%v)", filepath.Base(path), got, want, err)
	}
}

func wantMode(t *testing.T, path string, want fs.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != want && runtime.GOOS != "windows" {
		t.Errorf("%s has mode %o, want %o", filepath.Base(path), got, want)
	}
}

func wantNames(t *testing.T, dir string, want ...string) {
	t.Helper()
	names, err := readNames(dir)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	if !slices.Equal(names, want) {
		t.Errorf("the directory holds %q, want %q", names, want)
	}
}

// What is no file is not replaced by one, by whatever links it is reached.
func TestWriteRefusesOthers(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := os.Symlink(filepath.Join(dir, "s"), link); err != nil {
		t.Skipf("no links here: %v", err)
	}
	for _, path := range []string{filepath.Join(dir, "s"), link} {
		if err := Write(path, []byte("x"), Options{}); !errors.Is(err, regular.ErrNotRegular) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if info, err := os.Stat(link); err != nil || info.Mode().Type() != fs.ModeSocket {
		t.Errorf("the socket is %v, %v", info, err)
	}
}
