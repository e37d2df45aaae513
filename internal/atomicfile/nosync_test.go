package atomicfile

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/kyoli-gam/kyoli/internal/failpoint"
)

// TestNoSync holds that all steps but the two are still made.
func TestNoSync(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	var steps []string
	defer failpoint.Set(func(name string) error { steps = append(steps, name); return nil })()
	if err := Write(path, []byte("x"), Options{NoSync: true}); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(steps, " "), "temp create allocate write close rename"; got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	wantFile(t, path, "x")
}
