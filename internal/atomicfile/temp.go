package atomicfile

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	// sweepAge is the age at which any temporary file is left over.
	sweepAge = time.Hour
	// sweepDeadAge is that of one whose process is gone. It is not zero because on a shared disk the process may
	// live in another container.
	sweepDeadAge = time.Minute
)

// tempName returns a new name beside path: ".<base>.kyoli-<pid>-<random>".
func tempName(path string) (string, error) {
	var b [8]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", err
	}
	name := tempPrefix(path) + strconv.Itoa(os.Getpid()) + "-" + hex.EncodeToString(b[:])
	return filepath.Join(filepath.Dir(path), name), nil
}

func tempPrefix(path string) string { return "." + filepath.Base(path) + ".kyoli-" }

// restOfTempName returns what follows the prefix of a temporary file's name, whichever file it is for.
func restOfTempName(name string) (string, bool) {
	i := strings.LastIndex(name, ".kyoli-")
	if i < 1 || name[0] != '.' {
		return "", false
	}
	return name[i+len(".kyoli-"):], true
}

// Sweep removes temporary files of path that processes left behind when they died: those older than an hour, and
// those of dead processes older than a minute.
func Sweep(path string) error { return sweep(path, sweepDeadAge) }

// SweepLocked is Sweep by who holds the lock under which path is written: what a dead process left goes, whatever its age.
func SweepLocked(path string) error { return sweep(path, 0) }

func sweep(path string, deadAge time.Duration) error {
	target, err := Resolve(path)
	if err != nil {
		return err
	}
	dir, prefix := filepath.Dir(target), tempPrefix(target)
	names, err := readNames(dir)
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range names {
		rest, ok := strings.CutPrefix(name, prefix)
		if !ok || !leftOver(filepath.Join(dir, name), rest, deadAge) {
			continue
		}
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func readNames(dir string) ([]string, error) {
	d, err := os.Open(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.Readdirnames(-1)
}

// leftOver looks at a temporary file whose name ends in "<pid>-<random>".
func leftOver(file, rest string, deadAge time.Duration) bool {
	info, err := os.Lstat(file)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	age := time.Since(info.ModTime())
	digits, _, _ := strings.Cut(rest, "-")
	pid, err := strconv.Atoi(digits)
	return age > sweepAge || age >= deadAge && err == nil && pid != os.Getpid() && isDead(pid)
}
