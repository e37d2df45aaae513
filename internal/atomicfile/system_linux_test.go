package atomicfile

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/kyoli-gam/kyoli/internal/failpoint"
)

// TestFullDisk writes to a tmpfs with no room left.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("a full disk needs the right to mount a tmpfs: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, 0) })
	path := filepath.Join(dir, "f")
	if err := Write(path, []byte("old"), Options{}); err != nil {
		t.Fatal(err)
	}
	err := Write(path, make([]byte, 128<<10), Options{})
	var e *Error
	if !errors.As(err, &e) || !errors.Is(err, syscall.ENOSPC) || e.Step != "allocate" || !strings.Contains(err.Error(), path) {
		t.Errorf("error: %v", err)
	}
	wantFile(t, path, "old")
	wantNames(t, dir, "f")
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, []byte("new"), Options{}); !errors.Is(err, syscall.EROFS) || !strings.Contains(err.Error(), path) {
		t.Errorf("read-only: %v", err)
	}
	wantFile(t, path, "old")
}

// TestKilledAtEachStep kills a child, which is this test again, at its first step, its second, and so on.
func TestKilledAtEachStep(t *testing.T) {
	if path := os.Getenv("ATOMICFILE_TEST_FILE"); path != "" {
		n, _ := strconv.ParseInt(os.Getenv("ATOMICFILE_TEST_STEP"), 10, 64)
		failpoint.Set(failpoint.KillAt(n))
		if err := Write(path, bytes.Repeat([]byte("new "), 10_000), Options{Displaced: func([]byte) error { return nil }}); err != nil {
			t.Fatal(err)
		}
		return
	}
	content := map[string]string{"old": strings.Repeat("old ", 5_000), "new": strings.Repeat("new ", 10_000)}
	var history []string
	for n := 1; ; n++ {
		path := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(path, []byte(content["old"]), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(os.Args[0], "-test.run=^TestKilledAtEachStep$")
		cmd.Env = append(os.Environ(), "ATOMICFILE_TEST_FILE="+path, fmt.Sprintf("ATOMICFILE_TEST_STEP=%d", n))
		out, err := cmd.CombinedOutput()
		if err != nil && cmd.ProcessState.ExitCode() != -1 {
			t.Fatalf("step %d: %v\n%s", n, err, out)
		}
		got, readErr := os.ReadFile(path)
		switch {
		case readErr != nil:
			t.Fatal(readErr)
		case string(got) == content["old"]:
			history = append(history, "old")
		case string(got) == content["new"]:
			history = append(history, "new")
		default:
			t.Fatalf("step %d leaves %d bytes that are neither the old content nor the new", n, len(got))
		}
		if err == nil {
			break
		}
	}
	// temp create allocate write fsync close rename | fsync of the directory, remove, and whole
	want := "old old old old old old old new new new"
	if got := strings.Join(history, " "); got != want {
		t.Errorf("after each step:\n got %s\nwant %s", got, want)
	}
}

func TestOwners(t *testing.T) {
	if path := os.Getenv("ATOMICFILE_TEST_FOREIGN"); path != "" {
		if err := Write(path, []byte("taken"), Options{}); !errors.Is(err, ErrForeign) {
			t.Fatalf("writing a file of another user: %v", err)
		}
		return
	}
	if os.Geteuid() != 0 {
		t.Skip("files of several users need root")
	}
	const other, third = 12345, 12346
	dir, err := os.MkdirTemp("", "owners")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "f")
	if err := errors.Join(os.WriteFile(path, []byte("old"), 0o600), os.Chown(path, other, other),
		os.Chown(dir, third, third), os.Chmod(dir, 0o777)); err != nil {
		t.Fatal(err)
	}
	fresh := filepath.Join(dir, "sub", "new")
	if err := errors.Join(Write(path, []byte("by root"), Options{}), MkdirPrivate(filepath.Dir(fresh)), Write(fresh, nil, Options{})); err != nil {
		t.Fatal(err)
	}
	wantOwner(t, path, other)
	wantOwner(t, fresh, third)
	wantOwner(t, filepath.Dir(fresh), third)

	cmd := exec.Command(childBinary(t, dir), "-test.run=^TestOwners$")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "ATOMICFILE_TEST_FOREIGN="+path)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: third, Gid: third}}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	wantFile(t, path, "by root")
	wantOwner(t, path, other)
}

// childBinary copies the test binary to where any user may run it.
func childBinary(t *testing.T, dir string) string {
	t.Helper()
	data, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "test-binary")
	if err := errors.Join(os.WriteFile(file, data, 0o700), os.Chmod(file, 0o755)); err != nil {
		t.Fatal(err)
	}
	return file
}

func wantOwner(t *testing.T, path string, uid int) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if own := ownerOf(info); own.uid != uid || own.gid != uid {
		t.Errorf("%s belongs to %d:%d, want %d", filepath.Base(path), own.uid, own.gid, uid)
	}
}
