// Package plugintest does to a file what the npm plugins do (opencode-multi-account-core, file-lock.ts and
// account-store.ts), for tests: it follows their lock protocol and nothing of kyoli's.
package plugintest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"
)

// ErrGaveUp is returned after the plugin's last try, 2.75 s after the first.
var ErrGaveUp = errors.New("the plugin failed to acquire the lock")

// Plugin is one generation of the plugins' protocol. Older ones make an empty directory, never renew it, and remove
// whatever is at its name; newer ones (Markers) put a file "owner-<uuid>" in it and renew and remove only that.
type Plugin struct {
	Markers bool
	Stale   time.Duration // zero is 10 s
}

// WithLock runs fn under the lock of target.
func (p Plugin) WithLock(target string, fn func() error) error {
	if p.Stale == 0 {
		p.Stale = 10 * time.Second
	}
	dir, marker := target+".lock", "owner-"+uuid.NewString()
	if err := p.acquire(dir, marker); err != nil {
		return err
	}
	defer p.release(dir, marker)
	if p.Markers {
		defer renew(filepath.Join(dir, marker), p.Stale/3)()
	}
	return fn()
}

func (p Plugin) acquire(dir, marker string) error {
	const retries, delay = 10, 50 * time.Millisecond
	for attempt := 0; ; attempt++ {
		err := p.try(dir, marker)
		if err == nil || !errors.Is(err, fs.ErrExist) {
			return err
		}
		p.removeIfStale(dir)
		if attempt >= retries {
			return fmt.Errorf("%w for %s", ErrGaveUp, dir)
		}
		time.Sleep(delay * time.Duration(attempt+1))
	}
}

func (p Plugin) try(dir, marker string) error {
	if err := os.Mkdir(dir, 0o700); err != nil || !p.Markers {
		return err
	}
	f, err := os.OpenFile(filepath.Join(dir, marker), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		_ = os.Remove(dir)
		if errors.Is(err, fs.ErrNotExist) {
			return fs.ErrExist
		}
		return err
	}
	return f.Close()
}

func (p Plugin) removeIfStale(dir string) {
	lease := dir
	if p.Markers {
		if entries, err := os.ReadDir(dir); err == nil && len(entries) == 1 && strings.HasPrefix(entries[0].Name(), "owner-") {
			lease = filepath.Join(dir, entries[0].Name())
		}
	}
	info, err := os.Stat(lease)
	if err != nil || time.Since(info.ModTime()) <= p.Stale {
		return
	}
	if !p.Markers {
		_ = os.RemoveAll(dir)
		return
	}
	if lease != dir {
		_ = os.Remove(lease)
	}
	_ = os.Remove(dir)
}

func (p Plugin) release(dir, marker string) {
	if !p.Markers {
		_ = os.RemoveAll(dir)
		return
	}
	if os.Remove(filepath.Join(dir, marker)) == nil {
		_ = os.Remove(dir)
	}
}

func renew(path string, every time.Duration) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		t := time.NewTicker(every)
		defer t.Stop()
		for {
			select {
			case <-t.C:
				_ = os.Chtimes(path, time.Now(), time.Now())
			case <-done:
				return
			}
		}
	}()
	return func() { close(done); <-ended }
}

// Update reads target under the lock, changes it, and renames a temporary file over it. It does not sync.
func (p Plugin) Update(target string, change func(old []byte) ([]byte, error)) error {
	return p.WithLock(target, func() error {
		old, err := os.ReadFile(target)
		if err != nil {
			return err
		}
		data, err := change(old)
		if err != nil {
			return err
		}
		temp := target + "." + strings.ReplaceAll(uuid.NewString(), "-", "")[:16] + ".tmp"
		if err := os.WriteFile(temp, data, 0o600); err != nil {
			return err
		}
		return os.Rename(temp, target)
	})
}
