package e2e_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

var shBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// cmdDocs writes the sh blocks of a page of docs/ into a script, as they stand:
// docs PAGE.md SCRIPT.
func cmdDocs(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg)
	page, err := os.ReadFile(filepath.Join(docsDir, args[0]))
	ts.Check(err)
	var script strings.Builder
	for _, block := range shBlock.FindAllStringSubmatch(string(page), -1) {
		script.WriteString(block[1])
	}
	if script.Len() == 0 {
		ts.Fatalf("%s has no sh block", args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(script.String()), 0o600))
}

// cmdEnvFile sets a variable to a file's content: envfile NAME FILE.
func cmdEnvFile(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg)
	ts.Setenv(args[0], ts.ReadFile(args[1]))
}

// cmdProviderSettings writes the kyoli.yaml of `provider` again.
func cmdProviderSettings(ts *testscript.TestScript, neg bool, _ []string) {
	plain(ts, neg)
	writeSettings(ts, provider(ts).url)
}
