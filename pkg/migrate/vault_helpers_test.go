package migrate

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/kyoli-gam/kyoli/internal/procid"
)

// someone's auth.json, laid out by hand, with members that OpenCode drops.
const byHand = `{
    "openai":      {"type":"oauth", "refresh":"o-r", "access":"o-a", "expires":1700000000000, "note":"mine"},
    "anthropic":   {"type":"oauth", "refresh":"a-r", "access":"a-a", "expires":1700000000001},
    "github-copilot": {"type":"oauth", "refresh":"gh", "access":"gh", "expires":0},
    "openrouter":  {"type":"api", "key":"k", "big":9007199254740993},
    "future":      {"type":"passkey", "data":[1,2]}
}
`

var chosen = RunInfo{Key: "openai", Access: "chosen-access", Expires: 4102444800000, AccountID: "acct"}

// vaultRunOf begins a run and starts an OpenCode on it.
func (p Place) begin(t testing.TB) (*VaultRun, *openCode) {
	t.Helper()
	v := OpenVault(p.StateDir, p.AuthPath)
	v.OnNote = func(err error) { t.Logf("note: %v", err) }
	content, _, run, err := v.Begin(testContext(t), chosen)
	if err != nil {
		t.Fatal(err)
	}
	oc := startOpenCode(t, content)
	if err := run.Attach(testContext(t), oc.process()); err != nil {
		t.Fatal(err)
	}
	return run, oc
}

func (r *VaultRun) mustEnd(t testing.TB) {
	t.Helper()
	if err := r.End(testContext(t)); err != nil {
		t.Fatal(err)
	}
}

// watching watches until the test ends.
func (r *VaultRun) watching(t testing.TB) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(testContext(t))
	done := make(chan error, 1)
	go func() { done <- r.Watch(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("watch: %v", err)
		}
	}
}

// vaultHas waits until the vault holds s.
func vaultHas(t testing.TB, p Place, s string) {
	t.Helper()
	target, err := p.target()
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the vault holds "+s, func() bool {
		data, err := os.ReadFile(p.vaultPath(target))
		return err == nil && strings.Contains(string(data), s)
	})
}

// forge changes all runs in the vault.
func (v *Vault) forge(t testing.TB, change func(*vaultRun)) {
	t.Helper()
	err := v.under(testContext(t), func(s *session) error {
		for _, run := range s.vault.Runs {
			change(run)
		}
		return s.saveVault()
	})
	if err != nil {
		t.Fatal(err)
	}
}

// deadProcess is a process that has ended.
func deadProcess(t testing.TB) procid.Process {
	t.Helper()
	oc := startOpenCode(t, "{}")
	p := oc.process()
	oc.end()
	return p
}
