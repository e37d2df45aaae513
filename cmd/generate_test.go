package cmd

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/internal/env"
)

func TestGenerateOptions(t *testing.T) {
	var got *generateOptions
	cmd := newGenerateCmd(&Factory{}, func(_ context.Context, o *generateOptions) error { got = o; return nil })
	cmd.SetArgs([]string{"man", "dir"})
	if err := cmd.Execute(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&generateOptions{What: "man", Dir: "dir"}, got); diff != "" {
		t.Error(diff)
	}
}

// Pages are the same on every day, and keep lists as they are in the help.
func TestGenerateMan(t *testing.T) {
	dir := t.TempDir()
	var errs bytes.Buffer
	f := &Factory{Out: io.Discard, Err: &errs, Env: env.Map(map[string]string{"HOME": t.TempDir()})}
	if code := f.Run(t.Context(), []string{"generate", "man", dir}); code != 0 {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	pages, err := filepath.Glob(filepath.Join(dir, "*.1"))
	if err != nil || len(pages) < 50 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	for _, path := range pages {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		title := strings.ToUpper(strings.TrimSuffix(filepath.Base(path), ".1"))
		if want := `.TH "` + title + `" "1" "" "kyoli" "kyoli"`; !strings.Contains(string(text), want+"\n") {
			t.Errorf("%s does not have %s", filepath.Base(path), want)
		}
	}
	for name, want := range map[string]string{
		"kyoli.1":              "\n.EX\n  kyoli demo  ",
		"kyoli-accounts-add.1": "\n  {\"version\": 1, \"accounts\": […]}\n                          an account file",
		"kyoli-exit-codes.1":   "\n.EX\n  0   all went well\n",
	} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s, %v, does not have %q", name, err, want)
		}
	}
}
