package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kyoli-gam/kyoli/pkg/store"
)

func TestAccountsUsageOptions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args []string
		want accountsUsageOptions
	}{
		{nil, accountsUsageOptions{}},
		{[]string{"--refresh"}, accountsUsageOptions{Refresh: true}},
		{[]string{"work", "home"}, accountsUsageOptions{Accounts: []string{"work", "home"}}},
	} {
		var got *accountsUsageOptions
		err := parse(t, newAccountsUsageCmd(&Factory{}, func(_ context.Context, o *accountsUsageOptions) error { got = o; return nil }), tt.args...)
		if got != nil && len(got.Accounts) == 0 {
			got.Accounts = nil
		}
		if diff := cmp.Diff(&tt.want, got); err != nil || diff != "" {
			t.Errorf("%q: %v %s", tt.args, err, diff)
		}
	}
}

// A refresh on the way may give an account another uuid.
func TestNowCalled(t *testing.T) {
	t.Parallel()
	renamed := &store.Account{UUID: "new", CredentialOwnerID: "old"}
	accounts := &store.Accounts{List: []*store.Account{{UUID: "other"}, renamed}}
	for _, uuid := range []string{"new", "old"} {
		if got := nowCalled(accounts, uuid); got != renamed {
			t.Errorf("%s: %+v", uuid, got)
		}
	}
	if got := nowCalled(accounts, "gone"); got != nil {
		t.Errorf("gone: %+v", got)
	}
}

// A provider that cannot be asked is no failure of those that can, unless it is
// what was asked for.
func TestUsageOfAProviderThatCannotBeAsked(t *testing.T) {
	t.Parallel()
	w := newRefreshWorld(t)
	w.write("kyoli.yaml", fmt.Sprintf("adapters:\n  openai: {token_url: %[1]s/oauth/token, usage_url: %[1]s/usage}\n"+
		"  acme: {client_id: c, token_url: %[1]s/oauth/token}\n", w.server.URL))
	w.add("openai", "a", time.Hour)
	w.add("acme", "b", time.Hour)
	code, stdout, stderr := w.run("accounts", "usage", "--refresh")
	if code != exitOK || stderr != "acme is left out: its adapter has no usage_url\n" || strings.Count(stdout, "\n") != 2 {
		t.Errorf("exit %d, %q, %q", code, stdout, stderr)
	}
	for _, args := range [][]string{{"b"}, {"--provider", "acme"}} {
		code, _, stderr = w.run(append([]string{"accounts", "usage", "--refresh"}, args...)...)
		if code != exitLogin || !strings.Contains(stderr, "the adapter has no usage_url\nhint: kyoli providers show acme") {
			t.Errorf("%q: exit %d, %q", args, code, stderr)
		}
	}
}

// Anthropic's two endpoints are asked, and each tells its own part.
func TestUsageOfAnthropic(t *testing.T) {
	t.Parallel()
	w := newRefreshWorld(t)
	w.write("kyoli.yaml", fmt.Sprintf("adapters:\n  anthropic: {token_url: %[1]s/oauth/token, usage_url: %[1]s/usage, profile_url: %[1]s/profile}\n", w.server.URL))
	w.add("anthropic", "a", -time.Hour)
	w.provider.Use("id-a", 37, 100)
	code, stdout, stderr := w.run("accounts", "usage", "--refresh", "--json")
	var rows []accountRow
	if err := json.Unmarshal([]byte(stdout), &rows); err != nil || code != exitOK || stderr != "" || len(rows) != 1 {
		t.Fatalf("exit %d, %q, %q, %v", code, stdout, stderr, err)
	}
	got := rows[0]
	if got.Email != "a@example.com" || got.PlanTier != "free" || string(got.Status) != "rate-limited" ||
		got.Usage.FiveHour.Utilization != 37 || got.Usage.SevenDay.Utilization != 100 {
		t.Errorf("%s", stdout)
	}
}
