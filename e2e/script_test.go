package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var (
	binDir  string // holds the kyoli that the scripts run
	docsDir string // the project's docs/
)

func TestMain(m *testing.M) {
	testscript.Main(runner{m}, map[string]func(){
		"browse":     browse,
		"callapi":    callAPI,
		"tooauth":    toOAuth,
		"renew":      renew,
		"samelogin":  sameLogin,
		"awaitlogin": awaitLogin,
		"ocserve":    ocServe,
		"await":      awaitFile,
		"waitgone":   waitGone,
		"exitcode":   exitCode,
		"norefresh":  noRefresh,

		"otherprogram": otherProgram,
	})
}

// runner builds kyoli before the tests and removes it after them.
type runner struct{ m *testing.M }

func (r runner) Run() int {
	leaveSurroundings()
	dir, err := os.MkdirTemp("", "kyoli-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binDir = dir
	if docsDir, err = filepath.Abs(filepath.Join("..", "docs")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	build := exec.Command("go", "build", raceFlag, "-o", dir+string(filepath.Separator), "github.com/kyoli-gam/kyoli")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "building kyoli:", err)
		return 1
	}
	return r.m.Run()
}

func TestScripts(t *testing.T) {
	testscript.Run(t, params(filepath.Join("testdata", "script")))
}

func params(dir string) testscript.Params {
	return testscript.Params{
		Dir:                 dir,
		Setup:               setup,
		Cmds:                commands,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       os.Getenv("KYOLI_E2E_UPDATE") != "",
	}
}

// setup gives a script an empty home and the built kyoli.
func setup(env *testscript.Env) error {
	home := filepath.Join(env.WorkDir, "home")
	if err := os.Mkdir(home, 0o700); err != nil {
		return err
	}
	config := filepath.Join(home, ".config", "opencode")
	env.Setenv("PATH", binDir+string(os.PathListSeparator)+env.Getenv("PATH"))
	env.Setenv("HOME", home)
	env.Setenv("USERPROFILE", home)
	env.Setenv("CONFIG", config)
	env.Setenv("ACCOUNTS", filepath.Join(config, "openai-multi-account-accounts.json"))
	env.Setenv("AUTH", filepath.Join(home, ".local", "share", "opencode", "auth.json"))
	return nil
}
