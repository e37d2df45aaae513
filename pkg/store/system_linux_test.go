package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestFullDisk fills a tmpfs: the old content stays whole, the error names the file, and with room again the same
// change succeeds.
func TestFullDisk(t *testing.T) {
	dir := mountTmpfs(t)
	f, _ := openNoted(filepath.Join(dir, "accounts.json"))
	if err := os.WriteFile(f.path, []byte(two), 0o600); err != nil {
		t.Fatal(err)
	}
	mustUpdate(t, f, func(a *Accounts) { a.Get(uuidA).Label = "before" })
	before := readFile(t, f.path)
	filler := filepath.Join(dir, "filler")
	fill(t, filler)
	change := func(a *Accounts) error {
		a.Get(uuidA).RefreshToken = "rt-new"
		a.Get(uuidB).Label = strings.Repeat("x", 8<<10)
		return nil
	}
	_, err := f.Update(context.Background(), change)
	var w *WriteError
	if !errors.As(err, &w) || !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), f.path) || !strings.HasPrefix(w.Hint(), "df -h /") {
		t.Errorf("error: %v", err)
	}
	wantContent(t, f, before)
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Update(context.Background(), change); err != nil {
		t.Error(err)
	}
	if mustLoad(t, f).Get(uuidA).RefreshToken != "rt-new" {
		t.Error("the change is not there")
	}
}

func TestReadOnlyDisk(t *testing.T) {
	dir := mountTmpfs(t)
	f, _ := openNoted(filepath.Join(dir, "accounts.json"))
	if err := os.WriteFile(f.path, []byte(two), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	if a := mustLoad(t, f); len(a.List) != 2 {
		t.Errorf("%d accounts", len(a.List))
	}
	_, err := f.Update(context.Background(), func(a *Accounts) error { a.Get(uuidA).Label = "new"; return nil })
	var w *WriteError
	if !errors.As(err, &w) || !errors.Is(err, syscall.EROFS) || !strings.Contains(err.Error(), f.path) || w.Hint() != "kyoli doctor" {
		t.Errorf("error: %v", err)
	}
	wantContent(t, f, two)
}

func mountTmpfs(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=128k"); err != nil {
		t.Skipf("a disk of its own needs the right to mount a tmpfs: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for err == nil {
		_, err = f.Write(make([]byte, 4<<10))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}

// TestOtherUsers runs this test again as another user, for whom permissions count.
func TestOtherUsers(t *testing.T) {
	if path := os.Getenv(childFile); path != "" {
		asOtherUser(t, filepath.Dir(path))
		return
	}
	if os.Geteuid() != 0 {
		t.Skip("files of several users need root")
	}
	const other, foreign = 12345, 12346
	dir, err := os.MkdirTemp("", "users")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	binary, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	closed := filepath.Join(dir, "closed")
	if err := errors.Join(
		os.WriteFile(filepath.Join(dir, "binary"), binary, 0o700), os.Chmod(filepath.Join(dir, "binary"), 0o755),
		os.WriteFile(filepath.Join(dir, "foreign"), []byte(two), 0o600), os.Chmod(filepath.Join(dir, "foreign"), 0o644),
		os.Chown(filepath.Join(dir, "foreign"), foreign, foreign),
		os.WriteFile(filepath.Join(dir, "secret"), []byte(two), 0o600),
		os.Mkdir(closed, 0o700), os.WriteFile(filepath.Join(closed, "f"), []byte(two), 0o600),
		os.Chown(filepath.Join(closed, "f"), other, other), os.Chown(closed, other, other), os.Chmod(closed, 0o500),
		os.Chmod(dir, 0o777),
	); err != nil {
		t.Fatal(err)
	}
	cmd := child("TestOtherUsers", &File{path: filepath.Join(dir, "x")}, 0)
	cmd.Path, cmd.Dir = filepath.Join(dir, "binary"), dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: other, Gid: other}}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	for _, path := range []string{"foreign", "secret", "closed/f"} {
		if readFile(t, filepath.Join(dir, path)) != two {
			t.Errorf("%s was changed", path)
		}
	}

	// Root may, and leaves the file to its owner.
	f, _ := openNoted(filepath.Join(dir, "foreign"))
	mustUpdate(t, f, func(a *Accounts) { a.Get(uuidA).RefreshToken = "rt-n" })
	for _, path := range []string{f.path, f.path + ".last-good"} {
		if info, err := os.Stat(path); err != nil || path == f.path && info.Sys().(*syscall.Stat_t).Uid != foreign {
			t.Errorf("%s: %v, %v", path, info.Sys(), err)
		}
	}
}

func asOtherUser(t *testing.T, dir string) {
	change := func(a *Accounts) error { a.Get(uuidA).RefreshToken = "rt-n"; return nil }
	f, notes := openNoted(filepath.Join(dir, "foreign"))
	mustLoad(t, f)
	if len(*notes) != 1 || !strings.Contains((*notes)[0].Text, "cannot be changed") {
		t.Errorf("notes: %v", *notes)
	}
	var w *WriteError
	if _, err := f.Update(context.Background(), change); !errors.As(err, &w) || !strings.Contains(err.Error(), "belongs to another user") || w.Hint() != "kyoli doctor" {
		t.Errorf("a foreign file: %v", err)
	}
	var r *ReadError
	f, _ = openNoted(filepath.Join(dir, "secret"))
	if _, err := f.Load(context.Background()); !errors.As(err, &r) || r.Hint() != "kyoli doctor" {
		t.Errorf("a file that may not be read: %v", err)
	}
	f, _ = openNoted(filepath.Join(dir, "closed", "f"))
	mustLoad(t, f)
	if _, err := f.Update(context.Background(), change); !errors.As(err, &w) || !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), f.path) {
		t.Errorf("a read-only directory: %v", err)
	}
}
