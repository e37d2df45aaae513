//go:build unix

package executor

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLookPath(t *testing.T) {
	root := t.TempDir()
	t.Chdir(root)
	for path, mode := range map[string]os.FileMode{
		"a/tool": 0o755, "b/tool": 0o755, "a/plain": 0o644, "b/plain": 0o755, "b/onlyplain": 0o644,
		"here": 0o755, "a/tool.d/x": 0o755,
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	both := "PATH=" + root + "/missing:" + root + "/a:" + root + "/b"
	for _, tt := range []struct {
		name, command string
		env           []string
		want          string
		code          int
		reason        error
	}{
		{"first of the path", "tool", []string{both}, root + "/a/tool", 0, nil},
		{"last PATH counts", "tool", []string{"PATH=/x", both}, root + "/a/tool", 0, nil},
		{"one that cannot run is passed over", "plain", []string{both}, root + "/b/plain", 0, nil},
		{"only one that cannot run", "onlyplain", []string{both}, "", CodeNotExecutable, errNotExecutable},
		{"a directory of that name", "tool.d", []string{both}, "", CodeNotExecutable, errIsDirectory},
		{"dot", ".", []string{both}, "", CodeNotExecutable, errIsDirectory},
		{"nowhere", "nothing", []string{both}, "", CodeNotFound, errNotFound},
		{"empty name", "", []string{both}, "", CodeNotFound, errNotFound},
		{"empty element is here", "here", []string{"PATH=/x:"}, "./here", 0, nil},
		{"relative element", "tool", []string{"PATH=b"}, "b/tool", 0, nil},
		{"empty PATH finds nothing", "tool", []string{"PATH="}, "", CodeNotFound, errNotFound},
		{"no PATH", "sh", nil, "/bin/sh", 0, nil},
		{"slash", "./here", []string{both}, "./here", 0, nil},
		{"slash, not executable", "a/plain", []string{both}, "", CodeNotExecutable, errNotExecutable},
		{"slash, directory", root, []string{both}, "", CodeNotExecutable, errIsDirectory},
		{"slash, missing", "./gone", []string{both}, "", CodeNotFound, errNotFound},
		{"slash, below a file", "here/x", []string{both}, "", CodeNotExecutable, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := LookPath(tt.command, tt.env)
			if tt.code == 0 {
				if got != tt.want || err != nil {
					t.Fatalf("got %q, %v, want %q", got, err, tt.want)
				}
				return
			}
			var start *StartError
			if !errors.As(err, &start) || start.ExitCode() != tt.code || tt.reason != nil && !errors.Is(err, tt.reason) {
				t.Fatalf("got %q, %v, want code %d and %v", got, err, tt.code, tt.reason)
			}
			if strings.Count(err.Error(), "stat ") > 0 || start.Command != tt.command {
				t.Errorf("message %q", err)
			}
		})
	}
}
