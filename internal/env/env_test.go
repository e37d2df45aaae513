package env

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestGetReadsRegisteredVariables(t *testing.T) {
	e := Map(map[string]string{ConfigDir: "/c", "OTHER": "x"})
	if got := e.Get(ConfigDir); got != "/c" {
		t.Errorf("Get(%s) = %q, want /c", ConfigDir, got)
	}
	if got := e.Get(XDGStateHome); got != "" {
		t.Errorf("Get of an unset variable = %q, want empty", got)
	}
	if got := e.Named("OTHER"); got != "x" {
		t.Errorf("Named(OTHER) = %q, want x", got)
	}
}

func TestGetPanicsOutsideTheRegistry(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("Get of an unregistered name did not panic")
		}
	}()
	Map(map[string]string{"SECRET_SWITCH": "1"}).Get("SECRET_SWITCH")
}

func TestBool(t *testing.T) {
	for value, want := range map[string]bool{
		"": false, "0": false, "false": false, "NO": false, "off": false,
		"1": true, "true": true, "yes": true, "x": true,
	} {
		if got := Map(map[string]string{NoInput: value}).Bool(NoInput); got != want {
			t.Errorf("Bool with %q = %v, want %v", value, got, want)
		}
	}
}

func TestOSReadsTheProcess(t *testing.T) {
	t.Setenv(NoInput, "1")
	t.Setenv(homeVar, "/somewhere")
	e := OS()
	if !e.Bool(NoInput) || e.Home() != "/somewhere" {
		t.Errorf("OS() does not see the process's variables: %v %q", e.Bool(NoInput), e.Home())
	}
	if !slices.Contains(e.Environ(), NoInput+"=1") {
		t.Error("Environ() lacks a set variable")
	}
}

func TestOSTakesSecretsOut(t *testing.T) {
	for _, name := range []string{Accounts, Passphrase} {
		t.Setenv(name, "secret of "+name)
	}
	e := OS()
	for _, name := range []string{Accounts, Passphrase} {
		if got := e.Get(name); got != "secret of "+name {
			t.Errorf("%s is %q", name, got)
		}
		if _, there := os.LookupEnv(name); there {
			t.Errorf("%s is still there to be inherited", name)
		}
	}
	for _, entry := range e.Environ() {
		if strings.Contains(entry, "secret of") {
			t.Errorf("Environ() has %s", entry)
		}
	}
}

func TestZeroValueIsEmpty(t *testing.T) {
	var e Env
	if e.Get(ConfigDir) != "" || e.Home() != "" || e.Environ() != nil {
		t.Error("the zero Env is not empty")
	}
}

func TestMapEnviron(t *testing.T) {
	got := Map(map[string]string{"A": "1", "B": "x=y"}).Environ()
	slices.Sort(got)
	if want := []string{"A=1", "B=x=y"}; !slices.Equal(got, want) {
		t.Errorf("Environ() = %q, want %q", got, want)
	}
}

// Every string constant of registry.go that names a variable has a row, so
// that none can be read without being documented.
func TestEveryNameHasARow(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "registry.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	ast.Inspect(file, func(n ast.Node) bool {
		decl, ok := n.(*ast.GenDecl)
		if !ok || decl.Tok != token.CONST {
			return true
		}
		ast.Inspect(decl, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			name, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			if name == strings.ToUpper(name) {
				found++
				if !registered(name) {
					t.Errorf("%s has no row in the registry", name)
				}
			}
			return true
		})
		return false
	})
	if found < 10 {
		t.Errorf("only %d names found in registry.go: the test looks in the wrong place", found)
	}
}

func TestRowsAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, v := range Vars() {
		if seen[v.Name] {
			t.Errorf("%s is listed twice", v.Name)
		}
		seen[v.Name] = true
		if v.Meaning == "" || (v.Role != Read && v.Role != Export) {
			t.Errorf("%s lacks a meaning or a role: %+v", v.Name, v)
		}
	}
}
