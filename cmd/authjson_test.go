package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/kyoli-gam/kyoli/internal/atomicfile"
	"github.com/kyoli-gam/kyoli/pkg/migrate"
)

func TestFileErrorSaysWhereToLook(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err  error
		hint string
	}{
		{&fs.PathError{Op: "open", Path: "/d/auth.json", Err: syscall.EACCES}, "ls -ld '/d' '/d/auth.json'"},
		{fmt.Errorf("x: %w", &atomicfile.Error{Path: "/d/a b", Step: "rename", Err: syscall.EROFS}), "ls -ld '/d' '/d/a b'"},
		{&atomicfile.Error{Path: "/d/auth.json", Step: "write", Err: syscall.ENOSPC}, "df -h '/d'"},
		{&migrate.AuthDamagedError{Path: "/d/auth.json"}, "mv /d/auth.json /d/auth.json.damaged"},
		{errors.New("other"), ""},
	} {
		err := fileError(tt.err)
		if got := hintOf(err); got != tt.hint || !errors.Is(err, tt.err) || !strings.Contains(err.Error(), tt.err.Error()) {
			t.Errorf("%v: %v, hint %q, want %q", tt.err, err, got, tt.hint)
		}
	}
	if fileError(nil) != nil {
		t.Error("an error of nothing")
	}
}

// Each error of pkg/migrate has its documented exit code.
func TestAuthJSONExitCodes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err  error
		want int
	}{
		{&migrate.AuthDamagedError{}, exitGeneral},
		{&migrate.ForeignLoginError{}, exitGeneral},
		{&migrate.NotEmptyError{}, exitGeneral},
		{&migrate.BusyError{}, exitTryLater},
		{&migrate.VaultError{}, exitDamaged},
		{&migrate.IncompleteError{}, exitLogin},
		{&migrate.NoAccountError{}, exitLogin},
		{&migrate.NoAccountError{Some: true}, exitNoUsable},
	} {
		if got := exitCode(fmt.Errorf("x: %w", tt.err)); got != tt.want {
			t.Errorf("%T: %d, want %d", tt.err, got, tt.want)
		}
	}
}
