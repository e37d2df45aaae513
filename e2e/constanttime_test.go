package e2e_test

import (
	"bytes"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const module = "github.com/kyoli-gam/kyoli/"

// guarding are the packages that are shown secrets by others, and whether they compare them themselves.
var guarding = map[string]bool{"pkg/proxy": true, "pkg/provider/login": true, "cmd": false}

// guarded says whether a value is what somebody else has to guess: a secret of the proxy, its hash, the state of a login.
func guarded(t types.Type, name string) bool {
	switch t.String() {
	case module + "pkg/proxy.Secret", "[32]byte":
		return true
	}
	return name == "state" && types.Identical(t.Underlying(), types.Typ[types.String])
}

// What another program or a web page has to know to be let in is compared by crypto/subtle only: how long a comparison
// takes must not tell how much of a guess is right.
func TestSecretsAreComparedInConstantTime(t *testing.T) {
	exports := exportData(t)
	for dir, compares := range guarding {
		fset := token.NewFileSet()
		lookup := func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) }
		config := types.Config{Importer: importer.ForCompiler(fset, "gc", lookup)}
		info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}}
		files := sourceOf(t, fset, filepath.Join("..", filepath.FromSlash(dir)))
		if _, err := config.Check(module+dir, fset, files, info); err != nil {
			t.Fatal(err)
		}
		subtle := 0
		for _, file := range files {
			ast.Inspect(file, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok && calls(info, call, "crypto/subtle") {
					subtle++
				}
				if how := comparison(info, n); how != "" {
					t.Errorf("%s: %s compares a secret; use crypto/subtle", fset.Position(n.Pos()), how)
				}
				return true
			})
		}
		if compares != (subtle > 0) {
			t.Errorf("%s calls crypto/subtle %d times", dir, subtle)
		}
	}
}

// exportData is where the compiler has left what each package exports.
func exportData(t *testing.T) map[string]string {
	t.Helper()
	args := []string{"list", "-export", "-deps", "-f", "{{.ImportPath}}\t{{.Export}}"}
	for dir := range guarding {
		args = append(args, module+dir)
	}
	var errs bytes.Buffer
	cmd := exec.Command("go", args...)
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, errs.String())
	}
	exports := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), "\t")
		exports[path] = file
	}
	return exports
}

// sourceOf parses the files of a package that are built here.
func sourceOf(t *testing.T, fset *token.FileSet, dir string) []*ast.File {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", `{{join .GoFiles "\n"}}`, "./"+filepath.ToSlash(dir)).Output()
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, name := range strings.Fields(string(out)) {
		file, err := parser.ParseFile(fset, filepath.Join(dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

// comparison says how a node compares something guarded, empty where it does not. That there is a secret at all may be
// asked in any way.
func comparison(info *types.Info, n ast.Node) string {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		if (n.Op == token.EQL || n.Op == token.NEQ) && !empty(info, n.X) && !empty(info, n.Y) && (holds(info, n.X) || holds(info, n.Y)) {
			return n.Op.String()
		}
	case *ast.SwitchStmt:
		if n.Tag != nil && holds(info, n.Tag) {
			return "switch"
		}
	case *ast.IndexExpr:
		if _, ok := info.Types[n.X].Type.Underlying().(*types.Map); ok && holds(info, n.Index) {
			return "a map"
		}
	case *ast.CallExpr:
		for _, pkg := range []string{"bytes", "strings", "slices", "maps", "reflect", "cmp"} {
			if calls(info, n, pkg) && compares(n) {
				for _, arg := range n.Args {
					if holds(info, arg) {
						return pkg
					}
				}
			}
		}
	}
	return ""
}

// compares says whether a function of the standard library compares, by its name.
func compares(call *ast.CallExpr) bool {
	name := call.Fun.(*ast.SelectorExpr).Sel.Name
	for _, part := range []string{"Equal", "Compare", "Contains", "Index", "HasPrefix", "HasSuffix", "Or"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// calls says whether a call is of a function of a package.
func calls(info *types.Info, call *ast.CallExpr, path string) bool {
	f, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	x, ok := f.X.(*ast.Ident)
	if !ok {
		return false
	}
	pkg, ok := info.Uses[x].(*types.PkgName)
	return ok && pkg.Imported().Path() == path
}

// empty says whether an expression is the empty text, or nil.
func empty(info *types.Info, e ast.Expr) bool {
	v := info.Types[e]
	return v.IsNil() || v.Value != nil && v.Value.ExactString() == `""`
}

// holds says whether there is something guarded in an expression, however it is converted or cut. What a call of
// crypto/subtle, or len, makes of it is not.
func holds(info *types.Info, e ast.Expr) bool {
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			if calls(info, call, "crypto/subtle") {
				return false
			}
			if f, ok := call.Fun.(*ast.Ident); ok && f.Name == "len" {
				return false
			}
		}
		x, ok := n.(ast.Expr)
		if !ok {
			return true
		}
		name := ""
		switch x := x.(type) {
		case *ast.Ident:
			name = x.Name
		case *ast.SelectorExpr:
			name = x.Sel.Name
		}
		if v, known := info.Types[x]; known && v.Type != nil && !v.IsType() && guarded(v.Type, name) {
			found = true
		} else if id, ok := x.(*ast.Ident); ok && info.Uses[id] != nil {
			if o, ok := info.Uses[id].(*types.Var); ok && guarded(o.Type(), id.Name) {
				found = true
			}
		}
		return !found
	})
	return found
}
