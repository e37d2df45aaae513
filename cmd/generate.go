package cmd

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

type generateOptions struct {
	What string // "man" or "completions"
	Dir  string
}

var generators = map[string]func(*cobra.Command, string) error{
	"man":         generateMan,
	"completions": generateCompletions,
}

func newGenerateCmd(f *Factory, runF func(context.Context, *generateOptions) error) *cobra.Command {
	o := &generateOptions{}
	return &cobra.Command{
		Use:       "generate man|completions DIR",
		Short:     "Write man pages or shell completions, for packagers",
		Hidden:    true,
		Args:      cobra.ExactArgs(2),
		ValidArgs: []string{"completions", "man"},
		RunE: func(cmd *cobra.Command, args []string) error {
			o.What, o.Dir = args[0], args[1]
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runGenerate(f, cmd.Root(), o)
		},
	}
}

func runGenerate(f *Factory, root *cobra.Command, o *generateOptions) error {
	generate, ok := generators[o.What]
	if !ok {
		return usageErrorf("kyoli generate man DIR", "cannot generate %q: one of completions, man", o.What)
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil { //nolint:gosec // what is written is for everyone
		return err
	}
	if err := generate(root, o.Dir); err != nil {
		return fmt.Errorf("write %s into %s: %w", o.What, o.Dir, err)
	}
	f.Note("wrote %s into %s", o.What, o.Dir)
	return nil
}

// generateMan writes one page a command.
func generateMan(root *cobra.Command, dir string) error {
	for _, cmd := range root.Commands() {
		if text, ok := helpTexts()[cmd.Name()]; ok {
			cmd.Long = indentAll(text())
			cmd.Run = func(*cobra.Command, []string) {} // only commands that run get a page
		}
	}
	root.DisableAutoGenTag = true
	return writePages(root, dir)
}

// writePages writes the page of a command and those of the commands below it.
func writePages(cmd *cobra.Command, dir string) error {
	for _, sub := range cmd.Commands() {
		if !sub.IsAvailableCommand() || sub.IsAdditionalHelpTopicCommand() {
			continue
		}
		if err := writePages(sub, dir); err != nil {
			return err
		}
	}
	cmd.Long = indentLists(cmd.Long)
	name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
	page, err := manPage(cmd, strings.ToUpper(name))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, name+".1"), page, 0o644) //nolint:gosec // for everyone
}

// manPage leaves the date out, so that the same sources give the same pages: cobra would put in the day of the build.
func manPage(cmd *cobra.Command, title string) ([]byte, error) {
	date := time.Unix(0, 0).UTC()
	var page bytes.Buffer
	header := &doc.GenManHeader{Title: title, Section: "1", Date: &date, Source: "kyoli", Manual: "kyoli"}
	if err := doc.GenMan(cmd, header, &page); err != nil {
		return nil, err
	}
	return bytes.Replace(page.Bytes(), []byte(date.Format(`"Jan 2006"`)), []byte(`""`), 1), nil
}

// indentAll keeps Markdown from joining the lines of a table.
func indentAll(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n    ")
}

// indentLists is indentAll of the paragraphs that begin with a space: aligned lists, among prose.
func indentLists(text string) string {
	paragraphs := strings.Split(text, "\n\n")
	for i, p := range paragraphs {
		if strings.HasPrefix(p, "  ") && !strings.HasPrefix(p, "    ") {
			paragraphs[i] = indentAll(p)
		}
	}
	return strings.Join(paragraphs, "\n\n")
}

func generateCompletions(root *cobra.Command, dir string) error {
	files := map[string]func(string) error{
		"kyoli.bash": func(path string) error { return root.GenBashCompletionFileV2(path, true) },
		"_kyoli":     root.GenZshCompletionFile,
		"kyoli.fish": func(path string) error { return root.GenFishCompletionFile(path, true) },
		"kyoli.ps1":  root.GenPowerShellCompletionFileWithDesc,
	}
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if err := files[name](filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}
