package migrate

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

func TestBeginLendsNoRefreshToken(t *testing.T) {
	t.Parallel()
	p := place(t, byHand)
	content, unrenewable, run, err := OpenVault(p.StateDir, p.AuthPath).Begin(testContext(t), chosen)
	if err != nil {
		t.Fatal(err)
	}
	want := doc(
		"openai", oauthJSON("", "chosen-access", 4102444800000, "accountId", "acct"),
		"anthropic", oauthJSON("", "a-a", 1700000000001),
		"github-copilot", oauthJSON("gh", "gh", 0),
		"openrouter", `{"type":"api","key":"k","big":9007199254740993}`)
	if got := parsed(t, content); !got.equal(parsed(t, want)) {
		t.Errorf("OPENCODE_AUTH_CONTENT is\n%s\nwant\n%s", content, want)
	}
	if strings.Contains(content, "a-r") || strings.Contains(content, "o-r") || strings.Contains(content, "o-a") {
		t.Errorf("the content holds what the child must not have: %s", content)
	}
	if len(unrenewable) != 1 || unrenewable[0] != "anthropic" {
		t.Errorf("unrenewable: %v", unrenewable)
	}
	p.want(t, byHand)
	path := filepath.Join(vaultDir(p.StateDir))
	files, err := os.ReadDir(path)
	if err != nil || len(files) != 1 {
		t.Fatalf("vaults: %v, %v", files, err)
	}
	if info, _ := files[0].Info(); runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the vault has mode %v", info.Mode())
	}
	if info, _ := os.Stat(path); runtime.GOOS != "windows" && info.Mode().Perm() != 0o700 {
		t.Errorf("its directory has mode %v", info.Mode())
	}
	run.mustEnd(t)
	p.want(t, byHand)
	p.noVault(t)
	p.noSecrets(t, "o-r", "a-r", "chosen-access", `"gh"`)
}

// A member that OpenCode does not know may hold a token, too.
func TestBeginLendsNoUnknownMembersOfOAuth(t *testing.T) {
	t.Parallel()
	p := place(t, `{"anthropic":{"type":"oauth","refresh":"r","access":"a","expires":1,"previousRefresh":"old-r"}}`)
	content, _, run, err := OpenVault(p.StateDir, p.AuthPath).Begin(testContext(t), chosen)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(content, "old-r") {
		t.Errorf("lent: %s", content)
	}
	run.mustEnd(t)
}

func TestRunStoresLogin(t *testing.T) {
	t.Parallel()
	p := place(t, byHand)
	run, oc := p.begin(t)
	oc.login(p, "acme", oauthJSON("new-r", "new-a", 5))
	if strings.Contains(p.content(t), "a-r") {
		t.Fatal("the simulated OpenCode does not clobber")
	}
	oc.end()
	run.mustEnd(t)
	got := p.content(t)
	without, err := parsed(t, got).apply([]change{{key: "acme"}})
	if err != nil || string(without.Raw()) != byHand {
		t.Errorf("auth.json is\n%s\nwant it as before, with acme", got)
	}
	e, _ := parsed(t, got).Entry("acme")
	if e.Refresh != "new-r" || e.Access != "new-a" || e.Expires != 5 {
		t.Errorf("acme is %s", e.raw)
	}
	p.noVault(t)
}

