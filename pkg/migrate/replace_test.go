package migrate

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kyoli-gam/kyoli/internal/failpoint"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// hookOnce runs fn once, at the step of that name.
func hookOnce(t *testing.T, step string, fn func()) {
	t.Helper()
	done := false
	restore := failpoint.Set(func(name string) error {
		if name == step && !done {
			done = true
			fn()
		}
		return nil
	})
	t.Cleanup(func() {
		restore()
		if !done {
			t.Errorf("the step %q was never reached", step)
		}
	})
}

// OpenCode stores another login at each step of kyoli's write: both survive.
func TestChangeUnderTheWrite(t *testing.T) {
	for _, step := range []string{"auth-json", "write", "fsync", "rename", "fsync of the directory"} {
		t.Run(step, func(t *testing.T) {
			p := place(t, byHand)
			oc := startOpenCode(t, "")
			reached := 0
			restore := failpoint.Set(func(name string) error {
				if name == "auth-json" {
					reached = 1
				}
				if name != step || reached != 1 {
					return nil
				}
				reached = 2
				oc.login(p, "acme", oauthJSON("n-r", "n-a", 7))
				return nil
			})
			defer restore()
			wrote, err := AfterRotate(testContext(t), p, "anthropic", rotatedFrom, rotatedTo, &store.Account{UUID: "u1"})
			if err != nil || !wrote || reached != 2 {
				t.Fatalf("wrote %v, %v, reached %d", wrote, err, reached)
			}
			f := parsed(t, p.content(t))
			if f.refresh("acme") != "n-r" || f.refresh("anthropic") != "a-r2" || f.refresh("openai") != "o-r" {
				t.Errorf("auth.json is\n%s", p.content(t))
			}
		})
	}
}

// A writer that opened the file before it was replaced, and writes after: what
// it wrote went into a file without a name, and is taken in.
func TestWriterHadTheFileOpen(t *testing.T) {
	if !keepInode {
		t.Skip("an open file cannot be replaced here")
	}
	p := place(t, byHand)
	oc := startOpenCode(t, "")
	opens := func() {
		oc.begin(order{Path: p.AuthPath, Key: "acme", Entry: []byte(oauthJSON("n-r", "n-a", 7)), Replaced: true})
		eventually(t, "the writer has opened the file", func() bool { return p.content(t) == "" })
	}
	// The first rename is the ledger's; this one comes after the last look at auth.json.
	hookOnce(t, "auth-json", func() { hookOnce(t, "rename", opens) })
	wrote, err := AfterRotate(testContext(t), p, "anthropic", rotatedFrom, rotatedTo, &store.Account{UUID: "u1"})
	if err != nil || !wrote {
		t.Fatalf("wrote %v, %v", wrote, err)
	}
	oc.done()
	f := parsed(t, p.content(t))
	if f.refresh("acme") != "n-r" || f.refresh("anthropic") != "a-r2" || f.refresh("openai") != "o-r" {
		t.Errorf("auth.json is\n%s", p.content(t))
	}
}

// Somebody makes the file while kyoli makes it.
func TestMadeMeanwhile(t *testing.T) {
	p := place(t, "")
	if err := os.MkdirAll(filepath.Dir(p.AuthPath), 0o700); err != nil {
		t.Fatal(err)
	}
	hookOnce(t, "rename", func() {
		if err := os.WriteFile(p.AuthPath, []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
	})
	seen, _, err := p.settled(testContext(t), p.AuthPath)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := replace(testContext(t), p.AuthPath, seen, []byte(`{"a":1}`)); !errors.Is(err, errMoved) {
		t.Errorf("error %v", err)
	}
	p.want(t, "{}")
}

// A file and directories that are missing are made, 0600 and 0700.
func TestReplaceMakesPrivateFiles(t *testing.T) {
	t.Parallel()
	p := place(t, "")
	err := p.under(testContext(t), func(s *session) error {
		_, wrote, err := s.change(testContext(t), func(*AuthFile) ([]change, error) {
			return []change{{"a", compact([]byte(`{"type":"api","key":"k"}`))}}, nil
		})
		if !wrote {
			t.Error("nothing was written")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	for path, want := range map[string]os.FileMode{
		p.AuthPath: 0o600, filepath.Dir(p.AuthPath): 0o700, filepath.Dir(filepath.Dir(p.AuthPath)): 0o700, p.StateDir: 0o700,
	} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
}

// A write that fails says which file, and leaves it.
func TestWriteFails(t *testing.T) {
	p := place(t, byHand)
	boom := errors.New("no space left on device")
	restore := failpoint.Set(func(name string) error {
		if name == "write" {
			return boom
		}
		return nil
	})
	defer restore()
	_, err := AfterRotate(testContext(t), p, "anthropic", rotatedFrom, rotatedTo, &store.Account{UUID: "u1"})
	if !errors.Is(err, boom) {
		t.Errorf("error %v", err)
	}
	p.want(t, byHand)
}

// A file that never stands still ends in an error, not in a loop.
func TestNeverStill(t *testing.T) {
	t.Parallel()
	p := place(t, `{"n":0}`)
	p.patience = 2 * time.Second
	// In the bubble the writer has its five turns between two looks, however busy the machine is.
	synctest.Test(t, func(t *testing.T) {
		stop := make(chan struct{})
		defer close(stop)
		go func() {
			for i := 1; ; i++ {
				select {
				case <-stop:
					return
				case <-time.After(20 * time.Millisecond):
					_ = os.WriteFile(p.AuthPath, fmt.Appendf(nil, `{"n":%d}`, i), 0o600)
				}
			}
		}()
		time.Sleep(50 * time.Millisecond) // of the bubble's clock: the file is no longer an old one
		var busy *BusyError
		if _, _, err := p.settled(t.Context(), p.AuthPath); !errors.As(err, &busy) || busy.Path != p.AuthPath || busy.Waited < p.patience {
			t.Errorf("error %v", err)
		}
	})
}
