package executor

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// defaultPath is searched where PATH is not set.
const defaultPath = `C:\Windows\system32;C:\Windows`

func hasDir(name string) bool { return strings.ContainsAny(name, `:\/`) }

func sameName(a, b string) bool { return strings.EqualFold(a, b) }

// runnable returns path, or path with the first of PATHEXT's extensions, where
// that is a file. Windows has no permission to execute.
func runnable(path string, env []string) (string, error) {
	candidates := []string{path}
	if filepath.Ext(path) == "" {
		candidates = nil
		for _, ext := range extensions(env) {
			candidates = append(candidates, path+ext)
		}
	}
	for _, candidate := range candidates {
		info, err := os.Stat(candidate)
		switch {
		case err != nil:
		case info.IsDir():
			return "", errIsDirectory
		default:
			return candidate, nil
		}
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return "", errIsDirectory
	}
	return "", fs.ErrNotExist
}

func extensions(env []string) []string {
	list, ok := lookup(env, "PATHEXT")
	if !ok || list == "" {
		list = ".com;.exe;.bat;.cmd"
	}
	var exts []string
	for _, ext := range strings.Split(strings.ToLower(list), ";") {
		if ext == "" {
			continue
		}
		if !strings.HasPrefix(ext, ".") {
			ext = "." + ext
		}
		exts = append(exts, ext)
	}
	return exts
}
