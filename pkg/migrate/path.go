package migrate

import "path/filepath"

// OpenCodeAuthPath is where OpenCode keeps its logins:
// ${XDG_DATA_HOME:-~/.local/share}/opencode/auth.json, on every platform.
// OPENCODE_CONFIG_DIR does not move it.
func OpenCodeAuthPath(xdgDataHome, home string) string {
	if xdgDataHome == "" {
		xdgDataHome = filepath.Join(home, ".local", "share")
	}
	return filepath.Join(xdgDataHome, "opencode", "auth.json")
}
