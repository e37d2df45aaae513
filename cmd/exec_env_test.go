package cmd

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/pkg/provider"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

func builtin(t *testing.T, id string) *provider.Adapter {
	t.Helper()
	r, err := provider.Load(nil, "")
	if err != nil {
		t.Fatal(err)
	}
	a, err := r.Get(id)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func someAccount() *store.Account {
	return &store.Account{
		UUID: "0b7e4d3c-1111-4222-8333-444455556666", AccountID: "acct-1", Label: "work", Email: "w@example.com", PlanTier: "pro",
		RefreshToken: "rt-never", AccessToken: "at-1",
		ExpiresAt: store.MillisOf(time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)),
	}
}

func TestChildEnvironment(t *testing.T) {
	inherited := []string{
		"HOME=/h", "OPENAI_API_KEY=sk-inherited", "ANTHROPIC_API_KEY=sk-other-provider", "KYOLI_ACCESS_TOKEN=outer",
		"KYOLI_CONFIG_DIR=/c", `OPENCODE_AUTH_CONTENT={"openai":{"refresh":"rt-inherited"}}`, "OPENAI_ACCESS_TOKEN=outer",
		"KYOLI_ACCOUNTS={}", "KYOLI_PASSPHRASE=correct horse",
	}
	e := &childEnv{adapter: builtin(t, "openai"), extra: []string{"MINE={{.AccessToken}} {{.AccountID}} {{.Email}}", "HOME=/other"}}
	got, err := e.build(inherited, someAccount())
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	want := []string{
		"ANTHROPIC_API_KEY=sk-other-provider",
		"HOME=/other",
		"KYOLI_ACCESS_TOKEN=at-1",
		"KYOLI_ACCOUNT=0b7e4d3c-1111-4222-8333-444455556666",
		"KYOLI_ACCOUNT_LABEL=work",
		"KYOLI_CONFIG_DIR=/c",
		"KYOLI_EXPIRES_AT=2030-01-02T03:04:05Z",
		"KYOLI_PROVIDER=openai",
		"MINE=at-1 acct-1 w@example.com",
		"OPENAI_ACCESS_TOKEN=at-1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What is set is what --print-env says.
func TestNamesAreWhatIsSet(t *testing.T) {
	for _, id := range []string{"openai", "anthropic"} {
		for i := range 4 {
			opencode, rotates := i&1 != 0, i&2 != 0
			e := &childEnv{adapter: builtin(t, id), extra: []string{"MINE=x"}, opencode: opencode, rotates: rotates}
			if rotates {
				e.lane = someLane()
			} else if opencode {
				e.authContent = "{}"
			}
			got, err := e.build(nil, someAccount())
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, entry := range got {
				name, _, _ := strings.Cut(entry, "=")
				names = append(names, name)
			}
			if diff := cmp.Diff(names, e.names()); diff != "" || !slices.IsSorted(e.names()) {
				t.Errorf("%s, opencode %v, rotates %v: %s", id, opencode, rotates, diff)
			}
		}
	}
}

func TestNamesInTheEnvironmentAreHarmless(t *testing.T) {
	a := someAccount()
	a.Label = "a\nKYOLI_PROVIDER=evil\x1b[31m\x00\u202e"
	a.Email = "x\r\ny@example.com"
	got, err := (&childEnv{adapter: builtin(t, "openai"), extra: []string{"MAIL={{.Email}}"}}).build(nil, a)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range got {
		if strings.ContainsAny(entry, "\n\r\x1b\x00\u202e") {
			t.Errorf("%q", entry)
		}
	}
}

func TestUnnamedAccountHasALabel(t *testing.T) {
	a := someAccount()
	a.Label = ""
	a.ExpiresAt = 0
	got, err := (&childEnv{adapter: builtin(t, "openai")}).build(nil, a)
	if err != nil || !slices.Contains(got, "KYOLI_ACCOUNT_LABEL=w@example.com") || !slices.Contains(got, "KYOLI_EXPIRES_AT=") {
		t.Errorf("%q, %v", got, err)
	}
}

func TestUnusableTokenIsRefused(t *testing.T) {
	for _, token := range []store.Secret{"", "at\n1", "at\x001"} {
		a := someAccount()
		a.AccessToken = token
		_, err := (&childEnv{adapter: builtin(t, "openai")}).build(nil, a)
		if err == nil || exitCode(err) != exitLogin || strings.Contains(err.Error(), "at") && strings.Contains(err.Error(), token.Reveal()) && token != "" {
			t.Errorf("%q: got %v", token.Reveal(), err)
		}
	}
}
