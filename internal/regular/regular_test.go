package regular

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	for _, test := range []struct {
		size, limit int
		long        string
	}{
		{0, 10, ""},
		{10, 10, ""},
		{11, 10, "it is larger than 0 KiB"},
		{4097, 4096, "it is larger than 4 KiB"},
		{3 << 20, 2 << 20, "it is larger than 2 MiB"},
	} {
		want := strings.Repeat("x", test.size)
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := Read(path, int64(test.limit))
		var long *TooLongError
		switch {
		case test.long == "" && (err != nil || got == nil || string(got) != want):
			t.Errorf("%d bytes: %d, %v", test.size, len(got), err)
		case test.long != "" && (!errors.As(err, &long) || long.Error() != test.long || !strings.Contains(err.Error(), path)):
			t.Errorf("%d bytes: error %v", test.size, err)
		}
	}
	if _, err := Read(path+"2", 1); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	if _, err := Read(t.TempDir(), 1); err == nil {
		t.Error("a directory was read")
	}
}
