package cmd

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// docs/doctor.md has every id and every field, and none that there is not.
func TestDocsNameEveryFinding(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/doctor.md")
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, id := range findingIDs(t) {
		ids[id] = true
		if !strings.Contains(string(page), "`"+id+"`") {
			t.Errorf("docs/doctor.md lacks %s", id)
		}
	}
	_, table, _ := strings.Cut(string(page), "\n| `id` |")
	for _, m := range regexp.MustCompile("(?m)^\\| (`[^|]*`) \\|").FindAllStringSubmatch(table, -1) {
		for _, id := range strings.Split(m[1], ", ") {
			if !ids[strings.Trim(id, "`")] {
				t.Errorf("docs/doctor.md has %s, which there is not", id)
			}
		}
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[finding]()) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name != "" && !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("docs/doctor.md does not name %s", name)
		}
	}
}

// findingIDs reads the ids from the code.
func findingIDs(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("doctor*.go")
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	given := regexp.MustCompile(`\bID(?::|(?:, x\.\w+)* =) (?:"([a-z-]+)")`)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		code, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range given.FindAllStringSubmatch(string(code), -1) {
			ids = append(ids, m[1])
		}
	}
	if len(ids) < 40 {
		t.Fatalf("only %d ids found", len(ids))
	}
	return ids
}

// The OpenCode that is said to be tested is the one that is.
func TestTestedOpenCode(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile("../scripts/e2e-opencode")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(script), "OPENCODE_VERSION:-"+testedOpenCode+"}") {
		t.Errorf("scripts/e2e-opencode runs another version than %s", testedOpenCode)
	}
}