// Each of the things a run can do, healed at its end and healed while it runs.
func TestRunChanges(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts processes")
	}
	without := func(key string) string {
		f, _ := parseAuth("", []byte(byHand))
		f, _ = f.apply([]change{{key: key}})
		return string(f.Raw())
	}
	with := func(key, entry string) string {
		f, _ := parseAuth("", []byte(byHand))
		f, _ = f.apply([]change{{key, compact([]byte(entry))}})
		return string(f.Raw())
	}
	login := oauthJSON("n-r", "n-a", 7)
	for name, c := range map[string]struct {
		do   func(*openCode, Place)
		want string
	}{
		"rotates another login":     {func(o *openCode, p Place) { o.login(p, "anthropic", login) }, with("anthropic", login)},
		"logs in to its own":        {func(o *openCode, p Place) { o.login(p, "openai", login) }, with("openai", login)},
		"stores an API key":         {func(o *openCode, p Place) { o.login(p, "groq", `{"type":"api","key":"g"}`) }, with("groq", `{"type":"api","key":"g"}`)},
		"replaces login by API key": {func(o *openCode, p Place) { o.login(p, "openai", `{"type":"api","key":"g"}`) }, with("openai", `{"type":"api","key":"g"}`)},
		"logs out of another":       {func(o *openCode, p Place) { o.logout(p, "anthropic") }, without("anthropic")},
		"logs out of its own":       {func(o *openCode, p Place) { o.logout(p, "openai") }, without("openai")},
		"logs out of an API key":    {func(o *openCode, p Place) { o.logout(p, "openrouter") }, without("openrouter")},
		"logs out of nothing":       {func(o *openCode, p Place) { o.logout(p, "nothing") }, byHand},
		"stores its own again": {func(o *openCode, p Place) {
			o.login(p, "openai", oauthJSON("", "chosen-access", 4102444800000, "accountId", "acct"))
		}, byHand},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := place(t, byHand)
			run, oc := p.begin(t)
			stop := run.watching(t)
			c.do(oc, p)
			p.holds(t, c.want) // while it runs
			c.do(oc, p)        // once more, over what was healed
			oc.end()
			stop()
			run.mustEnd(t)
			p.holds(t, c.want)
			if c.want == byHand {
				p.want(t, byHand)
			}
			p.noVault(t)
		})
	}
}

// What others store while the run goes on survives the run's next write.
func TestRunClobbersOthers(t *testing.T) {
	t.Parallel()
	p := place(t, byHand)
	run, oc := p.begin(t)
	stop := run.watching(t)
	plain := startOpenCode(t, "")
	plain.login(p, "anthropic", oauthJSON("a-r2", "a-a2", 1700000000009))
	plain.login(p, "later", oauthJSON("l-r", "l-a", 3))
	vaultHas(t, p, "l-r")
	oc.login(p, "acme", oauthJSON("n-r", "n-a", 7))
	want := doc(
		"openai", oauthJSON("o-r", "o-a", 1700000000000),
		"anthropic", oauthJSON("a-r2", "a-a2", 1700000000009),
		"github-copilot", oauthJSON("gh", "gh", 0),
		"openrouter", `{"type":"api","key":"k"}`,
		"later", oauthJSON("l-r", "l-a", 3),
		"acme", oauthJSON("n-r", "n-a", 7),
		"future", `{"type":"passkey","data":[1,2]}`)
	p.holds(t, want)
	oc.login(p, "acme", oauthJSON("n-r2", "n-a2", 8)) // its variable knows neither
	want = strings.NewReplacer("n-r", "n-r2", "n-a", "n-a2", ":7", ":8").Replace(want)
	p.holds(t, want)
	stop()
	oc.end()
	run.mustEnd(t)
	p.holds(t, want)
	p.noVault(t)
}

// Two runs share the vault; it goes when the second ends.
func TestTwoRuns(t *testing.T) {
	t.Parallel()
	p := place(t, byHand)
	run1, oc1 := p.begin(t)
	run2, oc2 := p.begin(t)
	oc1.login(p, "acme", oauthJSON("1-r", "1-a", 1))
	oc1.end()
	run1.mustEnd(t)
	oc2.login(p, "groq", `{"type":"api","key":"g"}`)
	if !exists(vaultDir(p.StateDir)) {
		t.Fatal("the first end dropped the vault")
	}
	oc2.end()
	run2.mustEnd(t)
	f, err := parsed(t, p.content(t)).apply([]change{{key: "acme"}, {key: "groq"}})
	if err != nil || string(f.Raw()) != byHand {
		t.Errorf("auth.json is\n%s", p.content(t))
	}
	if got := parsed(t, p.content(t)); got.refresh("acme") != "1-r" {
		t.Errorf("acme is lost: %s", p.content(t))
	}
	p.noVault(t)
}

