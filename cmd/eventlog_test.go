package cmd

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/kyoli-gam/kyoli/internal/eventlog"
)

// What the packages tell is a kind of event, and what is a kind is described.
func TestKindsAreDescribed(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, kind := range eventlog.Kinds() {
		known[kind[0]] = true
		if !strings.Contains(string(page), "`"+kind[0]+"`") {
			t.Errorf("docs/events.md lacks %s", kind[0])
		}
	}
	for _, file := range []string{"../pkg/manager/event.go", "../pkg/claims/event.go", "../internal/eventlog/kinds.go"} {
		found := kindsIn(t, file)
		if len(found) < 4 {
			t.Errorf("%s: only %q", file, found)
		}
		for _, kind := range found {
			if !known[kind] {
				t.Errorf("%s: %q is not in eventlog.Kinds", file, kind)
			}
		}
	}
	fields := reflect.TypeFor[eventlog.Event]()
	for i := range fields.NumField() {
		name, _, _ := strings.Cut(fields.Field(i).Tag.Get("json"), ",")
		if name != "" && !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("docs/events.md lacks the field %s", name)
		}
	}
}

// kindsIn are the values of the exported constants of a file.
func kindsIn(t *testing.T, path string) (kinds []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, decl := range file.Decls {
		d, ok := decl.(*ast.GenDecl)
		if !ok || d.Tok != token.CONST {
			continue
		}
		for _, spec := range d.Specs {
			v := spec.(*ast.ValueSpec)
			lit, ok := v.Values[0].(*ast.BasicLit)
			if !ok || !v.Names[0].IsExported() {
				continue
			}
			s, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			kinds = append(kinds, s)
		}
	}
	return kinds
}
