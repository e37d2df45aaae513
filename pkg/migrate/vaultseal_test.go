package migrate

import (
	"errors"
	"os"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/kyoli-gam/kyoli/internal/seal"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// keys are those of a test; nil without a key.
type keys struct {
	ids    []age.Identity
	scheme seal.Scheme
}

func (k *keys) sealing() store.Sealing {
	source := func() ([]age.Identity, error) {
		if k.ids == nil {
			return nil, &seal.KeyError{Scheme: seal.Age, Where: "there", Err: errors.New("it is gone")}
		}
		return k.ids, nil
	}
	return store.Sealing{
		Box:    seal.NewBox(map[seal.Scheme]seal.Source{seal.Age: source}),
		Scheme: func() seal.Scheme { return k.scheme },
	}
}

func newKeys(t *testing.T) *keys {
	t.Helper()
	line, _, err := seal.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	ids, err := seal.ParseIdentities([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	return &keys{ids: ids, scheme: seal.Age}
}

func (p Place) vaultText(t *testing.T) string {
	t.Helper()
	target, err := p.target()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(p.vaultPath(target))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// beginSealed is begin with sealed tokens.
func (p Place) beginSealed(t *testing.T, k *keys) (*VaultRun, *openCode) {
	t.Helper()
	p.Sealing = k.sealing()
	v := &Vault{Place: p, OnNote: func(err error) { t.Logf("note: %v", err) }}
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

// tokens are what byHand and the run have.
var tokens = []string{"o-r", "o-a", "a-r", "a-a", "chosen-access"}

func TestSealedVault(t *testing.T) {
	t.Parallel()
	k := newKeys(t)
	p := place(t, byHand)
	run, oc := p.beginSealed(t, k)
	text := p.vaultText(t)
	for _, token := range tokens {
		if strings.Contains(text, `\"`+token+`\"`) {
			t.Errorf("%s is in the vault", token)
		}
	}
	oc.login(p, "acme", oauthJSON("new-r", "new-a", 5))
	if strings.Contains(p.content(t), "a-r") {
		t.Fatal("the simulated OpenCode does not clobber")
	}
	oc.end()

	away := *k
	away.ids = nil
	var key *seal.KeyError
	locked := p
	locked.Sealing = away.sealing()
	if err := (&Vault{Place: locked}).Heal(testContext(t)); !errors.As(err, &key) {
		t.Fatalf("healed without the key: %v", err)
	}
	if err := Openable(p.StateDir, away.sealing()); !errors.As(err, &key) {
		t.Errorf("openable without the key: %v", err)
	}
	if strings.Contains(p.content(t), "a-r") || p.vaultText(t) == "" {
		t.Error("something was written without the key")
	}

	run.mustEnd(t)
	without, err := parsed(t, p.content(t)).apply([]change{{key: "acme"}})
	if err != nil || string(without.Raw()) != byHand {
		t.Errorf("auth.json is\n%s", p.content(t))
	}
	p.noVault(t)
}

// The form changes while a run has its vault: what is in it is brought over, and nothing is lost either way.
func TestResealVault(t *testing.T) {
	t.Parallel()
	k := newKeys(t)
	p := place(t, byHand)
	run, oc := p.beginSealed(t, k)
	for _, s := range []seal.Scheme{seal.None, seal.Age, seal.None, seal.Age} {
		k.scheme = s
		for range 2 {
			if err := errors.Join(Openable(p.StateDir, k.sealing()), Reseal(testContext(t), p.StateDir, k.sealing())); err != nil {
				t.Fatal(err)
			}
		}
		text := p.vaultText(t)
		if sealed := strings.Contains(text, seal.Prefix); sealed != (s == seal.Age) || strings.Contains(text, `\"a-r\"`) == sealed {
			t.Errorf("%s: sealed %v:\n%s", s, sealed, text)
		}
	}
	oc.login(p, "acme", oauthJSON("new-r", "new-a", 5))
	oc.end()
	run.mustEnd(t)
	if got := parsed(t, p.content(t)); got.refresh("anthropic") != "a-r" || got.refresh("openai") != "o-r" || got.refresh("acme") != "new-r" {
		t.Errorf("auth.json is\n%s", p.content(t))
	}
	p.noVault(t)
}

// Where no key is to be had, no run begins that would have to keep tokens in a vault.
func TestNoVaultWithoutKey(t *testing.T) {
	t.Parallel()
	p := place(t, byHand)
	p.Sealing = (&keys{scheme: seal.Age}).sealing()
	var key *seal.KeyError
	if _, _, _, err := (&Vault{Place: p}).Begin(testContext(t), chosen); !errors.As(err, &key) {
		t.Errorf("begun: %v", err)
	}
	p.noVault(t)
}

// A vault that the key does not open is kept and named.
func TestVaultOfAnotherKey(t *testing.T) {
	t.Parallel()
	p := place(t, byHand)
	_, oc := p.beginSealed(t, newKeys(t))
	oc.end()
	before := p.vaultText(t)
	var wrong *VaultError
	if err := Openable(p.StateDir, newKeys(t).sealing()); !errors.As(err, &wrong) || !strings.Contains(wrong.Reason, "another key") {
		t.Errorf("openable: %v", err)
	}
	if err := Reseal(testContext(t), p.StateDir, newKeys(t).sealing()); err == nil || p.vaultText(t) != before {
		t.Errorf("resealed: %v", err)
	}
}
