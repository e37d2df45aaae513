package filelock

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kyoli-gam/kyoli/internal/filelock/plugintest"
)

func TestAcquireExcludesProcesses(t *testing.T) {
	path := target(t)
	c := startChild(t, "hold", path)
	c.expect("holding")
	if _, ok, err := TryAcquire(context.Background(), path, Options{}); ok || err != nil {
		t.Fatalf("another process holds the lock, got %t, %v", ok, err)
	}
	c.say("stop")
	acquire(t, path, Options{})
}

// A kyoli that was killed in the directory leaves it behind; the next one goes on at once.
func TestKilledHolderMakesNobodyWait(t *testing.T) {
	path := target(t)
	c := startChild(t, "hold in directory", path)
	c.expect("holding")
	c.kill()
	if got := markers(t, path); len(got) != 1 {
		t.Fatalf("the dead holder left %q", got)
	}
	l, ok, err := TryAcquire(context.Background(), path, Options{PluginDir: true})
	must(t, err)
	if !ok {
		t.Fatal("a dead holder's directory is waited for")
	}
	must(t, l.Held())
	must(t, l.Release())
	if got := litter(t, path); got != nil {
		t.Errorf("left behind: %q", got)
	}
}

// A plugin, too, can take over from a kyoli that was killed, by its own rules.
func TestPluginTakesOverFromKilledHolder(t *testing.T) {
	for _, markers := range []bool{false, true} {
		path := target(t)
		c := startChild(t, "hold in directory", path)
		c.expect("holding")
		c.kill()
		p := plugintest.Plugin{Markers: markers, Stale: 300 * time.Millisecond}
		if err := p.Update(path, increment); err != nil {
			t.Errorf("markers %t: %v", markers, err)
		}
	}
}

// And neither generation takes a directory that is held and renewed. The time is the bubble's, in which a heartbeat is
// never late.
func TestPluginRespectsHolder(t *testing.T) {
	for name, markers := range map[string]bool{"older": false, "newer": true} {
		t.Run(name, func(t *testing.T) {
			path := target(t)
			synctest.Test(t, func(t *testing.T) {
				l := acquire(t, path, Options{PluginDir: true})
				beat := func() {
					l.mu.Lock()
					defer l.mu.Unlock()
					l.dir.renew(0)
				}
				beat() // by the bubble's clock
				stop := every(100*time.Millisecond, beat)
				p := plugintest.Plugin{Markers: markers, Stale: 500 * time.Millisecond}
				if err := p.Update(path, increment); !errors.Is(err, plugintest.ErrGaveUp) {
					t.Errorf("the plugin got in (%v)", err)
				}
				stop()
				must(t, l.Held())
				must(t, l.Release())
			})
		})
	}
}

// every calls fn again and again until it is stopped.
func every(d time.Duration, fn func()) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-done:
				return
			case <-time.After(d):
				fn()
			}
		}
	}()
	return func() { close(done); <-ended }
}

// Nobody loses an update, whichever protocol it follows.
func TestManyProcesses(t *testing.T) {
	path := target(t)
	kinds := []string{"add", "add", "add", "add", "add", "add", "add as plugin", "add as plugin", "add as new plugin"}
	var all []*child
	for _, kind := range kinds {
		all = append(all, startChild(t, kind, path))
	}
	want := rounds * len(kinds)
	for i, c := range all {
		if kinds[i] != "add" {
			c.out.Scan()
			n, err := strconv.Atoi(c.out.Text())
			must(t, err)
			want -= n
			if n > 0 {
				t.Errorf("%s gave up %d times", kinds[i], n)
			}
		}
		must(t, c.Wait())
	}
	data, err := os.ReadFile(path)
	must(t, err)
	if got := strings.TrimSpace(string(data)); got != strconv.Itoa(want) {
		t.Errorf("the file counts %s changes of %d", got, want)
	}
	if got := litter(t, path); got != nil {
		t.Errorf("left behind: %q", got)
	}
}
