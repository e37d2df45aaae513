package pools

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/kyoli-gam/kyoli/internal/filelock"
)

const childVar = "POOLS_TEST_CHILD"

// TestMain runs the test binary as a second process that adds a pool's members, one an update.
func TestMain(m *testing.M) {
	if path := os.Getenv(childVar); path != "" {
		os.Exit(addMembers(path, os.Args[1]))
	}
	os.Exit(m.Run())
}

const perChild = 8

func addMembers(path, who string) int {
	f := Open(path, Options{})
	for i := range perChild {
		_, err := f.Update(context.Background(), func(c *Config) error {
			p, err := c.Pool("work")
			if err != nil {
				return err
			}
			return p.Add(0, fmt.Sprintf("%s-%d", who, i))
		})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return 0
}

func write(t *testing.T, path, content string) {
	t.Helper()
	ok(t, os.MkdirAll(filepath.Dir(path), 0o700))
	ok(t, os.WriteFile(path, []byte(content), 0o644))
}

func content(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	ok(t, err)
	return string(b)
}

func TestTheProjectsFileWins(t *testing.T) {
	t.Parallel()
	config, work := t.TempDir(), t.TempDir()
	if got := Locate(config, work); got != filepath.Join(config, "multiauth-pools.json") {
		t.Errorf("without a project's file: %s", got)
	}
	project := filepath.Join(work, ".opencode", "multiauth-pools.json")
	write(t, project, "{}")
	if got := Locate(config, work); got != project {
		t.Errorf("with a project's file: %s", got)
	}
	if got := Locate(config, ""); got != filepath.Join(config, "multiauth-pools.json") {
		t.Errorf("without a working directory: %s", got)
	}
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new", "multiauth-pools.json")
	f := Open(path, Options{})
	c, err := f.Load(t.Context())
	if err != nil || len(c.Pools)+len(c.Chains) != 0 || c.Path() != path {
		t.Fatalf("a missing file: %+v, %v", c, err)
	}
	c, err = f.Update(t.Context(), func(c *Config) error {
		_, err := c.AddPool("work", "openai")
		return err
	})
	if err != nil || len(c.Pools) != 1 {
		t.Fatalf("%+v, %v", c, err)
	}
	info, err := os.Stat(path)
	ok(t, err)
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %o", info.Mode().Perm())
	}
	before := content(t, path)
	refused := errors.New("no")
	if _, err := f.Update(t.Context(), func(c *Config) error {
		c.Pools = nil
		return refused
	}); err != refused { //nolint:errorlint // as it is
		t.Errorf("got %v", err)
	}
	if got := content(t, path); got != before {
		t.Errorf("written all the same: %s", got)
	}
}

func TestNoChangeIsNotWritten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "multiauth-pools.json")
	f := Open(path, Options{})
	nothing := func(*Config) error { return nil }
	if _, err := f.Update(t.Context(), nothing); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Error("an empty file was made")
	}
	write(t, path, sample)
	was, err := os.Stat(path)
	ok(t, err)
	if _, err := f.Update(t.Context(), nothing); err != nil {
		t.Fatal(err)
	}
	is, err := os.Stat(path)
	ok(t, err)
	if !os.SameFile(was, is) || content(t, path) != sample {
		t.Error("the file was written")
	}
}

func TestADamagedFileIsNeverOverwritten(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "{", "[]", "null", `{"pools":[{}]}`, `{"pools":[],"pools":[]}`, "{\"\xff\":1}"} {
		path := filepath.Join(t.TempDir(), "multiauth-pools.json")
		write(t, path, text)
		f := Open(path, Options{})
		_, lerr := f.Load(t.Context())
		_, uerr := f.Update(t.Context(), func(c *Config) error {
			_, err := c.AddPool("work", "openai")
			return err
		})
		for _, err := range []error{lerr, uerr} {
			d, ok := errors.AsType[*DamagedError](err)
			if !ok || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "at byte") || d.Hint() == "" {
				t.Errorf("%q: %v", text, err)
			}
		}
		if got := content(t, path); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestALinkStays(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	target, link := filepath.Join(dir, "dotfiles", "pools.json"), filepath.Join(dir, "multiauth-pools.json")
	write(t, target, sample)
	if err := os.Symlink(target, link); err != nil {
		t.Skip("symbolic links cannot be made here:", err)
	}
	if _, err := Open(link, Options{}).Update(t.Context(), func(c *Config) error { return c.RemovePool("home") }); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v", err)
	}
	if strings.Contains(content(t, target), `"name":"home"`) {
		t.Error("the target was not changed")
	}
}

// A plugin that holds its lock is waited for, however it got it.
func TestThePluginsLockIsWaitedFor(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "multiauth-pools.json")
	write(t, path, sample)
	ok(t, os.Mkdir(path+".lock", 0o700))
	_, err := Open(path, Options{LockTimeout: 1}).Update(t.Context(), func(c *Config) error { return c.RemovePool("home") })
	if _, locked := errors.AsType[*filelock.LockedError](err); !locked {
		t.Errorf("got %v", err)
	}
	if content(t, path) != sample {
		t.Error("written under another program's lock")
	}
}

func TestProcessesLoseNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "multiauth-pools.json")
	write(t, path, strings.ReplaceAll(sample, `["a" , "b"]`, "[]"))
	const children = 6
	var wait sync.WaitGroup
	for i := range children {
		wait.Go(func() {
			cmd := exec.Command(os.Args[0], fmt.Sprint("p", i))
			cmd.Env = append(os.Environ(), childVar+"="+path)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	wait.Wait()
	c, err := Open(path, Options{}).Load(t.Context())
	ok(t, err)
	if got := len(pool(t, c, "work").Members); got != children*perChild {
		t.Errorf("%d members of %d", got, children*perChild)
	}
	if text := content(t, path); !strings.Contains(text, `"colour":"gr\u00fcn"`) || !strings.Contains(text, "9007199254740993") {
		t.Error("what was not known is gone")
	}
}
