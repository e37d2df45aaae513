//go:build unix

package filelock

import (
	"context"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/internal/filelock/plugintest"
)

// A holder that is stopped keeps the flock, so no other kyoli gets in; a plugin does, once it finds the directory
// stale. Back again, the holder notices and leaves the plugin's alone.
func TestStoppedHolder(t *testing.T) {
	path := target(t)
	c := startChild(t, "hold in directory", path)
	c.expect("holding")
	must(t, c.Process.Signal(syscall.SIGSTOP))
	if _, ok, err := TryAcquire(context.Background(), path, Options{}); ok || err != nil {
		t.Fatalf("got the flock of a stopped holder: %t, %v", ok, err)
	}
	p := plugintest.Plugin{Stale: 300 * time.Millisecond}
	must(t, p.WithLock(path, func() error {
		must(t, c.Process.Signal(syscall.SIGCONT))
		c.say("go on")
		c.expect("lost")
		if _, err := os.Stat(path + ".lock"); err != nil {
			t.Errorf("the plugin's lock was removed: %v", err)
		}
		return nil
	}))
	c.expect("entered again")
	must(t, c.Wait())
	if got := litter(t, path); got != nil {
		t.Errorf("left behind: %q", got)
	}
}

func TestUnwritableDirectory(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	path := target(t)
	dir := path[:len(path)-len("/accounts.json")]
	must(t, os.Chmod(dir, 0o500))
	defer func() { must(t, os.Chmod(dir, 0o700)) }()
	if _, err := Acquire(context.Background(), path, Options{}); err == nil {
		t.Error("got a lock in a directory that cannot be written")
	}
}
