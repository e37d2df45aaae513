package store

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"testing"

	"github.com/kyoli-gam/kyoli/internal/atomicfile"
)

func TestErrorTexts(t *testing.T) {
	path := &fs.PathError{Op: "open", Path: "/other", Err: syscall.EIO}
	tests := []struct {
		err  error
		want string
	}{
		{&DamagedError{Path: "/f", Offset: 7, Reason: "r"}, "/f is damaged: r at byte 7"},
		{&DamagedError{Path: "/f", Offset: 7, Pointer: "/a/0", Reason: "r", Backup: "/b"}, "/f is damaged: r at byte 7 (/a/0); a copy is in /b"},
		{&VersionError{"/f", "2"}, "/f has version 2, which this kyoli does not write"},
		{&SpentError{"/f", "work", "no answer came"}, "the refresh token of work in /f is spent: no answer came"},
		{&UnknownAccountError{"x\n", "/f"}, `no account "x\n" in /f`},
		{&AmbiguousAccountError{"x", []string{"1 (a)", "2 (b)"}}, `"x" names 2 accounts: 1 (a), 2 (b)`},
		{&ReadError{"/f", path}, "cannot read /f: input/output error"},
		{&WriteError{"/f", path}, "cannot write /f: input/output error"},
		{&WriteError{"/f", &atomicfile.Error{Path: "/f", Step: "fsync", Err: syscall.EIO}}, "cannot write /f: fsync: input/output error"},
	}
	for _, tt := range tests {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("\n got %s\nwant %s", got, tt.want)
		}
		if h, ok := tt.err.(interface{ Hint() string }); !ok || h.Hint() == "" { //nolint:errorlint // the type itself
			t.Errorf("%T has no hint", tt.err)
		}
	}
	for _, err := range []error{tests[6].err, tests[7].err, tests[8].err} {
		if !errors.Is(err, syscall.EIO) {
			t.Errorf("%v does not wrap the system's error", err)
		}
	}
}

func TestWriteHints(t *testing.T) {
	hints := map[error]string{
		atomicfile.ErrForeign: "kyoli doctor", fs.ErrPermission: "kyoli doctor", syscall.EROFS: "kyoli doctor",
		syscall.EIO: "ls -ld '/a dir' '/a dir/f'", syscall.ENOSPC: "df -h '/a dir'",
	}
	for err, want := range hints {
		if got := (&WriteError{"/a dir/f", fmt.Errorf("x: %w", err)}).Hint(); got != want {
			t.Errorf("%v: %s", err, got)
		}
	}
}
