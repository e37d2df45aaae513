package migrate

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"runtime"
	"time"

	"github.com/kyoli-gam/kyoli/internal/regular"
)

const (
	// settlePause is how long a content has to stand before it counts.
	settlePause = 100 * time.Millisecond
	// settleDamaged is how long a damaged content has to stand before it is
	// believed: a writer may be between its truncation and its write.
	settleDamaged = time.Second
	// settleLimit is how long a file that never stands still is watched.
	settleLimit = 15 * time.Second
	// settleAge is the age at which a file's own time says that it has stood
	// for settlePause, whatever the resolution of the file system's clock.
	settleAge = 10 * time.Second
)

// glance is what a path held at one moment.
type glance struct {
	data    []byte
	exists  bool
	modTime time.Time
	// inode is the open file, kept to see what a writer that opened it before
	// it was replaced still writes to it.
	inode *os.File
}

func (g *glance) same(o *glance) bool {
	return o != nil && g.exists == o.exists && bytes.Equal(g.data, o.data)
}

func (g *glance) close() {
	if g != nil && g.inode != nil {
		_ = g.inode.Close()
		g.inode = nil
	}
}

// look reads path once.
func look(path string) (*glance, error) {
	f, err := regular.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &glance{}, nil
	}
	if err != nil {
		return nil, err
	}
	g := &glance{exists: true, inode: f}
	if g.data, err = readOpen(f); err == nil {
		var info fs.FileInfo
		if info, err = f.Stat(); err == nil {
			g.modTime = info.ModTime()
		}
	}
	if err != nil || !keepInode {
		g.close()
	}
	if err != nil {
		return nil, err
	}
	return g, nil
}

// keepInode is false where an open file cannot be replaced.
const keepInode = runtime.GOOS != "windows"

// settled looks at path until it stands still, and reads what it has then. A
// missing file stands still at once: who writes in place creates it first. A
// damaged file is an *[AuthDamagedError] after settleDamaged, one that never
// stands still a *[BusyError]. The caller closes the glance.
func (p Place) settled(ctx context.Context, path string) (*glance, *AuthFile, error) {
	var last *glance
	defer func() { last.close() }()
	var since time.Time // of last, on the monotonic clock
	for start := time.Now(); ; {
		g, err := look(path)
		if err != nil {
			return nil, nil, err
		}
		if !g.exists {
			return g, &AuthFile{Path: path}, nil
		}
		stood := time.Duration(0)
		if g.same(last) {
			stood = time.Since(since)
		} else {
			since = time.Now()
		}
		file, err := parseAuth(path, g.data)
		switch {
		case err == nil && (stood >= settlePause || p.now().Sub(g.modTime) > settleAge):
			return g, file, nil
		case err != nil && stood >= settleDamaged:
			g.close()
			return nil, nil, err
		case time.Since(start) > cmp.Or(p.patience, settleLimit):
			g.close()
			return nil, nil, &BusyError{Path: path, Waited: time.Since(start)}
		}
		last.close()
		last = g
		if err := pause(ctx, settlePause); err != nil {
			return nil, nil, err
		}
	}
}

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
