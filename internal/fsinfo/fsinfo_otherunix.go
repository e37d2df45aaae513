//go:build unix && !linux && !darwin

package fsinfo

import "os"

// fileSystem is not told on these systems.
func fileSystem(path string) (FileSystem, error) {
	_, err := os.Stat(path)
	return FileSystem{}, err
}
