package config

import (
	"errors"
	"fmt"
	"path/filepath"
)

// FileName is the base name of kyoli's settings file.
const FileName = "kyoli.yaml"

// Dir returns the absolute directory of kyoli's files, the first that is given
// of: the flag, KYOLI_CONFIG_DIR, OPENCODE_CONFIG_DIR, opencode in
// XDG_CONFIG_HOME, and .config/opencode in home. These, apart from kyoli's own,
// are the npm core's, so that both find the same files; an empty variable
// counts as none. It looks nothing up on disk.
func Dir(flag string, env func(string) string, home string) (string, error) {
	dir := flag
	for _, name := range []string{"KYOLI_CONFIG_DIR", "OPENCODE_CONFIG_DIR"} {
		if dir == "" {
			dir = env(name)
		}
	}
	if xdg := env("XDG_CONFIG_HOME"); dir == "" && xdg != "" {
		dir = filepath.Join(xdg, "opencode")
	}
	if dir == "" {
		if home == "" {
			return "", errors.New("the home directory is not known: give --config-dir")
		}
		dir = filepath.Join(home, ".config", "opencode")
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("configuration directory %s: %w", dir, err)
	}
	return abs, nil
}
