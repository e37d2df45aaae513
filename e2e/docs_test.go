package e2e_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"gopkg.in/yaml.v3"
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

// cmdDocsJob writes the steps of the one YAML block of a page that has that top
// key, a job of GitHub's ("jobs") or GitLab's ("agent"), into a script:
// docsjob PAGE.md KEY SCRIPT. A secret X of GitHub's is in $SECRET_X.
func cmdDocsJob(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg)
	page, err := os.ReadFile(filepath.Join(docsDir, args[0]))
	ts.Check(err)
	for _, block := range yamlBlock.FindAllStringSubmatch(string(page), -1) {
		var doc map[string]any
		ts.Check(yaml.Unmarshal([]byte(block[1]), &doc))
		if doc[args[1]] == nil {
			continue
		}
		var job ciJob
		if args[1] == "jobs" {
			var file struct{ Jobs map[string]ciJob }
			ts.Check(yaml.Unmarshal([]byte(block[1]), &file))
			job = file.Jobs["agent"]
		} else {
			var file map[string]ciJob
			ts.Check(yaml.Unmarshal([]byte(block[1]), &file))
			job = file[args[1]]
		}
		script, err := job.shell()
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(script), 0o600))
		return
	}
	ts.Fatalf("%s has no YAML block with %s", args[0], args[1])
}

var (
	yamlBlock  = regexp.MustCompile("(?s)```yaml\n(.*?)```")
	expression = regexp.MustCompile(`\$\{\{ *([a-z]+)\.([A-Za-z_]+) *\}\}`)
)

// ciJob is what a job of GitHub's or GitLab's does.
type ciJob struct {
	Steps  []ciStep
	Script []string
}

type ciStep struct {
	Uses, Run string
	If        string
	Env       map[string]string
}

// shell is a script that does the same: GitHub's steps each in a shell of its
// own, those with "always()" whatever has become of the others.
func (j ciJob) shell() (string, error) {
	if len(j.Script) > 0 {
		return "set -e\n" + strings.Join(j.Script, "\n") + "\n", nil
	}
	var b strings.Builder
	b.WriteString("failed=0\n")
	for _, s := range j.Steps {
		switch {
		case s.Uses != "":
			continue
		case s.Run == "" || s.If != "" && s.If != "always()":
			return "", fmt.Errorf("cannot run the step %+v", s)
		}
		b.WriteString("step=$(cat <<'STEP'\n")
		for _, name := range slices.Sorted(maps.Keys(s.Env)) {
			value := expression.ReplaceAllStringFunc(s.Env[name], func(e string) string {
				part := expression.FindStringSubmatch(e)
				return strings.ToUpper("${" + strings.TrimSuffix(part[1], "s") + "_" + part[2] + "}")
			})
			if strings.Contains(value, "{{") {
				return "", fmt.Errorf("cannot expand %s", value)
			}
			fmt.Fprintf(&b, "export %s=\"%s\"\n", name, value)
		}
		// A shell of its own: set -e counts for nothing to the left of "||".
		b.WriteString(s.Run + "\nSTEP\n)\n")
		if s.If == "" {
			b.WriteString("[ $failed != 0 ] || ")
		}
		b.WriteString("bash -ec \"$step\" </dev/null || failed=1\n")
	}
	b.WriteString("exit $failed\n")
	return b.String(), nil
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
