//go:build unix

package cmd

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// What lies in the place of a certificate or its key is neither waited for nor read without end.
func TestProxyCertificateLimits(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, fifo, long := filepath.Join(dir, "file"), filepath.Join(dir, "fifo"), filepath.Join(dir, "long")
	for path, size := range map[string]int64{file: 1, long: maxPEM + 1} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, size); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ cert, key, want string }{
		{fifo, file, "--tls-cert: read " + fifo + ": it is not a regular file"},
		{file, fifo, "--tls-key: read " + fifo + ": it is not a regular file"},
		{long, file, "--tls-cert: read " + long + ": it is larger than 1 MiB"},
		{file, long, "--tls-key: read " + long + ": it is larger than 1 MiB"},
		{file, filepath.Join(dir, "none"), "--tls-key: open "},
		{file, file, "--tls-cert " + file + ", --tls-key " + file + ": tls: "},
	} {
		r := settingsRun{t, t.TempDir()}
		code, _, errs := r.run("proxy", "--listen", "127.0.0.1:0", "--tls-cert", tt.cert, "--tls-key", tt.key)
		if code != exitUsage || !strings.Contains(errs, tt.want) {
			t.Errorf("%s, %s: exit %d, %s", tt.cert, tt.key, code, errs)
		}
	}
}
