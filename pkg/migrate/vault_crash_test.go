package migrate

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kyoli-gam/kyoli/internal/procid"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// kyoli is killed with -9; its child goes on, and stores something. The next
// command heals, as often as it takes, and drops the vault once the child is dead.
func TestSupervisorKilled(t *testing.T) {
	t.Parallel()
	p := place(t, byHand)
	sup := startSupervisor(t, p)
	sup.login(p, "acme", oauthJSON("n-r", "n-a", 7))
	var want *AuthFile
	eventually(t, "the supervisor heals", func() bool {
		var err error
		want, err = ReadAuth(p.AuthPath)
		return err == nil && want.refresh("anthropic") == "a-r" && want.refresh("acme") == "n-r"
	})
	if err := sup.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = sup.cmd.Wait()
	sup.login(p, "beta", oauthJSON("b-r", "b-a", 8)) // the child has our end of the pipes
	if got := parsed(t, p.content(t)); got.refresh("anthropic") != "" {
		t.Fatalf("the child did not clobber: %s", p.content(t))
	}
	if err := Heal(testContext(t), p.StateDir, store.Sealing{}); err != nil {
		t.Fatal(err)
	}
	want, _ = want.apply([]change{{"beta", compact([]byte(oauthJSON("b-r", "b-a", 8)))}})
	p.holds(t, string(want.Raw()))
	if !exists(vaultDir(p.StateDir)) {
		t.Fatal("the vault was dropped while the child lives")
	}
	sup.logout(p, "openrouter")
	_ = sup.close()
	sup.close = nil
	for sup.out.Scan() { // until the child has ended
	}
	eventually(t, "the vault is dropped", func() bool {
		if err := Heal(testContext(t), p.StateDir, store.Sealing{}); err != nil {
			t.Fatal(err)
		}
		return !exists(vaultDir(p.StateDir))
	})
	want, _ = want.apply([]change{{key: "openrouter"}})
	p.holds(t, string(want.Raw()))
	p.noSecrets(t, "a-r", "b-r", "n-r", "chosen-access")
}

// A kyoli that dies before its child is known leaves a run that is dead.
func TestSupervisorDiedEarly(t *testing.T) {
	t.Parallel()
	p := place(t, byHand)
	v := OpenVault(p.StateDir, p.AuthPath)
	_, _, run, err := v.Begin(testContext(t), chosen)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Heal(testContext(t)); err != nil || !exists(vaultDir(p.StateDir)) {
		t.Fatalf("healed away while its kyoli lives (%v)", err)
	}
	v.forge(t, func(r *vaultRun) { r.Supervisor = deadProcess(t) })
	if err := v.Heal(testContext(t)); err != nil {
		t.Fatal(err)
	}
	p.noVault(t)
	run.mustEnd(t) // no harm
}

// A run on another host counts as alive for a week.
func TestStranger(t *testing.T) {
	t.Parallel()
	p := place(t, byHand)
	v := OpenVault(p.StateDir, p.AuthPath)
	if _, _, _, err := v.Begin(testContext(t), chosen); err != nil {
		t.Fatal(err)
	}
	v.forge(t, func(r *vaultRun) {
		r.Supervisor = procid.Process{PID: 1, BootID: "another", Host: "another", StartTime: "1"}
		r.Child = &r.Supervisor
	})
	if err := v.Heal(testContext(t)); err != nil || !exists(vaultDir(p.StateDir)) {
		t.Fatalf("dropped after no time (%v)", err)
	}
	v.Now = func() time.Time { return time.Now().Add(strangerLimit + time.Hour) }
	if err := v.Heal(testContext(t)); err != nil {
		t.Fatal(err)
	}
	p.noVault(t)
}