// A file that was not there: made when something was stored, and only then.
func TestRunWithoutFile(t *testing.T) {
	t.Parallel()
	t.Run("stores nothing", func(t *testing.T) {
		p := place(t, "")
		run, oc := p.begin(t)
		oc.end()
		run.mustEnd(t)
		if exists(p.AuthPath) || exists(filepath.Dir(p.AuthPath)) {
			t.Error("it was made")
		}
		p.noVault(t)
	})
	t.Run("stores a login", func(t *testing.T) {
		p := place(t, "")
		if err := os.MkdirAll(filepath.Dir(p.AuthPath), 0o700); err != nil {
			t.Fatal(err)
		}
		run, oc := p.begin(t)
		oc.login(p, "acme", oauthJSON("r", "a", 1))
		oc.end()
		run.mustEnd(t)
		p.holds(t, doc("acme", oauthJSON("r", "a", 1)))
		p.noVault(t)
	})
	t.Run("stores its own", func(t *testing.T) {
		p := place(t, "")
		if err := os.MkdirAll(filepath.Dir(p.AuthPath), 0o700); err != nil {
			t.Fatal(err)
		}
		run, oc := p.begin(t)
		oc.logout(p, "nothing")
		oc.end()
		run.mustEnd(t)
		p.holds(t, "{}")
	})
}

func TestBeginRefusesDamaged(t *testing.T) {
	t.Parallel()
	p := place(t, "{}")
	p.put(t, `{"openai":{"type":"oa`)
	_, _, _, err := OpenVault(p.StateDir, p.AuthPath).Begin(testContext(t), chosen)
	var damaged *AuthDamagedError
	if !errors.As(err, &damaged) {
		t.Fatalf("error %v", err)
	}
	p.want(t, `{"openai":{"type":"oa`)
	p.noVault(t)
}

// A refresh by kyoli during the run survives the run's next write.
func TestAfterRotateDuringRun(t *testing.T) {
	t.Parallel()
	p := place(t, byHand)
	run, oc := p.begin(t)
	oc.login(p, "acme", oauthJSON("n-r", "n-a", 7)) // not seen yet: openai is a ghost in the file
	parent := store.Credential{RefreshToken: "o-r", AccessToken: "o-a", ExpiresAt: 1700000000000}
	child := store.Credential{RefreshToken: "o-r2", AccessToken: "o-a2", ExpiresAt: 1800000000000}
	wrote, err := AfterRotate(testContext(t), p, "openai", parent, child, &store.Account{UUID: "u1"})
	if err != nil || !wrote {
		t.Fatalf("wrote %v, %v", wrote, err)
	}
	oc.login(p, "acme", oauthJSON("n-r2", "n-a2", 8))
	oc.end()
	run.mustEnd(t)
	f := parsed(t, byHand)
	f, _ = f.apply([]change{
		{"openai", compact([]byte(oauthJSON("o-r2", "o-a2", 1800000000000)))},
		{"acme", compact([]byte(oauthJSON("n-r2", "n-a2", 8)))},
	})
	p.holds(t, string(f.Raw()))
	if !strings.Contains(p.content(t), `"note":"mine"`) {
		t.Errorf("the unknown member is gone: %s", p.content(t))
	}
}

// A symlinked auth.json has one vault under either name.
func TestVaultBehindSymlink(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("symlinks need a privilege")
	}
	p := place(t, byHand)
	link := Place{AuthPath: filepath.Join(t.TempDir(), "auth.json"), StateDir: p.StateDir}
	if err := os.Symlink(p.AuthPath, link.AuthPath); err != nil {
		t.Fatal(err)
	}
	run1, oc1 := p.begin(t)
	run2, oc2 := link.begin(t)
	if files, _ := os.ReadDir(vaultDir(p.StateDir)); len(files) != 1 {
		t.Errorf("vaults: %v", files)
	}
	oc2.login(link, "acme", oauthJSON("r", "a", 1))
	oc1.end()
	oc2.end()
	run1.mustEnd(t)
	run2.mustEnd(t)
	if info, err := os.Lstat(link.AuthPath); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the symlink was replaced (%v)", err)
	}
	if got := parsed(t, p.content(t)); got.refresh("acme") != "r" || got.refresh("anthropic") != "a-r" {
		t.Errorf("auth.json is %s", p.content(t))
	}
}
