//go:build opencode

package e2e_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestOpenCode runs the scripts that need the real OpenCode, whose directory
// scripts/e2e-opencode puts in KYOLI_E2E_OPENCODE_DIR.
func TestOpenCode(t *testing.T) {
	dir := os.Getenv("KYOLI_E2E_OPENCODE_DIR")
	if dir == "" {
		t.Fatal("KYOLI_E2E_OPENCODE_DIR is not set: run scripts/e2e-opencode")
	}
	p := params(filepath.Join("testdata", "opencode"))
	p.Setup = func(env *testscript.Env) error {
		if err := setup(env); err != nil {
			return err
		}
		return openCodeEnv(env, dir)
	}
	p.Cmds["authserver"] = cmdAuthServer
	testscript.Run(t, p)
}

// openCodeEnv makes OpenCode a program that talks to loopback only.
func openCodeEnv(env *testscript.Env, dir string) error {
	env.Setenv("PATH", dir+string(os.PathListSeparator)+env.Getenv("PATH"))
	for _, name := range []string{"MODELS_FETCH", "AUTOUPDATE", "LSP_DOWNLOAD", "SHARE", "CLAUDE_CODE"} {
		env.Setenv("OPENCODE_DISABLE_"+name, "1")
	}
	env.Setenv("npm_config_offline", "true")
	home := env.Getenv("HOME")
	env.Setenv("XDG_DATA_HOME", filepath.Join(home, ".local", "share"))
	env.Setenv("XDG_CONFIG_HOME", filepath.Join(home, ".config"))
	env.Setenv("XDG_STATE_HOME", filepath.Join(home, ".local", "state"))
	env.Setenv("XDG_CACHE_HOME", filepath.Join(home, ".cache"))
	return nil
}

// cmdAuthServer plays auth.openai.com for OpenCode, which has that address
// built in: an HTTPS proxy on loopback answers for that host, with a
// certificate of its own, from the script's provider. Every other host is
// refused, so nothing leaves the machine.
func cmdAuthServer(ts *testscript.TestScript, neg bool, _ []string) {
	plain(ts, neg)
	s, err := startAuthServer(provider(ts).Provider, "auth.openai.com")
	ts.Check(err)
	ts.Defer(s.close)
	ca := ts.MkAbs("authserver.pem")
	ts.Check(os.WriteFile(ca, s.certificate, 0o600))
	ts.Setenv("HTTPS_PROXY", "http://"+s.addr)
	ts.Setenv("NO_PROXY", "127.0.0.1,localhost")
	ts.Setenv("NODE_EXTRA_CA_CERTS", ca)
}