// OpenCode dies between its truncation and its write: the vault has it all.
func TestTornAndDead(t *testing.T) {
	t.Parallel()
	p := place(t, byHand)
	run, oc := p.begin(t)
	oc.begin(order{Path: p.AuthPath, Key: "acme", Entry: []byte(oauthJSON("r", "a", 1)), Die: "truncated"})
	oc.end()
	p.want(t, "")
	run.mustEnd(t)
	p.want(t, byHand)
	p.noVault(t)
}

// What is half written is not kyoli's to throw away: it is refused, kept and
// named, the vault stays, and is used once the user has moved the file away.
func TestHalfWrittenAndDead(t *testing.T) {
	t.Parallel()
	p := place(t, byHand)
	run, oc := p.begin(t)
	oc.begin(order{Path: p.AuthPath, Key: "acme", Entry: []byte(oauthJSON("r", "a", 1)), Die: "half"})
	oc.end()
	half := p.content(t)
	err := run.End(testContext(t))
	var damaged *AuthDamagedError
	if !errors.As(err, &damaged) || !strings.HasSuffix(damaged.Path, filepath.Base(p.AuthPath)) {
		t.Fatalf("error %v", err)
	}
	p.want(t, half)
	if err := Heal(testContext(t), p.StateDir, store.Sealing{}); !errors.As(err, &damaged) {
		t.Errorf("the next command says %v", err)
	}
	if err := os.Rename(p.AuthPath, p.AuthPath+".damaged"); err != nil {
		t.Fatal(err)
	}
	if err := Heal(testContext(t), p.StateDir, store.Sealing{}); err != nil {
		t.Fatal(err)
	}
	p.want(t, byHand)
	p.noVault(t)
}

// A plain OpenCode that read a torn file writes its login over nothing.
func TestWrittenOverNothing(t *testing.T) {
	t.Parallel()
	p := place(t, byHand)
	run, oc := p.begin(t)
	stop := run.watching(t)
	p.put(t, doc("acme", oauthJSON("r", "a", 1)))
	f := parsed(t, byHand)
	f, _ = f.apply([]change{{"acme", compact([]byte(oauthJSON("r", "a", 1)))}})
	p.holds(t, string(f.Raw()))
	stop()
	oc.end()
	run.mustEnd(t)
}

// The user removes the file: that is not undone.
func TestFileRemoved(t *testing.T) {
	t.Parallel()
	p := place(t, byHand)
	run, oc := p.begin(t)
	if err := os.Remove(p.AuthPath); err != nil {
		t.Fatal(err)
	}
	oc.end()
	run.mustEnd(t)
	if exists(p.AuthPath) {
		t.Errorf("it is back: %s", p.content(t))
	}
	p.noVault(t)
}

// Where there is no vault, Heal makes and reads nothing.
func TestHealNothing(t *testing.T) {
	t.Parallel()
	p := place(t, byHand)
	if err := Heal(testContext(t), p.StateDir, store.Sealing{}); err != nil {
		t.Fatal(err)
	}
	if err := OpenVault(p.StateDir, p.AuthPath).Heal(testContext(t)); err != nil {
		t.Fatal(err)
	}
	if exists(p.StateDir) {
		t.Error("it made the state directory")
	}
}

// A vault that cannot be read is said, and kept.
func TestVaultDamaged(t *testing.T) {
	t.Parallel()
	for _, content := range []string{"", "{", `{"version":2}`} {
		p := place(t, byHand)
		target, err := p.target()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(vaultDir(p.StateDir), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p.vaultPath(target), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		var bad *VaultError
		if err := Heal(testContext(t), p.StateDir, store.Sealing{}); !errors.As(err, &bad) || bad.Path != p.vaultPath(target) {
			t.Errorf("%q: %v", content, err)
		}
		if _, _, _, err := OpenVault(p.StateDir, p.AuthPath).Begin(testContext(t), chosen); !errors.As(err, &bad) {
			t.Errorf("%q: begin: %v", content, err)
		}
		if got, _ := os.ReadFile(p.vaultPath(target)); string(got) != content {
			t.Errorf("%q was overwritten by %q", content, got)
		}
	}
}
