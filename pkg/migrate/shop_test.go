package migrate

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

// shop is an auth.json and a store, and a provider that rotates tokens.
type shop struct {
	Place
	login Login
	mu    sync.Mutex
	spent []store.Secret // by Valid, in order
	stale map[string]bool
}

const farAhead = 4102444800000

// account is an account with tokens made from its name.
func account(name string, expires int64) *store.Account {
	return &store.Account{
		UUID: name + "-0000", Label: name, Email: name + "@example.com", AccountID: "acct-" + name,
		RefreshToken: store.Secret(name + "-r0"), AccessToken: store.Secret(name + "-a0"), ExpiresAt: store.Millis(expires),
		AddedAt: 1, LastUsed: 1, Enabled: true,
	}
}

func newShop(t testing.TB, auth string, accounts ...*store.Account) *shop {
	t.Helper()
	s := &shop{stale: map[string]bool{}}
	s.Place = placeOf(t, auth)
	path := filepath.Join(t.TempDir(), "openai-multi-account-accounts.json")
	s.login = Login{Provider: "openai", Key: "openai", Backend: openStore(path), Identify: identify}
	s.update(t, func(all *store.Accounts) {
		for _, a := range accounts {
			all.Add(a)
		}
	})
	return s
}

// identify reads the tests' access tokens: those made from a name belong to
// that name; of others nothing is known.
func identify(access store.Secret) Identity {
	name, _, ok := strings.Cut(access.Reveal(), "-a")
	if !ok {
		return Identity{}
	}
	return Identity{AccountID: "acct-" + name, Email: name + "@example.com", Plan: "pro"}
}

func (s *shop) update(t testing.TB, fn func(*store.Accounts)) {
	t.Helper()
	if _, err := s.login.Backend.Update(testContext(t), func(all *store.Accounts) error { fn(all); return nil }); err != nil {
		t.Fatal(err)
	}
}

func (s *shop) account(t testing.TB, name string) *store.Account {
	t.Helper()
	all, err := s.login.Backend.Load(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	a, err := all.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// valid refreshes accounts that are marked stale, as the manager does.
func (s *shop) valid(ctx context.Context, uuid string) (*store.Account, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var parent, child store.Credential
	var a *store.Account
	_, err := s.login.Backend.Update(ctx, func(all *store.Accounts) error {
		a = all.Get(uuid)
		if parent = a.Credential(); !s.stale[uuid] {
			return nil
		}
		name := a.Label
		child = store.Credential{
			RefreshToken: store.Secret(name + "-r0" + "+" + parent.RefreshToken.Reveal()), AccessToken: store.Secret(name + "-a" + parent.RefreshToken.Reveal()),
			ExpiresAt: parent.ExpiresAt + 1000,
		}
		a.SetCredential(child)
		return nil
	})
	if err != nil || !s.stale[uuid] {
		return a, err
	}
	delete(s.stale, uuid)
	s.spent = append(s.spent, parent.RefreshToken)
	_, err = AfterRotate(ctx, s.Place, s.login.Key, parent, child, a)
	return a, err
}

func (s *shop) options() SyncOptions {
	return SyncOptions{
		Login:  s.login,
		Usable: func(a *store.Account) bool { return a.RateLimitResetAt == 0 },
		Valid:  s.valid,
		Stale:  func(a *store.Account) bool { return s.stale[a.UUID] },
	}
}

func (s *shop) sync(t testing.TB, change ...func(*SyncOptions)) *SyncResult {
	t.Helper()
	res, err := s.try(t, change...)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func (s *shop) try(t testing.TB, change ...func(*SyncOptions)) (*SyncResult, error) {
	t.Helper()
	o := s.options()
	for _, c := range change {
		c(&o)
	}
	return Sync(testContext(t), s.Place, o)
}

func named(name string) func(*SyncOptions) { return func(o *SyncOptions) { o.Account = name } }

func forced(o *SyncOptions) { o.Force = true }

func dry(o *SyncOptions) { o.DryRun = true }

// entry is the openai entry of auth.json.
func (s *shop) entry(t testing.TB) Entry {
	t.Helper()
	e, _ := parsed(t, s.content(t)).Entry("openai")
	return e
}

// has checks whose credential the openai entry has.
func (s *shop) has(t testing.TB, a *store.Account) {
	t.Helper()
	if e := s.entry(t); e.Credential() != a.Credential() || e.AccountID != a.AccountID {
		t.Errorf("auth.json has %s, want the credential of %s", e.raw, a.Name())
	}
}

const others = `{
	"anthropic" : {"type":"oauth","refresh":"x-r","access":"x-a","expires":1, "more":9007199254740993},
	"groq":{"type":"api","key":"k"}
}
`

// state is the content of the ledger.
func (p Place) state(t testing.TB) string {
	t.Helper()
	target, err := p.target()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(p.ledgerPath(target))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(data)
}
