package proxy

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"time"
)

// ListenUnix listens on a socket that only this user can connect to. One that a process left behind is
// replaced; one that somebody listens on, or anything else at path, is left alone and an error.
func ListenUnix(path string) (net.Listener, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case info.Mode()&fs.ModeSocket == 0:
		return nil, fmt.Errorf("%s exists and is no socket", path)
	default:
		if c, err := net.DialTimeout("unix", path, time.Second); err == nil {
			_ = c.Close()
			return nil, fmt.Errorf("another process listens on %s", path)
		}
	}
	// Made where nobody else can reach it, and moved into place when it has its permissions.
	dir, err := os.MkdirTemp(filepath.Dir(path), ".kyoli-*")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	made := filepath.Join(dir, "s")
	l, err := net.Listen("unix", made)
	if err != nil {
		return nil, err
	}
	unix, _ := l.(*net.UnixListener)
	unix.SetUnlinkOnClose(false) // it would unlink the name it was made under
	if err := errors.Join(os.Chmod(made, 0o600), os.Rename(made, path)); err != nil {
		_ = l.Close()
		return nil, err
	}
	return &socket{Listener: l, path: path}, nil
}

// socket takes its file away when it is closed.
type socket struct {
	net.Listener
	path string
}

// Close closes the socket and removes its file.
func (s *socket) Close() error {
	err := s.Listener.Close()
	_ = os.Remove(s.path)
	return err
}
