package config

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/kyoli-gam/kyoli/internal/filelock"
)

func read(t testing.TB, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestSetMakesFileAndDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "opencode")
	c, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Set(t.Context(), "max_consecutive_auth_failures", "7"); err != nil {
		t.Fatal(err)
	}
	if got := read(t, c.File); got != "max_consecutive_auth_failures: 7\n" {
		t.Errorf("file %q", got)
	}
	if s, err := c.For("openai", ""); err != nil || s.MaxConsecutiveAuthFailures != 7 {
		t.Errorf("the change is not seen: %+v, %v", s, err)
	}
	if again, err := Load(dir); err != nil || again.global["max_consecutive_auth_failures"].value != 7.0 {
		t.Errorf("the change is not stored: %v", err)
	}
	if runtime.GOOS == "windows" {
		return // permissions follow the directory's access list there
	}
	for path, want := range map[string]fs.FileMode{dir: 0o700, c.File: 0o600} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v; want %v", path, info.Mode().Perm(), err, want)
		}
	}
}

func TestSetFaults(t *testing.T) {
	const before = "# mine\ndebug: true\n"
	for _, tt := range []struct{ key, value, want string }{
		{"debgu", "true", "unknown key"},
		{"providers.openai.debgu", "true", "unknown key"},
		{"debug", "yes", "want true or false"},
		{"debug", "1", "want true or false"},
		{"debug", "", "want true or false"},
		{"account_selection_strategy", "random", "one of sticky, round-robin, hybrid"},
		{"soft_quota_threshold_percent", "101", "from 0 to 100"},
		{"soft_quota_threshold_percent", "NaN", "from 0 to 100"},
		{"soft_quota_threshold_percent", "0x1p3", "from 0 to 100"},
		{"default_retry_after_ms", "1e400", "want a number"},
		{"default_retry_after_ms", "-1", "want a number"},
		{"max_consecutive_auth_failures", "2.5", "a whole number"},
		{"adapters.acme.display_name", "a\nb", "one line"},
	} {
		t.Run(tt.key+"="+tt.value, func(t *testing.T) {
			c := mustLoad(t, before)
			err := c.Set(t.Context(), tt.key, tt.value)
			var fault *Error
			if !errors.As(err, &fault) || fault.Key != tt.key || !strings.Contains(fault.Reason, tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
			if got := read(t, c.File); got != before {
				t.Errorf("the file became %q", got)
			}
		})
	}
}

// A file that somebody broke since it was read is theirs to mend.
func TestSetNeverReplacesWhatDoesNotParse(t *testing.T) {
	for _, broken := range []string{"debug: [true\n", "debug: true\ndebug: true\n", "nope: 1\n", "debug: 5\n", "\xff\n", "- a\n"} {
		c := mustLoad(t, "debug: true\n")
		write(t, c.File, broken)
		err := c.Set(t.Context(), "quiet_mode", "true")
		var fault *Error
		if !errors.As(err, &fault) || fault.File != c.File || fault.Line == 0 {
			t.Errorf("%q: error %v, want an *Error with file and line", broken, err)
		}
		if got := read(t, c.File); got != broken {
			t.Errorf("%q was replaced by %q", broken, got)
		}
	}
}

func TestSetSeesWhatAnotherProcessWrote(t *testing.T) {
	c := mustLoad(t, "debug: false\n")
	write(t, c.File, "# theirs\nquiet_mode: true\n")
	if err := c.Set(t.Context(), "debug", "true"); err != nil {
		t.Fatal(err)
	}
	if got, want := read(t, c.File), "# theirs\nquiet_mode: true\ndebug: true\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSetUnchangedWritesNothing(t *testing.T) {
	c := mustLoad(t, "debug: true # x\n")
	long := time.Now().Add(-time.Hour).Truncate(time.Second)
	if err := os.Chtimes(c.File, long, long); err != nil {
		t.Fatal(err)
	}
	if err := c.Set(t.Context(), "debug", "true"); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(c.File); err != nil || !info.ModTime().Equal(long) {
		t.Errorf("written at %v, %v", info.ModTime(), err)
	}
}

func TestSetAdapterIsChecked(t *testing.T) {
	const before = "adapters:\n  acme:\n    client_id: a\n"
	c := mustLoad(t, before)
	veto := errors.New("no such key")
	c.CheckAdapters = func(adapters map[string]*yaml.Node, file string) error {
		if file != c.File || len(adapters["acme"].Content) != 4 {
			t.Errorf("asked about %s with %d nodes", file, len(adapters["acme"].Content))
		}
		return veto
	}
	if err := c.Set(t.Context(), "adapters.acme.nope", "x"); !errors.Is(err, veto) {
		t.Errorf("error %v", err)
	}
	if got := read(t, c.File); got != before {
		t.Errorf("the file became %q", got)
	}
	veto = nil
	if err := c.Set(t.Context(), "adapters.acme.token_url", "https://a.example/t"); err != nil {
		t.Fatal(err)
	}
	if v, ok, err := c.Get("adapters.acme.token_url"); !ok || err != nil || v.Value != "https://a.example/t" {
		t.Errorf("%v, %v, %v", v, ok, err)
	}
}

func TestSetUneditable(t *testing.T) {
	c := mustLoad(t, "adapters: {acme: {scopes: [a]}}\n")
	err := c.Set(t.Context(), "adapters.acme.scopes", "b")
	var fault *Error
	if !errors.As(err, &fault) || fault.File != c.File || !strings.Contains(fault.Reason, "by hand") {
		t.Errorf("error %v", err)
	}
}

func TestSetThroughASymlink(t *testing.T) {
	target := filepath.Join(t.TempDir(), "dotfiles.yaml")
	write(t, target, "debug: false\n")
	dir := t.TempDir()
	if err := os.Symlink(target, filepath.Join(dir, FileName)); err != nil {
		t.Skip("no symlinks here:", err)
	}
	c, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Set(t.Context(), "debug", "true"); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(c.File); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the symlink is gone: %v", err)
	}
	if got := read(t, target); got != "debug: true\n" {
		t.Errorf("target %q", got)
	}
}

func TestSetWaitsForTheLock(t *testing.T) {
	c := mustLoad(t, "debug: false\n")
	lock, err := filelock.Acquire(t.Context(), c.File, filelock.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c.LockTimeout = 20 * time.Millisecond
	var locked *filelock.LockedError
	if err := c.Set(t.Context(), "debug", "true"); !errors.As(err, &locked) {
		t.Errorf("error %v, want a *filelock.LockedError", err)
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	if err := c.Set(t.Context(), "debug", "true"); err != nil {
		t.Error(err)
	}
}

func TestSetCancelled(t *testing.T) {
	c := mustLoad(t, "debug: false\n")
	lock, err := filelock.Acquire(t.Context(), c.File, filelock.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Release() }()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Set(ctx, "debug", "true"); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestSetTogether(t *testing.T) {
	dir := dirWith(t, "# head\n")
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			c, err := Load(dir)
			if err == nil {
				err = c.Set(t.Context(), fmt.Sprintf("adapters.acme.plans.p%d", i), "x")
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	c, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		if _, ok, err := c.Get(fmt.Sprintf("adapters.acme.plans.p%d", i)); !ok || err != nil {
			t.Errorf("p%d is lost: %v", i, err)
		}
	}
}
